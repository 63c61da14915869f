"""One holding that is odd costs itself, never the account."""

import math

import pytest

from ibkr.account.portfolio import Portfolio
from tests.ibkr.account_messages import held, page, positions, valued
from tests.ibkr.fake_gateway import ACCOUNT, POSITIONS, STOCK, UNSET

DEAD = (7, "GONE", *STOCK[2:])
PAIR = (12087792, "EUR", "CASH", "", "0", "", "", "IDEALPRO", "USD", "EUR.USD", "EUR.USD")


def taken(connected, listed, shown):
    """Return the snapshot of an account whose two lists are these."""
    _, connection = connected({POSITIONS: positions(*listed), ACCOUNT: page(*shown)})
    return Portfolio(connection).snapshot()


# A price that is none must not stop an account (polakowo/vectorbt #83, jmfernandes/robin_stocks
# #554, scrtlabs/catalyst #530).
@pytest.mark.parametrize("price", [float("nan"), UNSET])
def test_a_position_that_the_broker_does_not_value_costs_its_value_and_no_other(connected, price):
    silent = [*valued(DEAD)[:-6], price, price, UNSET, 0, 0, "DU1"]
    snapshot = taken(connected, [held(DEAD, cost=UNSET), held()], [silent, valued()])
    sound, odd = snapshot.positions
    assert (odd.con_id, odd.quantity) == (7, 100.0)
    assert odd.unstated == ("average cost", "market price", "market value")
    assert (sound.unstated, sound.market_value) == ((), 10_000.0)
    assert [position.symbol for position in snapshot.stocks.positions] == ["AAPL"]
    assert math.isnan(snapshot.at_stake[7])


def test_a_holding_of_price_zero_is_worth_nothing_and_no_part_of_the_portfolio(connected):
    # After a write-off its average cost is 0 too; an option that expires soon looks the same
    # (KonvexInvestment/ibkr-steuer #22).
    snapshot = taken(connected, [held(DEAD, cost=0.0)], [valued(DEAD, price=0.0)])
    assert snapshot.positions[0].unstated == ()
    assert (snapshot.stocks.positions, snapshot.at_stake) == ((), {7: 0.0})


# Converting currency leaves a "virtual" position (FueledByChai/SumZeroTrading #1), and IBKR itself
# converts odd amounts ("AFx", -2.2 euros: portfolio-performance/portfolio #4831).
@pytest.mark.parametrize("quantity", [20_000, -2.2])
def test_a_currency_pair_that_only_the_list_of_positions_shows_is_no_disagreement(
    connected, quantity
):
    snapshot = taken(connected, [held(PAIR, quantity), held()], [valued()])
    assert [position.symbol for position in snapshot.positions] == ["AAPL"]
    assert [(p.symbol, p.quantity) for p in snapshot.currency_pairs] == [("EUR.USD", quantity)]


def test_a_currency_pair_on_the_account_page_too_is_not_counted_beside_the_cash(connected):
    snapshot = taken(connected, [held(PAIR, -25_000)], [valued(PAIR, -24_000, price=1.1)])
    assert (snapshot.positions, snapshot.at_stake) == ((), {})


def test_positions_of_another_account_and_those_of_minus_zero_are_not_held(connected):
    snapshot = taken(
        connected,
        [held(DEAD, -0.0), held(DEAD, account="DU2"), held()],
        [valued(DEAD, -0.0), valued()],
    )
    assert snapshot.held == {STOCK[0]: 100.0}


def test_a_fraction_is_held_as_the_broker_states_it(connected):
    snapshot = taken(connected, [held(quantity=10.5)], [valued(quantity=10.5)])
    (position,) = snapshot.positions
    assert (position.quantity, position.fraction, position.market_value) == (10.5, 0.5, 1050.0)
