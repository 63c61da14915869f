"""From targets to orders."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.types import Contract, Increments, Position, Side, Snapshot
from ibkr.account.portfolio import Portfolio
from risk.limit_price import marketable_limit

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)


def a_snapshot(**quantities):
    rows = tuple(
        Position(int(name[1:]), name, quantity, 10.0, 10.0, 10.0 * quantity)
        for name, quantity in quantities.items()
    )
    return Snapshot("DU1", NOW, "USD", 1e6, 1e6, 0.0, 0.0, 1e6, rows)


def orders(targets, snapshot, *, prices=None, contracts=None, limit_offset=0.005, **changes):
    return Portfolio.diff_to_orders(
        targets,
        snapshot,
        contracts or {con_id: Contract(con_id, f"S{con_id}") for con_id in range(1, 30)},
        prices if prices is not None else dict.fromkeys(range(1, 30), 100.0),
        limit_offset=limit_offset,
        time_in_force="DAY",
        order_ref=lambda con_id, side: f"ref:{con_id}:{side}",
        **changes,
    )


def test_a_worked_example():
    sale, purchase = orders({1: 0, 2: 50, 3: 7}, a_snapshot(S1=100, S3=7))
    assert (sale.symbol, sale.side, sale.quantity, sale.limit_price) == ("S1", "SELL", 100, 99.5)
    assert (purchase.symbol, purchase.side, purchase.quantity) == ("S2", "BUY", 50)
    assert (purchase.limit_price, purchase.time_in_force) == (100.5, "DAY")
    assert purchase.order_ref == "ref:2:BUY"


def test_a_change_of_side_is_one_order_over_the_whole_distance():
    (order,) = orders({1: -40}, a_snapshot(S1=60))
    assert (order.side, order.quantity) == (Side.SELL, 100)


def test_a_holding_that_no_target_names_is_an_error_not_a_guess():
    with pytest.raises(DataError, match="conId 1 is held and has no target"):
        orders({2: 5}, a_snapshot(S1=100))


def test_nothing_to_do_is_no_order():
    assert orders({1: 100, 2: 0}, a_snapshot(S1=100)) == ()


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0, None])
def test_a_reference_price_that_is_none_makes_no_order(price):
    prices = {} if price is None else {1: price}
    with pytest.raises(DataError, match="conId 1: the reference price"):
        orders({1: 5}, a_snapshot(), prices=prices)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(DataError) as raised:
        orders(
            {1: math.nan, 2: 1.5, 99: 5},
            a_snapshot(S3=math.nan),
            limit_offset=math.nan,
            prices={1: 1.0},
        )
    for said in (
        "conId 3: nan shares held", "the target nan", "the target 1.5",
        "conId 99: no contract", "conId 99: the reference price", "limit_offset is nan",
    ):  # fmt: skip
        assert said in str(raised.value)


# Fractions that were rounded "can end up leveraging a short" (erdewit/ib_insync #433); counted as
# whole shares they sell more than was bought (airens/interactive_brokers_tax #34).
def test_a_fraction_of_a_share_stays_beside_the_whole_shares_that_trade():
    held = a_snapshot(S1=10.5, S2=-3.25, S3=0.5)
    sale, purchase = orders({1: 0, 2: 0, 3: 0}, held)
    assert (sale.symbol, sale.quantity) == ("S1", 10)
    assert (purchase.symbol, purchase.quantity) == ("S2", 3)


def test_a_contract_under_the_wrong_key_is_refused():
    with pytest.raises(DataError, match="the contract given is conId 2"):
        orders({1: 5}, a_snapshot(), contracts={1: Contract(2, "S2")})


quantities = st.integers(-500, 500)


@given(
    held=st.dictionaries(st.integers(1, 12), quantities, max_size=12),
    wanted=st.dictionaries(st.integers(1, 12), quantities, max_size=12),
)
def test_applying_all_orders_to_the_snapshot_gives_the_targets_exactly(held, wanted):
    snapshot = a_snapshot(**{f"S{con_id}": float(q) for con_id, q in held.items()})
    targets = dict.fromkeys(held, 0) | wanted
    made = orders(targets, snapshot)
    after = dict.fromkeys(targets, 0) | held
    for order in made:
        after[order.con_id] += order.side.sign * order.quantity
    assert after == targets
    sides = [order.side for order in made]
    assert sides == sorted(sides, reverse=True)  # SELL sorts after BUY
    assert len({order.con_id for order in made}) == len(made)
    assert all(order.quantity > 0 for order in made)


@given(
    cents=st.integers(1, 10_000_000),
    offset=st.sampled_from([0.0, 0.001, 0.005, 0.0123, 0.1]),
    tick=st.sampled_from([0.0001, 0.005, 0.01, 0.05, 1.0]),
    side=st.sampled_from(Side),
)
def test_a_limit_price_is_on_the_tick_and_never_shy_of_the_offset(cents, offset, tick, side):
    limit = marketable_limit(
        cents / 100, side=side, offset=offset, increments=Increments.flat(tick)
    )
    exact = Decimal(repr(limit))
    step = Decimal(repr(tick))
    wanted = Decimal(cents) / 100 * (1 + side.sign * Decimal(repr(offset)))
    assert exact % step == 0
    assert exact >= step
    if side is Side.BUY:
        assert wanted <= exact < wanted + step
    else:
        assert exact <= wanted or exact == step
        assert exact > wanted - step


def test_binary_fractions_cost_no_tick():
    assert 100 * 1.005 != 100.5
    assert (
        marketable_limit(100.0, side=Side.BUY, offset=0.005, increments=Increments.flat(0.01))
        == 100.5
    )
    assert (
        marketable_limit(100.0, side=Side.SELL, offset=0.005, increments=Increments.flat(0.01))
        == 99.5
    )
