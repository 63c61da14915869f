from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money, Rates
from core.types import Contract, Fill, Leg, OrderState, OrderStatus, Position, Side, Snapshot
from desk.gate.decision_prices import units_decided
from desk.orders.position_check import fills_since, mismatches
from desk.orders.transaction_costs import cost_of, costs
from desk.tickets.ticket_store import Holding
from review.states import average_price
from tests.desk.desk_harness import NOW

DOLLARS = Rates("USD")
ONE_DOLLAR = Money(1.0, "USD")


def a_fill(con_id=1, side=Side.BUY, quantity=100.0, price=10.2, ref="ours", commission=ONE_DOLLAR):
    return Fill("x", ref, con_id, f"S{con_id}", side, quantity, price, NOW, commission)


def holding(con_id, quantity):
    return Holding(con_id, f"S{con_id}", quantity, 10.0)


def after(**positions):
    held = tuple(
        Position(int(name[1:]), name, quantity, 10.0, 10.0, 10.0 * quantity)
        for name, quantity in positions.items()
    )
    return Snapshot("DU1", NOW, "USD", 1e6, 1e5, 0.0, 0.0, 1e6, held)


def test_what_was_held_plus_our_fills_explains_the_account():
    before = [holding(1, 50.0), holding(2, 100.0), holding(3, -30.0)]
    fills = [a_fill(1), a_fill(2, Side.SELL), a_fill(3, Side.SELL, 70.0), a_fill(4, Side.BUY, 5.0)]
    assert mismatches(before, fills, after(S1=150.0, S3=-100.0, S4=5.0)) == ()


def test_every_position_that_is_not_ours_is_named_with_both_quantities():
    odd = mismatches([holding(1, 50.0), holding(2, 10.0)], [a_fill(1)], after(S1=120.0, S9=7.0))
    assert [(m.symbol, m.expected, m.held) for m in odd] == [
        ("S1", 150.0, 120.0), ("S2", 10.0, 0.0), ("S9", 0.0, 7.0),
    ]  # fmt: skip
    assert odd[0].reason.startswith("150 expected, 120 held: -30 not by daybook")


def test_a_position_that_is_not_a_number_is_a_mismatch():
    assert len(mismatches([holding(1, 50.0)], [], after(S1=float("nan")))) == 1


def test_slippage_is_what_was_paid_beyond_the_decision():
    # Bought 100 at 10.20 instead of 10.00: 20 paid too much, 200 basis points.
    bought = cost_of(a_fill(price=10.2), 10.0, unit=1.0, rates=DOLLARS)
    assert (bought.slippage.amount, bought.slippage_bps) == pytest.approx((20.0, 200.0))
    # Sold 100 at 10.20 instead of 10.00: the same distance is a gain.
    sold = cost_of(a_fill(side=Side.SELL, price=10.2), 10.0, unit=1.0, rates=DOLLARS)
    assert (sold.slippage.amount, sold.slippage_bps) == pytest.approx((-20.0, -200.0))


@pytest.mark.parametrize("price", [None, float("nan"), 0.0, -1.0])
def test_a_fill_without_a_decision_price_has_no_slippage_rather_than_none_at_all(price):
    assert cost_of(a_fill(), price, unit=1.0, rates=DOLLARS).slippage is None


def test_the_sum_weighs_each_fill_by_its_worth_and_says_what_is_not_known():
    fills = [
        a_fill(price=10.2),  # 20 on 1,000
        a_fill(quantity=300.0, price=9.9, commission=None),  # -30 on 3,000
        a_fill(price=55.0, ref="beside", commission=ONE_DOLLAR * 2),
    ]
    found = costs(fills, {"ours": 10.0}, {1: 1.0}, DOLLARS)
    assert found.slippage.amount == pytest.approx(-10.0)
    assert found.slippage_bps == pytest.approx(-25.0)  # -10 on 4,000
    assert found.traded.amount == pytest.approx(1020.0 + 2970.0 + 5500.0)
    assert (found.commission, found.without_commission) == (ONE_DOLLAR * 3, 1)


def test_pence_and_yen_are_summed_in_the_base_currency():
    # 100 shares 10 pence dearer, the penny at 0.0125: 12.50; 100 shares 20 yen dearer: 12.80.
    fills = [a_fill(1, price=90.0, ref="london"), a_fill(2, price=3_020.0, ref="tokyo")]
    found = costs(
        fills,
        {"london": 80.0, "tokyo": 3_000.0},
        {1: 0.0125, 2: 0.0064},
        Rates("EUR", {"USD": 0.8}),
    )
    assert [one.slippage.amount for one in found.fills] == pytest.approx([12.5, 12.8])
    assert found.traded.amount == pytest.approx(100 * 90.0 * 0.0125 + 100 * 3_020.0 * 0.0064)
    assert found.slippage_bps == pytest.approx(1e4 * 25.3 / (100.0 + 1_920.0))
    assert found.commission == Money(1.6, "EUR")  # a dollar each


def test_a_commission_without_a_rate_is_not_known_rather_than_taken_at_par():
    fills = [a_fill(commission=Money(150.0, "JPY")), a_fill()]
    found = costs(fills, {}, {}, DOLLARS)
    assert (found.commission, found.without_commission) == (ONE_DOLLAR, 1)


def test_an_option_fill_counts_a_hundred_shares_a_contract():
    ticket = SimpleNamespace(ticket=SimpleNamespace(lines=()))
    contracts = {7: Contract(7, "AAA", "OPT", multiplier=100.0), 8: Contract(8, "BBB")}
    units = units_decided(ticket, after(), contracts)
    assert units == {7: 100.0, 8: 1.0}
    found = costs(
        [a_fill(7, quantity=2.0, price=1.3), a_fill(8, quantity=10.0)], {}, units, DOLLARS
    )
    assert found.traded == Money(2.0 * 1.3 * 100.0 + 10.0 * 10.2, "USD")


def test_an_order_with_legs_has_no_mean_price():
    fills = (a_fill(7, price=1.3), a_fill(8, side=Side.SELL, price=0.07))
    legs = (Leg(7, Side.BUY, 1), Leg(8, Side.SELL, 1))
    state = OrderState("ours", 1, "S1", Side.BUY, 100.0, OrderStatus.FILLED, 100.0, 7, "", fills)
    assert average_price(state) == pytest.approx(0.685)
    assert average_price(replace(state, legs=legs)) is None


def test_a_session_without_fills_has_no_basis_points():
    assert costs([], {}, {}, DOLLARS).slippage_bps is None


@given(
    decided=st.floats(0.01, 1e5),
    moved=st.floats(-0.5, 0.5),
    quantity=st.integers(1, 10**6),
    side=st.sampled_from(Side),
)
def test_money_and_basis_points_tell_the_same(decided, moved, quantity, side):
    fill = a_fill(side=side, quantity=float(quantity), price=decided * (1 + moved))
    one = cost_of(fill, decided, unit=1.0, rates=DOLLARS)
    told = one.slippage_bps / 1e4 * decided * quantity
    assert one.slippage.amount == pytest.approx(told, rel=1e-9, abs=1e-6)
    assert one.slippage_bps == pytest.approx(side.sign * moved * 1e4, rel=1e-9, abs=1e-6)


def test_fills_of_before_the_decision_are_part_of_what_was_held():
    early, late = a_fill(), replace(a_fill(), execution_id="y", time=NOW + timedelta(hours=3))
    state = OrderState("ours", 1, "S1", Side.BUY, 100.0, OrderStatus.FILLED, 200.0, 7, "",
                       (late, early))  # fmt: skip
    assert fills_since([state], NOW) == (late,)
