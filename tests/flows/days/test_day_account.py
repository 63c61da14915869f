"""The day's gate knows the account: what it was worth, the kill switch, orders by hand."""

import asyncio
import json
import shutil
from datetime import UTC, datetime

import pytest
from ib_async import IB

from core.settings import SimulatorSettings
from desk import kill_switch
from desk.records.store import DeskStore
from simulator.process import start
from tasks.decide.risk_gate import risk_gate
from tasks.trade.submit import submit
from tests.flows.days.days import DAY, paths_of, run, settings_at, ticket_of
from tests.simulator.gateway_harness import buy, stock

MORNING = datetime(2026, 6, 12, 11, tzinfo=UTC)


def failed(outcome):
    return {check["name"] for check in ticket_of(outcome)["failed_checks"]}


def check_of(outcome, name):
    (found,) = (c for c in outcome.records[risk_gate].result.checks if c.name == name)
    return found


def a_record(home, worth, account):
    path = paths_of(home).record("positions", MORNING.date())
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"account": account, "as_of": MORNING.isoformat(), "net_asset_value": worth}
    path.write_text(json.dumps(record))
    return path


def test_a_first_day_passes_without_a_history(undisturbed):
    assert undisturbed.exit_code == 0
    assert check_of(undisturbed, "daily loss").detail == "no history yet"


@pytest.fixture
def home(undisturbed, tmp_path):
    """A copy of the undisturbed day's home, where its first stages need not run again."""
    shutil.copytree(undisturbed.day.paths.home, tmp_path / "home")
    return tmp_path / "home"


def test_a_day_after_a_large_loss_is_a_recommendation_only(small, home):
    a_record(home, 2e6, small.account)
    outcome = run(settings_at(small, home, submit="auto"))
    assert outcome.exit_code == 3
    assert failed(outcome) == {"daily loss", "drawdown"}
    assert check_of(outcome, "daily loss").value == pytest.approx(0.5, abs=0.01)
    assert submit not in outcome.records


def test_a_record_that_cannot_be_read_is_no_first_day(small, home):
    a_record(home, 1e6, small.account).write_text("{")
    outcome = run(settings_at(small, home, submit="auto"))
    assert failed(outcome) == {"account history", "daily loss", "drawdown", "losing days"}


def test_a_stopped_desk_makes_a_day_a_recommendation_only(small, home):
    with DeskStore.of(paths_of(home)) as store:
        kill_switch.stop(store, by="ana", reason="odd prices", now=MORNING)
    outcome = run(settings_at(small, home, submit="auto"))
    assert failed(outcome) == {"kill switch"}


async def by_hand(port, symbol, quantity):
    """Place an order as a person does in TWS."""
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=0, raiseSyncErrors=True)
    ib.placeOrder(stock(symbol), buy(quantity))
    await ib.reqAllOpenOrdersAsync()  # answered after the order was
    ib.disconnect()


@pytest.mark.slow
def test_an_order_by_hand_counts_in_the_days_gate(undisturbed, tmp_path):
    line = max(ticket_of(undisturbed)["lines"], key=lambda one: one["weight_after"])
    order = line["order"]
    with start(SimulatorSettings(symbols=12), day=DAY, state=tmp_path / "world") as world:
        quantity = int(0.11 * 1e6 / line["reference_price"])
        asyncio.run(asyncio.wait_for(by_hand(world.tws_port, order["symbol"], quantity), 20))
        outcome = run(settings_at(world, tmp_path / "home", submit="auto"))
        assert outcome.exit_code == 3
        assert "largest single" in failed(outcome)
        assert world.state()["orders"]["working"] == 1
    listed = check_of(outcome, "open orders of others")
    assert listed.detail == f"in names of this batch: {order['symbol']}"
