"""Whole days in accounts of other currencies trade what the dollar account of that worth does."""

from functools import cache

import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.market.scenarios import open_market
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView
from simulator.process import start
from tests.fixtures.tiers import every
from tests.flows.days.days import DAY, run, settings_at, ticket_of

WORTH = 1_000_000.0  # dollars
LOT = 100  # shares
SENT = "RON"  # the day of this account sends its orders, the others only propose them


@cache
def dollars_for_one(base):
    view = MarketView(open_market(SimulatorSettings(symbols=12)))
    return rate(view, base, session(DAY).decision_time)


@pytest.fixture(scope="module", params=every(4, ["RON", "EUR", "JPY", "GBP"]))
def day(request, tmp_path_factory):
    """A day of the small world in an account of a million dollars' worth, and its currency."""
    base, folder = request.param, tmp_path_factory.mktemp(request.param)
    simulated = SimulatorSettings(
        symbols=12, base_currency=base, cash=round(WORTH / dollars_for_one(base), 2)
    )
    submit = "auto" if base == SENT else "propose"
    with start(simulated, day=DAY, state=folder / "state") as process:
        outcome = run(settings_at(process, folder / "home", submit=submit))
        yield base, outcome, process.state()["orders"]["accepted"]


def orders_of(outcome):
    return {
        line["order"]["con_id"]: line["order"]["quantity"]
        * (1 if line["order"]["side"] == "BUY" else -1)
        for line in ticket_of(outcome)["lines"]
    }


def weight_of(outcome):
    return sum(line["weight_after"] for line in ticket_of(outcome)["lines"])


def test_a_day_in_another_currency_passes_the_gate_with_the_orders_of_the_dollar_account(
    day, undisturbed
):
    base, outcome, _ = day
    ticket = ticket_of(outcome)
    assert (ticket["status"], ticket["failed_checks"]) == ("proposed", [])
    found, plain = orders_of(outcome), orders_of(undisturbed)
    apart = {name: found.get(name, 0) - plain.get(name, 0) for name in {*found, *plain}}
    assert {name: lots for name, lots in apart.items() if abs(lots) > LOT} == {}
    assert weight_of(outcome) == pytest.approx(weight_of(undisturbed), rel=0.02)
    worth = ticket["net_asset_value"] * dollars_for_one(base)
    assert worth == pytest.approx(WORTH, rel=1e-4)


def test_what_was_decided_in_another_currency_passes_the_desk_and_leaves(day):
    base, outcome, sent = day
    assert sent == (len(ticket_of(outcome)["lines"]) if base == SENT else 0)
