"""No improper answer of the broker is ever a pass, and no basket exceeds the equity."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GatewayTimeout, GatewayUnreachable, RequestRefused
from core.types import WhatIf
from risk.what_if_answers import Action
from risk.what_if_size_down import quantities
from tests.risk.what_if_broker import DOWN, Broker, Fails, an_order, asked_about


class Answers:
    """A broker that says what it is told, or raises it."""

    def __init__(self, **changes):
        self.changes = changes

    def __call__(self, order):
        return replace(Broker(1e9)(order), **self.changes)


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
    result = asked_about(broker, order)
    assert result.kept == ()
    assert result.removed == (order,)
    assert result.flagged == result.steps
    assert said in result.steps[0].reason


def test_a_lost_connection_ends_the_what_if_instead_of_halving_the_basket():
    with pytest.raises(GatewayUnreachable):
        asked_about(Fails(GatewayUnreachable("connection lost")), an_order())


def test_every_order_is_accounted_for_once_and_in_order():
    class Moody:
        def __call__(self, order):
            if order.order_ref == "b":
                raise GatewayTimeout("silence")
            return Broker(1500.0 if order.order_ref == "c" else 1e9)(order)

    orders = [an_order(ref) for ref in "abcd"]
    result = asked_about(Moody(), *orders)
    assert [order.order_ref for order in result.kept] == ["a", "d"]
    assert [order.order_ref for order in result.removed] == ["b", "c"]
    assert [step.order_ref for step in result.steps] == [*"ab", *"cccc", "d"]


def test_nothing_to_ask_about_is_nothing_kept():
    assert asked_about(Broker(0.0)).steps == ()


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
    result = asked_about(SilentAt(quantity), an_order())
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
    result = asked_about(Rejects(3000.0), an_order("a"), an_order("b"))
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
    result = asked_about(account, *orders, lot=lot, size_down=size_down, floor=floor)

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
