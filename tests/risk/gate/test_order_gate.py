"""The last checks of one order: value, quantity, price collar, share of volume."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from risk.order import check_order

LIMITS = LimitSettings(
    max_gross=1.2,
    max_single=0.12,
    cash_buffer=0.05,
    max_gross_change=1.2,
    max_var=0.03,
    max_adv_share=0.10,
    max_order_value=0.15,
    price_collar=0.10,
)
ORDER = Order(
    con_id=1,
    symbol="ACME",
    side=Side.BUY,
    quantity=1000,
    order_type=OrderType.LIMIT,
    limit_price=100.5,
    time_in_force="DAY",
    order_ref="ref-1",
)


def failed(order=ORDER, **changes):
    """Return what an order in dollars fails; ``reference`` is a number of them."""
    given_ = {"reference": 100.0, "net_asset_value": 1e6, "rates": Rates("USD"), "adv": 1e6}
    terms = given_ | changes
    terms["reference"] = Price(terms["reference"], "USD")
    checks = check_order(order, **terms, limits=LIMITS)
    assert [c.name for c in checks] == [
        "quantity",
        "order value",
        "price collar",
        "share of volume",
    ]
    return {check.name for check in checks if not check.passed}


def test_a_sound_order_passes():
    assert failed() == set()
    assert failed(replace(ORDER, side=Side.SELL, limit_price=99.5)) == set()
    assert failed(replace(ORDER, order_type=OrderType.MARKET, limit_price=None)) == set()


ALL_BUT_COLLAR = {"quantity", "order value", "share of volume"}


@pytest.mark.parametrize("quantity", [0, -5, 1.5, math.nan, math.inf, True, None, "100"], ids=str)
def test_a_quantity_that_is_no_whole_positive_number_fails(quantity):
    assert failed(replace(ORDER, quantity=quantity)) == ALL_BUT_COLLAR


def test_more_shares_than_any_limit_allows_fail():
    assert failed(replace(ORDER, quantity=10**18)) == {"order value", "share of volume"}
    assert "quantity" in failed(replace(ORDER, quantity=10**400))


@pytest.mark.parametrize(("quantity", "verdict"), [(1500, set()), (1501, {"order value"})])
def test_the_order_value_may_reach_its_limit(quantity, verdict):
    assert failed(replace(ORDER, quantity=quantity, limit_price=100.0)) == verdict


def test_the_order_value_is_taken_at_the_dearer_price():
    # 1,450 shares are worth 145,000 at the reference but 152,250 at the limit price.
    assert failed(replace(ORDER, quantity=1450, limit_price=105.0)) == {"order value"}
    assert failed(replace(ORDER, quantity=1450, limit_price=95.0)) == set()


@pytest.mark.parametrize(
    ("price", "verdict"),
    [
        (110.0, set()),
        (110.01, {"price collar"}),
        (90.0, set()),
        (89.99, {"price collar"}),
    ],
)
def test_the_collar_holds_on_both_sides(price, verdict):
    assert failed(replace(ORDER, limit_price=price)) == verdict


BAD_PRICES = [math.nan, math.inf, 0.0, -100.0, None]


@pytest.mark.parametrize("price", BAD_PRICES)
def test_a_limit_order_without_a_price_fails(price):
    assert failed(replace(ORDER, limit_price=price)) == {"order value", "price collar"}


@pytest.mark.parametrize("price", BAD_PRICES)
@pytest.mark.parametrize("kind", list(OrderType))
def test_no_order_passes_without_a_reference_price(price, kind):
    order = replace(ORDER, order_type=kind)
    assert failed(order, reference=price) == {"order value", "price collar"}


@pytest.mark.parametrize(
    ("adv", "verdict"),
    [(10_000, set()), (9_999, {"share of volume"})]
    + [(bad, {"share of volume"}) for bad in (math.nan, 0, -1, None, math.inf)],
)
def test_an_order_may_be_a_tenth_of_the_daily_volume(adv, verdict):
    assert failed(adv=adv) == verdict


@pytest.mark.parametrize("value", [math.nan, 0.0, -1.0, math.inf, None])
def test_no_order_passes_without_a_net_asset_value(value):
    assert failed(net_asset_value=value) == {"order value"}


numbers = st.floats() | st.floats(80.0, 120.0) | st.none()


@settings(max_examples=1000)
@given(
    quantity=st.integers(-10, 3000) | st.floats(),
    price=numbers,
    reference=numbers,
    nav=st.floats() | st.just(1e6),
    adv=st.floats() | st.floats(5e3, 5e4),
    market=st.booleans(),
)
def test_the_order_gate_agrees_with_an_independent_oracle(
    quantity, price, reference, nav, adv, market
):
    kind = OrderType.MARKET if market else OrderType.LIMIT
    order = replace(ORDER, quantity=quantity, limit_price=price, order_type=kind)
    found = failed(order, reference=reference, net_asset_value=nav, adv=adv)
    used = reference if market else price
    sane = all(x is not None and 0 < x < math.inf for x in (quantity, reference, used, nav, adv))
    legal = (
        sane
        and quantity % 1 == 0
        and quantity * max(reference, used) / nav <= 0.15 + 1e-9
        and abs(used / reference - 1) <= 0.10 + 1e-9
        and quantity / adv <= 0.10 + 1e-9
    )
    assert (found == set()) == legal
