"""Limit prices on the increments that their market has at that price.

Shares whose smallest increment is not the one of their price are refused with error 110:
stoqey/ib #230 (Sydney), pst-group/pysystemtrade #1196, ib-api-reloaded/ib_async #55,
nautechsystems/nautilus_trader #1026, ajhpark/ib_nope #25, and below a dollar
alpacahq/alpaca-trade-api-csharp #497.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Increment, Increments, Side
from core.types.trading_terms import whole_lot
from risk.limit_price import kept_within, marketable_limit


def rule(*steps):
    return Increments.of(Increment(low, step) for low, step in steps)


SYDNEY = rule((0.0, 0.001), (0.1, 0.005), (2.0, 0.01))
TOKYO = rule((0.0, 0.1), (1000.0, 0.5), (3000.0, 1.0), (10_000.0, 5.0))
XETRA = rule((0.0, 0.0001), (1.0, 0.001), (10.0, 0.005), (50.0, 0.02), (100.0, 0.05))
NEW_YORK = rule((0.0, 0.0001), (1.0, 0.01))
MARKETS = [SYDNEY, TOKYO, XETRA, NEW_YORK]


@pytest.mark.parametrize(
    ("reference", "market", "sold_at", "bought_at"),
    [
        (123.47, XETRA, 122.2, 124.75),
        (2.345, SYDNEY, 2.32, 2.37),
        (3151.0, TOKYO, 3119.0, 3183.0),
        (0.5, NEW_YORK, 0.495, 0.505),  # in cents it would be 0.49 and 0.51
        (0.995, NEW_YORK, 0.985, 1.01),  # 1.00495 is above the edge: in cents
        (50.2, XETRA, 49.695, 50.72),
    ],
)
def test_a_limit_is_on_the_increment_of_its_own_price(reference, market, sold_at, bought_at):
    # The first three were on the grid of the smallest increment, and refused.
    for side, wanted in ((Side.SELL, sold_at), (Side.BUY, bought_at)):
        limit = marketable_limit(reference, side=side, offset=0.01, increments=market)
        assert limit == wanted
        assert market.allow(limit)


@given(
    st.sampled_from(MARKETS),
    st.integers(1, 2_000_000),
    st.integers(0, 90),
    st.sampled_from(list(Side)),
)
def test_a_limit_is_allowed_and_less_than_one_increment_from_what_was_meant(
    market, tenths_of_cents, percent, side
):
    reference, offset = tenths_of_cents / 1000, percent / 100
    meant = Decimal(repr(reference)) * (1 + side.sign * Decimal(repr(offset)))
    limit = marketable_limit(reference, side=side, offset=offset, increments=market)
    assert market.allow(limit)
    away = (Decimal(repr(limit)) - meant) * side.sign
    widest = max(Decimal(repr(market.at(price).increment)) for price in (limit, float(meant)))
    if limit > market.steps[0].increment:
        assert 0 <= away < widest


@given(st.sampled_from(MARKETS), st.integers(100, 2_000_000), st.sampled_from(list(Side)))
def test_nobody_pays_more_or_gets_less_than_the_limit_they_named(market, tenths_of_cents, side):
    named = tenths_of_cents / 1000
    limit = kept_within(named, side=side, increments=market)
    assert market.allow(limit)
    if limit > market.steps[0].increment:
        assert limit <= named if side is Side.BUY else limit >= named


@pytest.mark.parametrize("market", MARKETS[:3])
@pytest.mark.parametrize("price", [0.11, 2.345, 12.34, 123.47, 999.9, 3151.0, 12_345.0])
def test_where_no_rule_is_known_a_limit_is_on_a_multiple_of_the_likely_increment(market, price):
    guess = Increments.guessed(market.steps[0].increment)
    limit = marketable_limit(price, side=Side.BUY, offset=0.01, increments=guess)
    assert price * 1.01 <= limit <= price * 1.01 * 1.011 + market.steps[0].increment
    if market.at(limit).increment <= limit / 1000:
        assert market.allow(limit)


@pytest.mark.parametrize(
    ("step", "fewest", "lot"),
    [(1, 1, None), (0.0001, 0.0001, None), (100, 100, 100), (1, 100, 100), (100, 250, 300),
     (None, None, None), (float("inf"), float("nan"), None)],
)  # fmt: skip
def test_a_lot_is_a_size_that_the_exchange_takes(step, fewest, lot):
    assert whole_lot(step, fewest) == lot
