"""The rehearsal's table of answers, one row at a time."""

from dataclasses import replace

import pytest

from core.errors import GatewayTimeout, GatewayUnreachable, RequestRefused
from core.types import Order, OrderType, Side, WhatIf
from risk.rehearsal import Action, rehearse


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


def rehearsed(broker, *orders, lot=100, size_down=0.20):
    return rehearse(orders, broker, size_down=size_down, lot=lambda _: lot)


def actions(rehearsal):
    return [(step.asked_quantity, step.action) for step in rehearsal.steps]


def test_covered_margin_keeps_the_order_as_it_is():
    order = an_order()
    result = rehearsed(Broker(5000.0), order)
    assert result.kept == (order,)
    assert result.removed == ()
    assert actions(result) == [(1000, Action.KEPT)]


@pytest.mark.parametrize(
    ("equity", "kept", "steps"),
    [
        (4999.0, 800, [(1000, Action.SIZED_DOWN), (800, Action.KEPT)]),
        (4000.0, 800, [(1000, Action.SIZED_DOWN), (800, Action.KEPT)]),
        (3999.0, None, [(1000, Action.SIZED_DOWN), (800, Action.REMOVED)]),
    ],
)
def test_exceeded_margin_sizes_down_a_fifth_and_asks_once_more(equity, kept, steps):
    broker = Broker(equity)
    result = rehearsed(broker, an_order())
    assert [order.quantity for order in result.kept] == ([kept] if kept else [])
    assert [order.quantity for order in result.removed] == ([] if kept else [1000])
    assert actions(result) == steps
    assert [order.order_ref for order in broker.asked] == ["a", "a"]


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
    assert actions(result)[1:3] == [(1000, Action.SIZED_DOWN), (800, Action.REMOVED)]


def test_margin_that_a_sale_would_free_pays_only_for_others_in_the_basket():
    sale = replace(an_order("s"), side=Side.SELL)
    # Each purchase fits alone; together they fit because the sale is in the basket.
    both = rehearsed(Broker(6000.0), sale, an_order("a"), an_order("b"))
    assert [order.order_ref for order in both.kept] == ["s", "a", "b"]
    # One that does not fit alone is not saved by it.
    alone = rehearsed(Broker(3000.0), sale, an_order("a"))
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
            return Broker(3500.0 if order.order_ref == "c" else 1e9)(order)

    orders = [an_order(ref) for ref in "abcd"]
    result = rehearsed(Moody(), *orders)
    assert [order.order_ref for order in result.kept] == ["a", "d"]
    assert [order.order_ref for order in result.removed] == ["b", "c"]
    assert [step.order_ref for step in result.steps] == ["a", "b", "c", "c", "d"]


def test_nothing_to_rehearse_is_nothing_kept():
    assert rehearsed(Broker(0.0)).steps == ()
