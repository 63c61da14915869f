import pytest

from core.calendar import session
from core.errors import RequestRefused
from core.types import Side
from simulator.exchange.orders import Status, TimeInForce
from simulator.exchange.positions import Cause
from simulator.market.benchmarks import INDEX
from tests.simulator.derivatives import (
    INDEX_CALL,
    JULY,
    THURSDAY,
    TradingDesk,
    combination,
    contracts,
    option,
)
from tests.simulator.tiny_market import (
    ACME,
    OPEN,
    TUESDAY,
    TinyMarket,
    split,
)

EXPIRED = session(THURSDAY).close


@pytest.mark.parametrize(
    ("strike", "right", "quantity", "shares", "cash"),
    [
        (100, "C", 2, 200, -20_000.0),  # at 102: exercised
        (105, "P", 2, -200, 21_000.0),
        (100, "C", -2, -200, 20_000.0),  # assigned
        (105, "P", -2, 200, -21_000.0),
        (105, "C", 2, 0, 0.0),  # out of the money: worthless
        (100, "P", -2, 0, 0.0),
    ],
)
def test_at_expiration_options_become_shares_or_nothing(
    desk, strike, right, quantity, shares, cash
):
    one = option(strike, right, THURSDAY)
    desk.trade(contracts(one, abs(quantity), Side.BUY if quantity > 0 else Side.SELL))
    before = desk.exchange.cash
    desk.broker.advance_to(EXPIRED)
    assert desk.held() == ({ACME: shares} if shares else {})
    assert desk.exchange.cash - before == pytest.approx(cash)
    assert desk.equity() == pytest.approx(before + cash + shares * 102.0)


def test_what_an_exercised_option_cost_is_part_of_what_the_shares_cost(desk):
    call = option(100, "C", THURSDAY)
    desk.trade(contracts(call, 1))
    premium = desk.exchange.holdings[call].average_cost
    desk.broker.advance_to(EXPIRED)
    assert desk.exchange.holdings[ACME].average_cost == pytest.approx(100.0 + premium / 100)
    causes = [one.cause for one in desk.exchange.positions.settlements]
    assert causes == [Cause.EXERCISED, Cause.EXERCISED]
    assert [one.realized for one in desk.exchange.positions.settlements] == [None, None]


def test_a_covered_call_that_is_assigned_delivers_the_shares_and_realizes_the_gain(desk):
    desk.trade(combination({ACME: 100, option(100, "C", THURSDAY): -1}))
    cost = desk.exchange.holdings[ACME].average_cost
    premium = desk.exchange.holdings[option(100, "C", THURSDAY)].average_cost
    desk.broker.advance_to(EXPIRED)
    assert desk.held() == {}
    realized = desk.exchange.positions.realized_since(OPEN)
    assert realized[ACME] == pytest.approx(100 * (100.0 - cost) + premium)


def test_an_option_that_expires_worthless_realizes_its_premium(desk):
    put = option(100, "P", THURSDAY)
    desk.trade(contracts(put, 1, Side.SELL))
    premium = desk.exchange.holdings[put].average_cost
    desk.broker.advance_to(EXPIRED)
    (settled,) = desk.exchange.positions.settlements
    assert (settled.cause, settled.realized) == (Cause.EXPIRED, pytest.approx(premium))


def test_options_on_an_index_are_settled_in_cash(desk):
    desk.trade(contracts(INDEX_CALL, 1))
    before = desk.exchange.cash
    desk.broker.advance_to(EXPIRED)
    level = desk.exchange.view.mark(INDEX, EXPIRED)
    assert desk.held() == {}
    assert desk.exchange.cash - before == pytest.approx(100 * max(level - 1_000.0, 0.0))


def test_orders_for_what_has_expired_are_cancelled_and_refused(desk):
    call = option(100, "C", THURSDAY)
    desk.trade(contracts(call, limit=0.01, tif=TimeInForce.GTC))
    desk.trade(combination({option(105, "C", THURSDAY): 1, option(110, "C", JULY): -1}, limit=-9.0))
    desk.broker.advance_to(EXPIRED)
    assert [desk.broker.find(7, n).status for n in (1, 2)] == [Status.CANCELLED] * 2
    with pytest.raises(RequestRefused, match="trades no more"):
        desk.trade(contracts(call))


def test_a_split_leaves_contracts_alone_and_lets_them_deliver_more(tmp_path):
    cheaper = {
        (ACME, day): (25.0, 26.0, 24.0, 25.5, 20_000_000)
        for day in (TUESDAY, TUESDAY.replace(day=17), THURSDAY)
    }
    market = TinyMarket(cheaper, splits={ACME: [split(4.0)]})
    desk = TradingDesk(tmp_path, market=market)
    call = option(100, "C", THURSDAY, market=market)
    desk.trade(contracts(call, 1))
    before = desk.equity()
    desk.broker.advance_to(session(TUESDAY).decision_time)
    assert desk.held() == {call: 1}
    assert abs(desk.equity() - before) < 300  # a day of an option, not a tenth of a house
    desk.broker.advance_to(EXPIRED)
    assert desk.held() == {ACME: 400}
    assert desk.exchange.holdings[ACME].average_cost > 25.0
    desk.broker.close()
