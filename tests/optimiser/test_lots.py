"""Weights become whole shares in round lots and stay inside every limit."""

import math
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.money import Price, Rates
from optimiser.lots.lot_sizes import Listing, round_lot
from optimiser.lots.share_portfolio import PortfolioLimits
from optimiser.lots.whole_lots import Sizing, target_quantities

NAV = 1_000_000.0
LIMITS = {f.name for f in fields(PortfolioLimits)}


def lots(weights, prices, current=None, *, frozen=(), **changes):
    """Round these weights; a price that is a number is in dollars."""
    terms = {
        "net_asset_value": NAV,
        "no_trade_band": 0.002,
        "max_single": 0.12,
        "max_gross": 1.2,
        "cash_buffer": 0.05,
        **changes,
    }
    return target_quantities(
        weights,
        listings={
            i: p if isinstance(p, Listing) else Listing(Price(p, "USD")) for i, p in prices.items()
        },
        current=current or {},
        sizing=Sizing(
            rates=Rates("USD"), **{name: v for name, v in terms.items() if name not in LIMITS}
        ),
        limits=PortfolioLimits(**{name: v for name, v in terms.items() if name in LIMITS}),
        frozen=frozen,
    )


@pytest.mark.parametrize(
    ("price", "lot"),
    [
        (0.5, 100),
        (250.0, 100),
        (250.01, 40),
        (1000.0, 40),
        (1000.01, 10),
        (10_000.0, 10),
        (10_000.01, 1),
        (700_000.0, 1),
    ],
)
def test_the_round_lot_follows_the_price_tiers(price, lot):
    assert round_lot(price) == lot


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0])
def test_what_is_no_price_has_no_lot(price):
    with pytest.raises(DataError, match="no round lot"):
        round_lot(price)


def test_a_worked_example():
    # 80,000 / 95 = 842.1 -> 800, remainder 0.42; 60,000 / 300 = 200 = 5 lots of 40;
    # 50,000 / 70 = 714.3 -> 700, remainder 0.14; -40,000 / 48 = -833.3 -> -800, remainder 0.33.
    # Long total wanted 0.19, reached 0.185: 0.005 missing, a lot of 95 is worth 0.0095, half of
    # it is less than what is missing, so it is added. Short: 0.0016 missing of a lot of 0.0048.
    result = lots({1: 0.08, 2: 0.06, 3: 0.05, 4: -0.04}, {1: 95.0, 2: 300.0, 3: 70.0, 4: 48.0})
    assert result.quantities == {1: 900, 2: 200, 3: 700, 4: -800}
    assert result.weights == pytest.approx({1: 0.0855, 2: 0.06, 3: 0.049, 4: -0.0384})
    assert result.skipped == {}


def test_a_lot_is_not_added_beyond_the_single_limit():
    # 0.119 of 1,000,000 at 100 is 1,190 shares: 1,200 would be 0.12 exactly, 1,300 too much.
    assert lots({1: 0.119}, {1: 100.0}).quantities == {1: 1200}
    assert lots({1: 0.119}, {1: 100.0}, max_single=0.119).quantities == {1: 1100}


def test_exactly_the_limit_is_allowed_whatever_the_last_bit_says():
    result = lots({1: 0.12}, {1: 0.3}, net_asset_value=1_000_000.3)
    assert result.quantities[1] >= 399_900


def test_trades_are_round_lots_even_when_the_position_is_not():
    # 463 shares are missing: 5 lots come nearer than 4.
    result = lots({1: 0.05}, {1: 100.0}, {1: 37})
    assert result.quantities == {1: 537}


def test_a_full_exit_sells_the_odd_lot_too():
    result = lots({1: 0.0, 2: 0.0}, {1: 100.0, 2: 100.0}, {1: 1037, 2: -3})
    assert result.quantities == {1: 0, 2: 0}
    assert result.skipped == {}


def test_a_change_of_sign_closes_the_odd_lot_and_opens_whole_ones():
    assert lots({1: -0.05}, {1: 100.0}, {1: 37}).quantities == {1: -500}


def test_small_changes_are_left_alone_and_said_so():
    result = lots({1: 0.051, 2: 0.0}, {1: 100.0, 2: 100.0}, {1: 500, 2: 5})
    assert result.quantities == {1: 500, 2: 0}
    assert result.skipped == {1: "a change of +0.10% is below 0.20%"}


def test_less_than_a_lot_is_left_alone_and_said_so():
    result = lots({1: 0.004}, {1: 100.0})
    assert result.quantities == {1: 0}
    assert result.skipped == {1: "a change of +40.0 shares does not make a lot of 100"}


def test_a_limit_beats_leaving_alone():
    # 1,210 shares are 0.121; the change is small but the position is beyond the limit.
    assert lots({1: 0.12}, {1: 100.0}, {1: 1210}).quantities == {1: 1110}


def test_a_lot_is_not_added_beyond_the_cash_or_the_gross_limit():
    # 0.1 at 28 is 3,571 shares: 3,600 would come nearer, and be worth 0.1008.
    assert lots({1: 0.1}, {1: 28.0}).quantities == {1: 3600}
    assert lots({1: 0.1}, {1: 28.0}, cash_buffer=0.9).quantities == {1: 3500}
    assert lots({1: -0.1}, {1: 28.0}, max_gross=0.1).quantities == {1: -3500}
    assert lots({1: -0.1}, {1: 28.0}, cash_buffer=0.9).quantities == {1: -3600}


def test_a_trade_that_rounding_made_small_is_left_alone():
    # 0.21 % is 140 shares at 15: one lot is 0.15 %, two would be too many.
    result = lots({1: 0.0021}, {1: 15.0})
    assert result.quantities == {1: 0}
    assert result.skipped == {1: "a change of +140.0 shares in lots of 100 is 0.15%, below 0.20%"}


def test_without_even_lots_every_share_counts():
    assert lots({1: 0.05}, {1: 130.0}, even_lots=False).quantities == {1: 385}


def test_every_unusable_number_is_named_at_once():
    with pytest.raises(DataError) as caught:
        lots(
            {1: math.nan, 2: 0.1, 3: 0.1},
            {1: 10.0, 2: math.nan, 4: 10.0},
            {3: math.inf, 4: 7},
            net_asset_value=-1.0,
        )
    for said in (
        "net asset value is -1",
        "conId 1: target weight is nan",
        "conId 2: price is nan",
        "conId 3: price is nan",
        "conId 3: inf shares held",
        "conId 4: 7 shares held but no target weight",
    ):
        assert said in str(caught.value)


# Fractions come of reinvested dividends and of the mobile app; the API trades whole shares
# (QuantConnect/Documentation #1106).
def test_a_fraction_of_a_share_stays_and_whole_shares_trade_around_it():
    assert lots({1: 0.05}, {1: 130.0}, {1: 10.5}, even_lots=False).quantities == {1: 384}
    sold = lots({1: 0.0}, {1: 130.0}, {1: 10.5})
    assert sold.quantities == {1: 0}
    assert sold.weights[1] == pytest.approx(0.5 * 130.0 / 1e6)


def test_less_than_one_share_is_left_as_it_is_and_counts_in_the_limits():
    result = lots({1: 0.0, 2: 0.12}, {1: 1000.0, 2: 1.0}, {1: 0.75, 2: -0.25}, even_lots=False)
    assert result.quantities == {1: 0, 2: 120_000}
    assert result.weights[1] == pytest.approx(0.00075)
    assert result.weights[2] <= 0.12
    frozen = lots({1: 0.1}, {1: 100.0}, {1: 7.25}, frozen={1})
    assert (frozen.quantities[1], frozen.weights[1]) == (7, pytest.approx(0.000725))


@st.composite
def books(draw):
    """Weights within limits, with prices and holdings that may be anywhere."""
    n = draw(st.integers(1, 12))
    raw = draw(st.lists(st.floats(-0.12, 0.12) | st.just(0.0), min_size=n, max_size=n))
    gross, long = sum(map(abs, raw)), sum(w for w in raw if w > 0)
    scale = min(1.0, 1.2 / max(gross, 1e-12), 0.95 / max(long, 1e-12))
    weights = {i: w * scale for i, w in enumerate(raw)}
    prices = {i: draw(st.floats(0.5, 20_000.0)) for i in weights}
    shares = {
        i: int(draw(st.floats(-0.2, 0.2) | st.just(w)) * NAV / prices[i])
        for i, w in weights.items()
    }
    return weights, prices, {i: shares[i] for i in weights if draw(st.booleans())}


@settings(max_examples=400)
@given(book=books(), even=st.booleans())
def test_rounded_orders_never_break_a_limit(book, even):
    weights, prices, current = book
    result = lots(weights, prices, current, even_lots=even)
    after = {i: q * prices[i] / NAV for i, q in result.quantities.items()}
    assert result.weights == pytest.approx(after)
    assert set(after) == set(weights)
    assert max(map(abs, after.values())) <= 0.12 + 1e-9
    assert sum(map(abs, after.values())) <= 1.2 + 1e-9
    assert sum(w for w in after.values() if w > 0) <= 0.95 + 1e-9
    for i, quantity in result.quantities.items():
        held, traded = current.get(i, 0), quantity - current.get(i, 0)
        if weights[i] == 0.0:
            assert quantity == 0, "a full exit always exits"
        elif traded and held * quantity >= 0 and quantity:
            assert traded % (round_lot(prices[i]) if even else 1) == 0
        assert (i in result.skipped) == (
            quantity == held and abs(weights[i] * NAV / prices[i] - held) >= 1e-9
        )
        assert quantity * weights[i] >= 0 or quantity == held, "the wrong side was opened"


@settings(max_examples=100)
@given(book=books())
def test_the_order_of_the_names_does_not_matter(book):
    weights, prices, current = book
    backwards = [dict(reversed(part.items())) for part in book]
    assert lots(weights, prices, current) == lots(*backwards)


@settings(max_examples=100)
@given(book=books())
def test_small_trades_happen_only_to_exit_or_to_obey_a_limit(book):
    weights, prices, _ = book
    # From within the limits no limit forces a trade.
    held = {i: int(0.9 * w * NAV / prices[i]) for i, w in weights.items()}
    result = lots(weights, prices, held)
    for i, quantity in result.quantities.items():
        value = abs(quantity - held[i]) * prices[i] / NAV
        assert value == 0.0 or value >= 0.002 - 1e-12 or weights[i] == 0.0
