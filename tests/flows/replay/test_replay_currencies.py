"""A replay keeps its account in any base currency the world has a rate of."""

import json

import pytest

from core.calendar import session
from core.errors import ConfigurationError
from desk.tickets.order_ticket import TicketStatus, read_ticket
from flows.replay.results import tear_sheet
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView
from tests.flows.replay.replays import FIRST, SESSIONS, replayed, settings_at

LOT = 100  # shares
BASE = "HUF"


@pytest.fixture(scope="module")
def in_forints(whole, tmp_path_factory):
    """Two sessions in an account of a million dollars' worth."""
    view = MarketView(whole.source.market)
    cash = round(1e6 / rate(view, BASE, session(FIRST).decision_time), 2)
    world = {"symbols": 30, "base_currency": BASE, "cash": cash}
    home = tmp_path_factory.mktemp("forints")
    return replayed(home, last=SESSIONS[1], settings=settings_at(home, simulator=world))


def records(done):
    return [done.home.get(day) for day in done.sessions]


def signed_orders(done, day):
    ticket = read_ticket(done.home.ticket(day).read_bytes())
    return {order.con_id: order.side.sign * order.quantity for order in ticket.orders}


def test_a_replay_in_another_currency_trades_what_the_dollar_account_does(whole, in_forints):
    own, plain = signed_orders(in_forints, FIRST), signed_orders(whole, FIRST)
    assert {each.verdict for each in records(in_forints)} == {TicketStatus.PROPOSED.value}
    apart = {name: own.get(name, 0) - plain.get(name, 0) for name in {*own, *plain}}
    assert {name: lots for name, lots in apart.items() if abs(lots) > LOT} == {}


def test_ledger_worth_and_costs_of_a_replay_are_in_its_base_currency(whole, in_forints):
    mine, plain = records(in_forints)[0], records(whole)[0]
    view = MarketView(whole.source.market, base=BASE)
    dollar = rate(view, "USD", session(FIRST).close)
    settled = mine.settlement
    assert settled.traded == pytest.approx(plain.settlement.traded * dollar, rel=0.05)
    assert settled.commissions == pytest.approx(plain.settlement.commissions * dollar, rel=0.1)
    # What was bought in dollars is owed in dollars; of the forints only commissions are gone.
    assert {*settled.account.balances} == {"USD"}
    start = in_forints.source.settings.cash
    assert start - settled.account.cash == pytest.approx(settled.commissions)
    assert records(in_forints)[1].net_asset_value == pytest.approx(settled.equity, rel=0.01)
    assert tear_sheet(in_forints, records(in_forints)).currency == BASE


def test_the_record_of_a_session_names_other_balances_only_where_there_are_some(whole, in_forints):
    def account(done):
        path = done.home.folder / "days" / f"{FIRST.isoformat()}.json"
        return json.loads(path.read_bytes())["settlement"]["account"]

    assert {*account(whole)} == {"cash", "holdings"}
    assert {*account(in_forints)} == {"cash", "holdings", "balances"}


def test_a_base_currency_without_a_rate_is_refused_before_anything_is_done(tmp_path):
    world = {"symbols": 30, "base_currency": "XAU"}
    with pytest.raises(ConfigurationError, match=r"simulator\.base_currency XAU: no exchange rate"):
        replayed(tmp_path, settings=settings_at(tmp_path, simulator=world))
    assert not (tmp_path / "data").exists()
