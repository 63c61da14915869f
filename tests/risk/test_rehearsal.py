"""The rehearsal's table of answers, one row at a time."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GatewayTimeout, GatewayUnreachable, RequestRefused
from core.types import Order, OrderType, Side, WhatIf
from risk.rehearsal import Action, Basket, quantities, rehearse


def an_order(ref="a", quantity=1000):
    return Order(
        con_id=1,
        symbol="ACME",
        side=Side.BUY,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=10.0,
        time_in_force="DAY",
        order_ref=ref,
    )


class Broker:
    """Half the value of a purchase is margin; equity is what it was told."""

    def __init__(self, equity, *, margin=0.0, price=10.0):
        self.equity, self.margin, self.price = equity, margin, price
        self.asked = []

    def __call__(self, order):
        self.asked.append(order)
        change = order.side.sign * order.quantity * self.price / 2
        return WhatIf(
            order.order_ref,
            accepted=True,
            reason="",
            initial_margin_change=change,
            initial_margin_after=self.margin + change,
            maintenance_margin_change=change / 2,
            maintenance_margin_after=(self.margin + change) / 2,
            equity_with_loan_after=self.equity,
        )


def rehearsed(broker, *orders, lot=100, size_down=0.20, floor=0.40):
    return rehearse(orders, broker, size_down=size_down, floor=floor, lot=lambda _: lot)


def actions(rehearsal):
    return [(step.asked_quantity, step.action) for step in rehearsal.steps]


def test_covered_margin_keeps_the_order_as_it_is():
    order = an_order()
    result = rehearsed(Broker(5000.0), order)
    assert result.kept == (order,)
    assert result.removed == ()
    assert actions(result) == [(1000, Action.KEPT)]


DOWN = Action.SIZED_DOWN
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
    result = rehearsed(broker, an_order(), lot=1)
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
    kept = rehearsed(Broker(3999.0), an_order())
    assert [step.reason for step in kept.steps] == [
        "initial margin 5,000 exceeds equity 3,999; smaller: 800 shares",
        "initial margin 4,000 exceeds equity 3,999; smaller: 600 shares",
        "margin covered at 600 of 1,000 shares; in full: initial margin 5,000 exceeds equity 3,999",
    ]
    removed = rehearsed(Broker(100.0), an_order())
    assert removed.steps[-1].reason == (
        "initial margin 2,000 exceeds equity 100; "
        "nothing smaller to try of 1,000 shares: at least 40% of them, in lots of 100"
    )


@pytest.mark.parametrize(
    ("quantity", "lot", "smaller"),
    [(900, 100, 700), (137, 100, 100), (200, 40, 160), (10, 1, 8), (5000, 10, 4000)],
)
def test_the_smaller_order_is_in_whole_lots(quantity, lot, smaller):
    result = rehearsed(Broker(quantity * 5.0 - 1), an_order(quantity=quantity), lot=lot)
    assert [order.quantity for order in result.kept] == [smaller]


def test_a_lot_is_not_lost_to_the_last_bit():
    result = rehearsed(Broker(54_999.0), an_order(quantity=11_000), size_down=0.3)
    assert [order.quantity for order in result.kept] == [7700]


@pytest.mark.parametrize("quantity", [100, 37, 1])
def test_less_than_a_lot_left_means_removed_without_asking_again(quantity):
    broker = Broker(0.0)
    result = rehearsed(broker, an_order(quantity=quantity))
    assert result.kept == ()
    assert actions(result) == [(quantity, Action.REMOVED)]
    assert len(broker.asked) == 1


def test_an_order_that_frees_margin_is_kept_even_in_an_account_short_of_it():
    sale = replace(an_order(), side=Side.SELL)
    result = rehearsed(Broker(1000.0, margin=50_000.0), sale)
    assert result.kept == (sale,)
    assert "frees margin" in result.steps[0].reason


def test_orders_that_fit_alone_but_not_together_do_not_all_pass():
    # 6,000 of equity: one purchase takes 5,000, the second fits neither whole nor sized down.
    result = rehearsed(Broker(6000.0), an_order("a"), an_order("b"), an_order("c", 200))
    assert [order.order_ref for order in result.kept] == ["a", "c"]
    assert actions(result)[1:5] == [(1000, DOWN), (800, DOWN), (600, DOWN), (400, Action.REMOVED)]
    assert (
        "margin 10,000, 5,000 of it for orders before this one, exceeds" in result.steps[1].reason
    )


def test_every_step_tells_the_margin_of_the_basket_before_and_after_it():
    # 6,900 of equity: the second purchase fits at 250 of 400 shares, beside the 1,000 of the first.
    result = rehearsed(Broker(6900.0, margin=500.0), an_order("a"), an_order("b", 400), lot=10)
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

    both = rehearsed(Charges(10_002.0), an_order("a"), an_order("b"))
    assert [order.quantity for order in both.kept] == [1000, 1000]
    assert both.basket == (Basket(0.0, 0.0, 10_002.0), Basket(10_000.0, 5000.0, 10_000.0))
    assert [order.quantity for order in rehearsed(Charges(10_001.0), *both.kept).kept] == [
        1000,
        800,
    ]


@pytest.mark.parametrize("commission", [None, math.nan, 1.797e308, -3.0])
def test_a_commission_that_is_not_known_and_a_rebate_change_no_equity(commission):
    broker = Answers(commission=commission)
    result = rehearsed(broker, an_order("a"), an_order("b"))
    assert result.basket == (Basket(0.0, 0.0, 1e9), Basket(10_000.0, 5000.0, 1e9))


def test_nothing_kept_has_no_margin_of_the_basket():
    assert rehearsed(Broker(0.0), an_order()).basket is None
    assert rehearsed(Fails(GatewayTimeout("silence")), an_order()).basket is None


def test_margin_that_a_sale_would_free_pays_only_for_others_in_the_basket():
    sale = replace(an_order("s"), side=Side.SELL)
    # Each purchase fits alone; together they fit because the sale is in the basket.
    both = rehearsed(Broker(6000.0), sale, an_order("a"), an_order("b"))
    assert [order.order_ref for order in both.kept] == ["s", "a", "b"]
    # One that does not fit alone is not saved by it, however small it is made.
    alone = rehearsed(Broker(1500.0), sale, an_order("a"))
    assert [order.order_ref for order in alone.kept] == ["s"]


class Answers:
    """A broker that says what it is told, or raises it."""

    def __init__(self, **changes):
        self.changes = changes

    def __call__(self, order):
        return replace(Broker(1e9)(order), **self.changes)


class Fails:
    def __init__(self, error):
        self.error = error

    def __call__(self, order):
        raise self.error


NO_PROPER_ANSWER = {
    "rejected": (Answers(accepted=False, reason="no permission"), "rejected: no permission"),
    "half an answer": (Answers(initial_margin_after=None), "lacks initial_margin_after"),
    "nan": (Answers(equity_with_loan_after=float("nan")), "lacks equity_with_loan_after"),
    "sentinel": (Answers(maintenance_margin_after=1.797e308), "lacks maintenance_margin_after"),
    "other order": (Answers(order_ref="b"), "the answer is for b"),
    "silence": (Fails(GatewayTimeout("nothing within 15 s")), "no answer: nothing within 15 s"),
    "error": (Fails(RequestRefused("no such contract", code=200)), "no answer: no such contract"),
}


@pytest.mark.parametrize(("broker", "said"), NO_PROPER_ANSWER.values(), ids=NO_PROPER_ANSWER)
def test_no_proper_answer_is_never_a_pass(broker, said):
    order = an_order()
    result = rehearsed(broker, order)
    assert result.kept == ()
    assert result.removed == (order,)
    assert result.flagged == result.steps
    assert said in result.steps[0].reason


def test_a_lost_connection_ends_the_rehearsal_instead_of_halving_the_basket():
    with pytest.raises(GatewayUnreachable):
        rehearsed(Fails(GatewayUnreachable("connection lost")), an_order())


def test_every_order_is_accounted_for_once_and_in_order():
    class Moody:
        def __call__(self, order):
            if order.order_ref == "b":
                raise GatewayTimeout("silence")
            return Broker(1500.0 if order.order_ref == "c" else 1e9)(order)

    orders = [an_order(ref) for ref in "abcd"]
    result = rehearsed(Moody(), *orders)
    assert [order.order_ref for order in result.kept] == ["a", "d"]
    assert [order.order_ref for order in result.removed] == ["b", "c"]
    assert [step.order_ref for step in result.steps] == [*"ab", *"cccc", "d"]


def test_nothing_to_rehearse_is_nothing_kept():
    assert rehearsed(Broker(0.0)).steps == ()


class SilentAt:
    """Answers that margin is short, and nothing at all about one quantity."""

    def __init__(self, quantity):
        self.quantity = quantity

    def __call__(self, order):
        if order.quantity == self.quantity:
            raise GatewayTimeout("silence")
        return Broker(0.0)(order)


@pytest.mark.parametrize("quantity", [1000, 800, 600, 400])
def test_silence_about_a_smaller_quantity_removes_and_flags_the_order(quantity):
    result = rehearsed(SilentAt(quantity), an_order())
    assert result.kept == ()
    assert result.steps[-1].action is Action.FLAGGED
    assert result.steps[-1].asked_quantity == quantity
    assert (result.steps[-1].basket_before, result.steps[-1].basket_after) == (None, None)


class Rejects(Broker):
    """Rejects what is beyond its margin, as TWS does, instead of giving figures."""

    def __call__(self, order):
        answer = super().__call__(order)
        if not answer.margin_exceeded:
            return answer
        return WhatIf(order.order_ref, accepted=False, reason="201: margin", beyond_margin=True)


def test_a_rejection_for_margin_is_a_margin_exceeded_and_not_a_missing_answer():
    result = rehearsed(Rejects(3000.0), an_order("a"), an_order("b"))
    assert [(order.order_ref, order.quantity) for order in result.kept] == [("a", 600)]
    assert [step.action for step in result.steps] == [
        DOWN,
        DOWN,
        Action.KEPT,
        *[DOWN] * 3,
        "removed",
    ]
    assert result.flagged == ()
    assert result.steps[0].reason == "rejected: 201: margin; smaller: 800 shares"
    assert (result.steps[0].basket_before, result.steps[0].basket_after) == (None, None)
    # What is accepted alone is still held against the orders before it.
    assert "3,000 of it for orders before" in result.steps[-1].reason


# Whatever the broker answers


@dataclass(frozen=True)
class Position:
    """One order and what the broker thinks of a share of it, in money."""

    quantity: int
    initial: float
    maintenance: float
    commission: float
    answered: bool = True


POSITIONS = st.lists(
    st.builds(
        Position,
        quantity=st.integers(1, 3000),
        initial=st.floats(-10.0, 10.0),
        maintenance=st.floats(-10.0, 10.0),
        commission=st.floats(0.0, 50.0),
        answered=st.sampled_from([True, True, True, False]),
    ),
    max_size=8,
)


class Account:
    """Margin is linear in the shares; each order is answered as if it came alone."""

    def __init__(self, positions, *, equity, initial, maintenance):
        self.positions = positions
        self.equity, self.initial, self.maintenance = equity, initial, maintenance

    def __call__(self, order):
        position = self.positions[int(order.order_ref)]
        if not position.answered:
            raise GatewayTimeout("silence")
        initial, maintenance = self.change(order)
        return WhatIf(
            order.order_ref,
            accepted=True,
            reason="",
            initial_margin_change=initial,
            initial_margin_after=self.initial + initial,
            maintenance_margin_change=maintenance,
            maintenance_margin_after=self.maintenance + maintenance,
            equity_with_loan_after=self.equity - position.commission,
            commission=position.commission,
        )

    def change(self, order):
        position = self.positions[int(order.order_ref)]
        return order.quantity * position.initial, order.quantity * position.maintenance


@given(
    positions=POSITIONS,
    equity=st.floats(-1e3, 5e4),
    initial=st.floats(0.0, 2e4),
    maintenance=st.floats(0.0, 2e4),
    lot=st.sampled_from([1, 10, 100]),
    size_down=st.floats(0.05, 0.9),
    floor=st.floats(0.0, 1.0),
)
def test_no_kept_order_ever_takes_the_basket_beyond_the_equity(
    positions, equity, initial, maintenance, lot, size_down, floor
):
    account = Account(positions, equity=equity, initial=initial, maintenance=maintenance)
    orders = [an_order(str(at), position.quantity) for at, position in enumerate(positions)]
    result = rehearsed(account, *orders, lot=lot, size_down=size_down, floor=floor)

    # Each order ends once, kept or removed, in the order given, at a quantity that was tried.
    kept = {order.order_ref: order for order in result.kept}
    removed = {order.order_ref: order for order in result.removed}
    assert set(kept) | set(removed) == {order.order_ref for order in orders}
    assert not set(kept) & set(removed)
    assert [int(ref) for ref in kept] == sorted(int(ref) for ref in kept)
    assert all(removed[order.order_ref] == order for order in orders if order.order_ref in removed)
    for order in orders:
        tried = quantities(order.quantity, size_down=size_down, floor=floor, lot=lot)
        asked = [s.asked_quantity for s in result.steps if s.order_ref == order.order_ref]
        assert tuple(asked) == tried[: len(asked)]
        if order.order_ref in kept:
            assert kept[order.order_ref].quantity == asked[-1]

    total_initial, total_maintenance, left = initial, maintenance, equity
    for order in result.kept:
        change = account.change(order)
        left -= positions[int(order.order_ref)].commission
        total_initial, total_maintenance = total_initial + change[0], total_maintenance + change[1]
        if max(change) <= 0.0:
            continue  # it frees margin, even in an account that is short of it
        rounding = 1e-6 * (1.0 + abs(equity))
        assert total_initial <= left + rounding
        assert total_maintenance <= left + rounding
        # What orders before it free has not saved it: alone it is covered as well.
        alone = equity - positions[int(order.order_ref)].commission
        assert initial + change[0] <= alone + rounding
        assert maintenance + change[1] <= alone + rounding
    if result.basket is not None:
        assert result.basket[1].initial_margin == pytest.approx(total_initial, abs=1e-6)
        assert result.basket[1].maintenance_margin == pytest.approx(total_maintenance, abs=1e-6)
        assert result.basket[1].equity_with_loan == pytest.approx(left, abs=1e-6)
