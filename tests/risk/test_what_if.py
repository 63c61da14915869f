"""The what-if's table of answers, one row at a time."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GatewayTimeout
from core.types import Side
from risk.what_if_answers import Action, Basket
from risk.what_if_size_down import quantities
from tests.risk.test_what_if_answers import Answers
from tests.risk.what_if_broker import DOWN, Broker, Fails, actions, an_order, asked_about


def test_covered_margin_keeps_the_order_as_it_is():
    order = an_order()
    result = asked_about(Broker(5000.0), order)
    assert result.kept == (order,)
    assert result.removed == ()
    assert actions(result) == [(1000, Action.KEPT)]


LADDER = [1000, 800, 640, 512, 409]  # 20 % off each time, in lots of one share, down to 40 %


@pytest.mark.parametrize(
    ("equity", "kept", "asked"),
    [
        (4999.0, 800, 2),
        (4000.0, 800, 2),
        (3999.0, 640, 3),
        (3200.0, 640, 3),
        (2560.0, 512, 4),
        (2559.0, 409, 5),
        (2045.0, 409, 5),
        (2044.0, None, 5),
    ],
)
def test_exceeded_margin_takes_a_fifth_off_the_last_quantity_down_to_the_floor(equity, kept, asked):
    broker = Broker(equity)
    result = asked_about(broker, an_order(), lot=1)
    assert [order.quantity for order in result.kept] == ([kept] if kept else [])
    assert [order.quantity for order in result.removed] == ([] if kept else [1000])
    assert [order.quantity for order in broker.asked] == LADDER[:asked]
    last = Action.KEPT if kept else Action.REMOVED
    assert [step.action for step in result.steps] == [DOWN] * (asked - 1) + [last]
    assert {order.order_ref for order in broker.asked} == {"a"}
    assert result.sized_down == (("a",) if kept else ())


@pytest.mark.parametrize(
    ("floor", "sizes"),
    [
        (1.0, [1000]),
        (0.81, [1000]),
        (0.80, [1000, 800]),
        (0.64, [1000, 800, 640]),
        (0.41, [1000, 800, 640, 512]),
        (0.40, LADDER),
        (0.0, [1000, 800, 640, 512, 409, 327, 261, 208, 166, 132, 105, 84, 67, 53, 42, 33, 26,
               20, 16, 12, 9, 7, 5, 4, 3, 2, 1]),
    ],
)  # fmt: skip
def test_the_floor_is_a_fraction_of_the_first_quantity(floor, sizes):
    assert quantities(1000, size_down=0.2, floor=floor, lot=1) == tuple(sizes)


def test_nothing_taken_off_is_no_smaller_quantity_to_ask_about():
    assert quantities(1000, size_down=0.0, floor=0.4, lot=100) == (1000,)
    assert quantities(1000, size_down=1.0, floor=0.0, lot=100) == (1000,)


@given(
    quantity=st.integers(1, 100_000),
    lot=st.sampled_from([1, 10, 40, 100]),
    size_down=st.floats(0.0, 1.0),
    floor=st.floats(0.0, 1.0),
)
def test_every_smaller_quantity_is_whole_lots_above_the_floor(quantity, lot, size_down, floor):
    first, *smaller = quantities(quantity, size_down=size_down, floor=floor, lot=lot)
    assert first == quantity
    for before, after in zip([quantity, *smaller], smaller, strict=False):
        assert 0 < after < before
        assert after % lot == 0
        assert after <= before * (1.0 - size_down) + 1e-6 * lot
        assert after >= floor * quantity - 1e-6 * quantity


def test_the_reasons_say_what_was_short_and_what_was_tried():
    kept = asked_about(Broker(3999.0), an_order())
    assert [step.reason for step in kept.steps] == [
        "initial margin 5,000 exceeds equity 3,999; smaller: 800 shares",
        "initial margin 4,000 exceeds equity 3,999; smaller: 600 shares",
        "margin covered at 600 of 1,000 shares; in full: initial margin 5,000 exceeds equity 3,999",
    ]
    removed = asked_about(Broker(100.0), an_order())
    assert removed.steps[-1].reason == (
        "initial margin 2,000 exceeds equity 100; "
        "nothing smaller to try of 1,000 shares: at least 40% of them, in lots of 100"
    )


@pytest.mark.parametrize(
    ("quantity", "lot", "smaller"),
    [(900, 100, 700), (137, 100, 100), (200, 40, 160), (10, 1, 8), (5000, 10, 4000)],
)
def test_the_smaller_order_is_in_whole_lots(quantity, lot, smaller):
    result = asked_about(Broker(quantity * 5.0 - 1), an_order(quantity=quantity), lot=lot)
    assert [order.quantity for order in result.kept] == [smaller]


def test_a_lot_is_not_lost_to_the_last_bit():
    result = asked_about(Broker(54_999.0), an_order(quantity=11_000), size_down=0.3)
    assert [order.quantity for order in result.kept] == [7700]


@pytest.mark.parametrize("quantity", [100, 37, 1])
def test_less_than_a_lot_left_means_removed_without_asking_again(quantity):
    broker = Broker(0.0)
    result = asked_about(broker, an_order(quantity=quantity))
    assert result.kept == ()
    assert actions(result) == [(quantity, Action.REMOVED)]
    assert len(broker.asked) == 1


def test_an_order_that_frees_margin_is_kept_even_in_an_account_short_of_it():
    sale = replace(an_order(), side=Side.SELL)
    result = asked_about(Broker(1000.0, margin=50_000.0), sale)
    assert result.kept == (sale,)
    assert "frees margin" in result.steps[0].reason


def test_orders_that_fit_alone_but_not_together_do_not_all_pass():
    # 6,000 of equity: one purchase takes 5,000, the second fits neither whole nor sized down.
    result = asked_about(Broker(6000.0), an_order("a"), an_order("b"), an_order("c", 200))
    assert [order.order_ref for order in result.kept] == ["a", "c"]
    assert actions(result)[1:5] == [(1000, DOWN), (800, DOWN), (600, DOWN), (400, Action.REMOVED)]
    assert (
        "margin 10,000, 5,000 of it for orders before this one, exceeds" in result.steps[1].reason
    )


def test_every_step_tells_the_margin_of_the_basket_before_and_after_it():
    # 6,900 of equity: the second purchase fits at 250 of 400 shares, beside the 1,000 of the first.
    result = asked_about(Broker(6900.0, margin=500.0), an_order("a"), an_order("b", 400), lot=10)
    assert [
        (step.asked_quantity, step.basket_before, step.basket_after) for step in result.steps
    ] == [
        (1000, Basket(500.0, 250.0, 6900.0), Basket(5500.0, 2750.0, 6900.0)),
        (400, Basket(5500.0, 2750.0, 6900.0), Basket(7500.0, 3750.0, 6900.0)),
        (320, Basket(5500.0, 2750.0, 6900.0), Basket(7100.0, 3550.0, 6900.0)),
        (250, Basket(5500.0, 2750.0, 6900.0), Basket(6750.0, 3375.0, 6900.0)),
    ]
    assert result.basket == (Basket(500.0, 250.0, 6900.0), Basket(6750.0, 3375.0, 6900.0))


def test_commissions_of_the_orders_before_come_off_the_equity():
    # 10,001 of equity: two purchases of 5,000 margin each and 1 of commission fit, not with 2.
    class Charges(Broker):
        def __call__(self, order):
            answer = super().__call__(order)
            return replace(answer, commission=1.0, equity_with_loan_after=self.equity - 1.0)

    both = asked_about(Charges(10_002.0), an_order("a"), an_order("b"))
    assert [order.quantity for order in both.kept] == [1000, 1000]
    assert both.basket == (Basket(0.0, 0.0, 10_002.0), Basket(10_000.0, 5000.0, 10_000.0))
    assert [order.quantity for order in asked_about(Charges(10_001.0), *both.kept).kept] == [
        1000,
        800,
    ]


@pytest.mark.parametrize("commission", [None, math.nan, 1.797e308, -3.0])
def test_a_commission_that_is_not_known_and_a_rebate_change_no_equity(commission):
    broker = Answers(commission=commission)
    result = asked_about(broker, an_order("a"), an_order("b"))
    assert result.basket == (Basket(0.0, 0.0, 1e9), Basket(10_000.0, 5000.0, 1e9))


def test_nothing_kept_has_no_margin_of_the_basket():
    assert asked_about(Broker(0.0), an_order()).basket is None
    assert asked_about(Fails(GatewayTimeout("silence")), an_order()).basket is None


def test_margin_that_a_sale_would_free_pays_only_for_others_in_the_basket():
    sale = replace(an_order("s"), side=Side.SELL)
    # Each purchase fits alone; together they fit because the sale is in the basket.
    both = asked_about(Broker(6000.0), sale, an_order("a"), an_order("b"))
    assert [order.order_ref for order in both.kept] == ["s", "a", "b"]
    # One that does not fit alone is not saved by it, however small it is made.
    alone = asked_about(Broker(1500.0), sale, an_order("a"))
    assert [order.order_ref for order in alone.kept] == ["s"]
