"""One odd holding costs that holding, never the day: an account with all oddities at once."""

import json

import pytest

from core.settings import SimulatorSettings
from core.tables import TARGETS, UNIVERSE
from simulator.process import start
from simulator.untidy.holdings import STATED
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.ingest.universe import universe
from tasks.record.journal import journal
from tasks.trade.submit import submit
from tests.flows.days.days import DAY, run, settings_at, ticket_of

ODDITIES = (
    "fractions,short-holding,spin-off,foreign-listing,dead-holdings,currency-pair,odd-instruments,"
    "second-account,minus-zero"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    state = tmp_path_factory.mktemp("odd")
    with start(SimulatorSettings(symbols=15, untidy=ODDITIES), day=DAY, state=state) as process:
        yield process


@pytest.fixture(scope="module")
def odd_day(world, tmp_path_factory):
    """The day of the odd account, over the socket; its orders are sent."""
    return run(settings_at(world, tmp_path_factory.mktemp("odd-day") / "home", submit="auto"))


def page_of(outcome):
    return (outcome.day.paths.home / outcome.records[journal].artefacts["page"].path).read_text()


def checks_of(outcome):
    return {check.name: check for check in outcome.records[risk_gate].result.checks}


def test_the_day_of_an_odd_account_ends_and_proposes_orders_for_the_rest(odd_day):
    assert odd_day.exit_code == 0
    lines = ticket_of(odd_day)["lines"]
    assert lines
    # The desk judges again before it sends, beside the same odd holdings.
    assert len(odd_day.records[submit].result.states) == len(lines)
    unmeasured = checks_of(odd_day)["unmeasured holdings"]
    assert 0.0 < unmeasured.value < 0.02


def test_each_frozen_holding_is_named_with_a_reason_and_a_remedy_everywhere(odd_day, world):
    ticket, page, message = ticket_of(odd_day), page_of(odd_day), str(world.messages()[-1])
    frozen = {one["symbol"]: one for one in ticket["frozen"]}
    stated = {
        "DEADQ",
        "PENNQ",
        "HALTQ",
        "EUR.USD",
        "GBP.USD",
        "US-T",
        "SPINW",
        "VFIAX",
        "BTC",
        "MES",
        "SPY",
    }
    assert stated <= frozen.keys()
    assert {"ELSE", "ZEROE"}.isdisjoint(frozen)
    assert "values it at 0" in frozen["DEADQ"]["why"]
    assert "no contract" in frozen["PENNQ"]["why"]
    assert frozen["US-T"]["why"].startswith("a bond")
    assert all(one["why"] and one["remedy"] for one in frozen.values())
    young = [one for one in frozen.values() if "60" in one["why"]]
    assert [one["quantity"] for one in young] == [20.0]
    parts = [one for one in ticket["frozen"] if one["quantity"] == 0.5]
    assert "10 of 10.5 shares" in parts[0]["why"]
    assert all(symbol in page for symbol in frozen)
    stage = odd_day.records[risk_gate].notes
    assert f"{len(ticket['frozen'])} holdings frozen" in stage
    assert f"{len(ticket['frozen'])} holdings frozen" in message


def test_two_listings_of_one_symbol_are_two_names_all_day_long(odd_day):
    table = odd_day.day.read(odd_day.records[universe].artefacts["universe"], UNIVERSE)
    (foreign,) = table[table["currency"] == "GBP"].to_dict("records")
    symbol, _, listing = foreign["symbol"].partition("@")
    assert listing == "LSE:GBP"
    assert symbol in set(table["symbol"])
    targets = odd_day.day.read(odd_day.records[overlay].artefacts["targets"], TARGETS)
    assert targets["symbol"].is_unique
    assert {symbol, foreign["symbol"]} <= set(targets["symbol"])


def test_whole_shares_trade_around_a_fraction(odd_day):
    result = odd_day.records[risk_gate].result
    assert all(order.quantity == int(order.quantity) for order in result.orders)
    record = json.loads((odd_day.day.paths.home / "data/sim/positions" / f"{DAY}.json").read_text())
    (held,) = (p for p in record["positions"].values() if p["quantity"] == 10.5)
    moved = [order for order in result.orders if order.con_id == held["con_id"]]
    traded = sum(order.side.sign * order.quantity for order in moved)
    assert result.quantities[held["con_id"]] == 10 + traded


def test_no_order_is_for_anything_that_cannot_be_traded(odd_day):
    odd = {one.instrument.con_id for some in STATED.values() for one in some}
    assert not odd & {line["order"]["con_id"] for line in ticket_of(odd_day)["lines"]}


def test_a_holding_whose_value_is_not_stated_makes_the_day_a_recommendation(tmp_path):
    with start(
        SimulatorSettings(symbols=15, untidy="unpriced-holding"), day=DAY, state=tmp_path / "state"
    ) as process:
        outcome = run(settings_at(process, tmp_path / "home"))
    assert outcome.exit_code == 3
    assert "NOPRC of unknown value" in checks_of(outcome)["unmeasured holdings"].detail
    assert "NOPRC" in page_of(outcome)


@pytest.fixture(scope="module")
def listed_day(world, tmp_path_factory, odd_day):
    """A day on a watch-list that names its instruments in every way there is."""
    table = odd_day.day.read(odd_day.records[universe].artefacts["universe"], UNIVERSE)
    members = table[table["origin"] == "constituent"]
    foreign = table[table["currency"] == "GBP"]["symbol"].iloc[0]
    first, second = members.iloc[0], members.iloc[1]
    entries = (first["symbol"], str(first["con_id"]), str(second["con_id"]), foreign)
    settings = settings_at(
        world, tmp_path_factory.mktemp("listed") / "home",
        universe={"watchlist": entries, "include_holdings": False, "include_movers": False},
    )  # fmt: skip
    return entries, members, run(settings)


def test_a_watch_list_names_each_instrument_once_in_whatever_way_it_asks(listed_day):
    entries, members, outcome = listed_day
    table = outcome.day.read(outcome.records[universe].artefacts["universe"], UNIVERSE)
    assert {members["con_id"].iloc[0], members["con_id"].iloc[1]} <= set(table["con_id"])
    # Alone of its symbol, the foreign listing needs no longer name.
    assert entries[3].partition("@")[0] in set(table["symbol"])
    assert table["con_id"].is_unique
    assert len(table) == 3
    assert outcome.exit_code in {0, 3}
