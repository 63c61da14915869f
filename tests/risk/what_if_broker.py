"""A broker that answers what-ifs as its margin says, or does not answer."""

from core.types import Order, OrderType, Side, WhatIf
from risk.what_if_answers import Action
from risk.what_if_size_down import what_if_basket


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


def asked_about(broker, *orders, lot=100, size_down=0.20, floor=0.40):
    return what_if_basket(orders, broker, size_down=size_down, floor=floor, lot=lambda _: lot)


def actions(found):
    return [(step.asked_quantity, step.action) for step in found.steps]


DOWN = Action.SIZED_DOWN


class Fails:
    def __init__(self, error):
        self.error = error

    def __call__(self, order):
        raise self.error
