import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Rates
from core.settings import LimitSettings
from core.types import Side
from risk.strategies.checks import StrategyTrade, check_closing, check_opening
from tests.risk import strategies as some

LIMITS = LimitSettings()
NAV, ADV = 1e6, 1e6

CONDOR = StrategyTrade(
    some.condor(), Side.SELL, 10, 1.45, (0.30, 1.10, 1.00, 0.30), 100.0, currency="USD"
)
DEBIT = StrategyTrade(some.vertical(), Side.BUY, 5, 4.1, (7.0, 3.0), 100.0, currency="USD")
STRADDLE = StrategyTrade(some.straddle(), Side.BUY, 2, 8.1, (4.0, 4.0), 100.0, currency="USD")
CALENDAR = StrategyTrade(some.calendar(), Side.BUY, 5, 1.85, (4.0, 5.8), 100.0, currency="USD")
COVERED = StrategyTrade(some.covered_call(), Side.BUY, 1, 98.1, (100.0, 2.0), 100.0, currency="USD")
ALL = [CONDOR, DEBIT, STRADDLE, CALENDAR, COVERED]


def opening(trade, **changes):
    given = {"net_asset_value": NAV, "exposure": 0.0, "adv": ADV, "limits": LIMITS}
    return check_opening(trade, **({"rates": Rates("USD")} | given | changes))


def failed(checks):
    return [check.name for check in checks if not check.passed]


@pytest.mark.parametrize("trade", ALL, ids=lambda trade: trade.strategy.kind.value)
def test_a_sensible_strategy_passes_every_check(trade):
    assert failed(opening(trade)) == []


def test_the_risk_of_a_condor_is_its_width_less_its_credit():
    # (5.00 - 1.45) x 100 shares x 10
    assert CONDOR.max_risk == pytest.approx(3550.0)
    assert CONDOR.funds_required == pytest.approx(3550.0)
    assert CONDOR.reference_price == pytest.approx(1.50)


@pytest.mark.parametrize(
    ("trade", "funds"),
    [
        (DEBIT, 2050.0),  # paid: 4.10 x 500
        (replace(DEBIT, side=Side.SELL), 2950.0),  # (10 - 4.10) x 500
        (STRADDLE, 1620.0),
        # A wing of 10 and one of 5 are two spreads: (15 - 1.45) x 1000.
        (replace(CONDOR, strategy=some.condor(80.0, 90.0, 110.0, 115.0)), 13_550.0),
        # Both at the money: 20 % of 100, and both premiums less the price: (20 + 8 - 8.1) x 200.
        (replace(STRADDLE, side=Side.SELL), 3980.0),
        # Half of the shares less the call: (98.1 - 50) x 100.
        (COVERED, 4810.0),
        # A short call at 5.80, at the money, less what is received: (20 + 5.8 - 1.85) x 500.
        (replace(CALENDAR, side=Side.SELL), 11_975.0),
    ],
)
def test_the_funds_required_are_those_of_regulation_t(trade, funds):
    assert trade.funds_required == pytest.approx(funds)


@pytest.mark.parametrize(
    "trade",
    [replace(STRADDLE, side=Side.SELL), replace(CALENDAR, side=Side.SELL)],
    ids=["short straddle", "short calendar"],
)
def test_a_loss_without_a_bound_never_passes_whatever_the_limit(trade):
    wide = LimitSettings(max_trade_risk=1.0, max_single=1.0)
    assert {"max loss", "trade risk"} <= set(failed(opening(trade, limits=wide)))


@pytest.mark.parametrize(
    ("trade", "changes", "check"),
    [
        (replace(CONDOR, quantity=60), {}, "trade risk"),  # 21,300 of 1,000,000
        (CONDOR, {"exposure": 118_000.0}, "largest single"),
        (CONDOR, {"adv": 9_999.0}, "share of volume"),
        (replace(CONDOR, leg_prices=(0.04, 1.10, 1.00, 0.30)), {}, "option prices"),
        (replace(DEBIT, limit_price=4.5), {}, "price collar"),  # 0.50 above a risk of 4
        (replace(DEBIT, limit_price=3.5), {}, "price collar"),
        (replace(DEBIT, limit_price=10.0), {}, "max gain"),
        (replace(CONDOR, limit_price=5.0), {}, "max loss"),
        (replace(CONDOR, limit_price=0.01), {}, "net price"),
        (replace(CONDOR, limit_price=-1.45), {}, "net price"),
        (replace(COVERED, side=Side.SELL), {}, "direction"),
        (replace(CONDOR, quantity=0), {}, "quantity"),
        (replace(CONDOR, quantity=-1), {}, "quantity"),
        (replace(CONDOR, quantity=1.5), {}, "quantity"),
    ],
)
def test_what_is_beyond_a_limit_fails_the_check_of_that_limit(trade, changes, check):
    assert check in failed(opening(trade, **changes))


def test_a_spread_that_is_too_narrow_fails():
    narrow = replace(DEBIT, strategy=some.vertical(100.0, 100.4), leg_prices=(3.2, 3.0))
    assert "spread width" in failed(opening(replace(narrow, limit_price=0.2)))


@given(st.data())
def test_no_unknown_number_ever_passes(data):
    trade = data.draw(st.sampled_from(ALL))
    odd = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    legs = list(trade.leg_prices)
    legs[data.draw(st.integers(0, len(legs) - 1))] = odd
    spoilt = data.draw(
        st.sampled_from(
            [
                (replace(trade, quantity=odd), {}),
                (replace(trade, limit_price=odd), {}),
                (replace(trade, leg_prices=tuple(legs)), {}),
                (trade, {"net_asset_value": odd}),
                (trade, {"exposure": odd}),
                (trade, {"adv": odd if odd != math.inf else math.nan}),
            ]
        )
    )
    assert failed(opening(spoilt[0], **spoilt[1]))


def test_closing_asks_for_every_leg_in_full():
    closing = replace(CONDOR, side=Side.BUY, limit_price=1.6)
    held = (10.0, -10.0, -10.0, 10.0)
    assert failed(check_closing(closing, held=held, limits=LIMITS)) == []
    for wrong in ((9.0, *held[1:]), (0.0, *held[1:]), (-10.0, *held[1:]), (math.nan, *held[1:])):
        assert failed(check_closing(closing, held=wrong, limits=LIMITS)) == ["legs held"]


def test_closing_is_not_held_up_by_the_risk_it_takes_away():
    worthless = replace(CONDOR, side=Side.BUY, limit_price=0.05, leg_prices=(0.01,) * 4)
    tight = LimitSettings(max_trade_risk=0.0, max_single=0.0)
    assert failed(check_closing(worthless, held=(10, -10, -10, 10), limits=tight)) == []


def test_closing_far_from_the_market_is_refused():
    closing = replace(CONDOR, side=Side.BUY, limit_price=2.1)  # 0.60 of a width of 5
    checks = check_closing(closing, held=(10, -10, -10, 10), limits=LIMITS)
    assert failed(checks) == ["price collar"]
