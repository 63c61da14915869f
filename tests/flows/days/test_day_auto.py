"""Orders that are sent: over the wire, at most once."""

import json
import shutil

import pytest

from core.settings import SimulatorSettings
from core.tables import FILLS, TARGETS, read_table
from simulator.process import start
from tasks.decide.overlay import overlay
from tasks.decide.snapshot import snapshot
from tasks.ingest.features import features
from tasks.trade.fills import fills as fills_stage
from tasks.trade.submit import submit
from tests.flows.conftest import THIRTY
from tests.flows.days.days import (
    DAY,
    NEXT_DAY,
    decided,
    orders_placed,
    paths_of,
    resumed,
    run,
    settings_at,
    settings_for,
    ticket_of,
)


def auto(home, **sections):
    return settings_for(
        home, **{"submit": "auto", "universe": {"history": "2 Y"}, **THIRTY, **sections}
    )


@pytest.fixture
def after_trading(traded_day, tmp_path):
    """A copy of the home of a day whose orders were sent."""
    home = tmp_path / "home"
    shutil.copytree(traded_day[0], home)
    return home


def filled(outcome):
    """Return shares by symbol, as the day's fills add up."""
    store = outcome.day.store
    fills = read_table(store, outcome.records[fills_stage].artefacts["fills"], FILLS)
    signed = fills["quantity"].where(fills["side"] == "BUY", -fills["quantity"])
    return signed.groupby(fills["symbol"]).sum().to_dict()


def targets_of(outcome):
    artefact = outcome.records[overlay].artefacts["targets"]
    return read_table(outcome.day.store, artefact, TARGETS)


def held(outcome, stage=snapshot, name="positions"):
    artefact = outcome.records[stage].artefacts[name]
    record = json.loads((outcome.day.paths.home / artefact.path).read_bytes())
    return {symbol: position["quantity"] for symbol, position in record["positions"].items()}


def test_auto_sends_every_order_of_the_ticket_once_and_gets_fills_and_commissions(traded_day):
    home, outcome = traded_day
    lines = ticket_of(outcome)["lines"]
    assert outcome.exit_code == 0
    assert outcome.records[submit].result.sent == len(lines) > 10
    placed = [order["terms"]["order_ref"] for order in orders_placed(home)]
    assert sorted(placed) == sorted(line["order"]["order_ref"] for line in lines)
    states = outcome.records[fills_stage].result.states
    assert {state.status for state in states} <= {"filled", "working"}
    assert sum(state.filled for state in states) > 0
    fills = read_table(outcome.day.store, outcome.records[fills_stage].artefacts["fills"], FILLS)
    assert fills["commission"].notna().all()
    assert fills.groupby("order_ref")["commission"].sum().gt(0.0).all()  # the minimum is per order


def test_the_positions_after_a_day_are_what_its_fills_add_up_to(traded_day):
    _, outcome = traded_day
    assert held(outcome, fills_stage, "positions_after") == filled(outcome)


def test_the_next_sessions_snapshot_holds_the_new_positions(traded_day, after_trading):
    following = run(auto(after_trading, submit="propose"), NEXT_DAY)
    # What was still working at the close is cancelled then; what filled is held.
    assert held(following).items() >= filled(traded_day[1]).items()
    table = targets_of(following)
    moved_from = set(table.loc[table["weight_before"] != 0.0, "symbol"])
    assert moved_from == set(held(following))  # the optimiser starts from what is held


def assert_sent_nothing(outcome, traded_day, before):
    assert outcome.records[submit].result.sent == 0
    assert orders_placed(outcome.day.paths.home) == before
    known = {state.order_ref for state in outcome.records[submit].result.states}
    assert known == {line["order"]["order_ref"] for line in ticket_of(traded_day[1])["lines"]}


def test_running_the_same_session_again_sends_nothing(traded_day, after_trading):
    before = orders_placed(after_trading)
    assert_sent_nothing(run(auto(after_trading)), traded_day, before)


def test_running_it_again_with_every_stage_fresh_decides_the_same_and_sends_nothing(
    traded_day, after_trading
):
    before = orders_placed(after_trading)
    outcome = run(auto(after_trading), fresh=True)
    assert resumed(outcome) == set()
    assert decided(after_trading) == decided(traded_day[0])
    assert_sent_nothing(outcome, traded_day, before)


def test_running_it_again_with_other_limits_makes_another_ticket_and_sends_nothing(
    traded_day, after_trading
):
    before = orders_placed(after_trading)
    outcome = run(auto(after_trading, limits={"max_single": 0.01}))
    assert ticket_of(outcome)["run_key"] != ticket_of(traded_day[1])["run_key"]
    assert ticket_of(outcome)["lines"] != ticket_of(traded_day[1])["lines"]
    # The orders that still work are larger than the new limit allows: they count with the batch.
    assert "largest single" in {c["name"] for c in ticket_of(outcome)["failed_checks"]}
    assert submit not in outcome.records
    assert orders_placed(after_trading) == before


def test_a_day_that_was_only_proposed_is_sent_by_a_later_auto_from_the_same_stages(traded_day):
    # The fixture ran the day twice: proposed by the command, then with the orders sent.
    home, outcome = traded_day
    assert {"universe", "market", "features", "signals", "optimise"} <= resumed(outcome)
    assert paths_of(home).ticket(DAY).exists()
    assert not list(paths_of(home).reports.glob("*.r2.json"))


def test_a_held_name_without_bars_is_kept_and_too_much_of_it_stops_the_sending(
    traded_day, tmp_path
):
    (name, shares), *_ = sorted(filled(traded_day[1]).items())
    state = tmp_path / "state"
    shutil.copytree(paths_of(traded_day[0]).world, state)
    world = SimulatorSettings(**THIRTY["simulator"])
    with start(world, day=NEXT_DAY, state=state) as process:
        before = process.state()["orders"]
        process.fault("nan_bars", symbol=name)
        strict = {"submit": "auto", "limits": {"max_unmeasured": 0.001}}
        outcome = run(settings_at(process, tmp_path / "home", **strict), NEXT_DAY)
        assert process.state()["orders"] == before
    assert name in outcome.records[features].result.dropped
    assert held(outcome)[name] == shares
    row = targets_of(outcome).set_index("symbol").loc[name]
    assert row["weight"] == row["weight_before"] != 0.0
    assert name not in {line["order"]["symbol"] for line in ticket_of(outcome)["lines"]}
    (failed,) = ticket_of(outcome)["failed_checks"]
    assert failed["name"] == "unmeasured holdings"
    assert failed["detail"].startswith(name)
    assert failed["value"] == pytest.approx(abs(row["weight"]), rel=0.01)
    assert outcome.exit_code == 3
