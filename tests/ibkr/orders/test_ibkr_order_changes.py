"""Changes that never make a second order, and are confirmed by the broker's lists or not at all."""

import math

import pytest

from core.errors import (
    ConfigurationError,
    DataError,
    GatewayUnreachable,
    RequestRefused,
)
from core.money import Rates
from core.types import OrderStatus, Side
from tests.ibkr.account_messages import GLOBAL_CANCEL
from tests.ibkr.conftest import WITHOUT_END
from tests.ibkr.fake_gateway import (
    PLACE,
    STOCK,
    completed_order,
    error,
    open_order,
    order_status,
)
from tests.ibkr.fake_orders import an_order, lists


class Book:
    """One working order at the broker, which takes changes, or does what the test says."""

    def __init__(self, *, quantity=10, limit=100.0, client_id=12, filled=0, take=True, say=None):
        self.terms = {"quantity": quantity, "limit": limit}
        self.client_id, self.filled, self.take, self.say = client_id, filled, take, say
        self.over = None

    def place(self, gateway, fields):
        if self.take:
            self.terms = {"quantity": int(fields[17]), "limit": float(fields[19])}
        if self.say:
            gateway.say(error(fields[1], *self.say))

    def opened(self):
        if self.over:
            return []
        status = order_status(41, "Submitted", filled=self.filled, client_id=self.client_id)
        return [open_order(41, "one", client_id=self.client_id, **self.terms), status]

    def completed(self):
        return [self.over] if self.over else []

    @property
    def answers(self):
        return {PLACE: self.place, **lists(opened=self.opened, completed=self.completed)}


def test_a_change_goes_out_under_the_id_that_the_broker_states_and_is_confirmed(orders):
    book = Book()
    gateway, tools = orders(book.answers)
    change = tools.modify(an_order(limit_price=101.0, quantity=7), timeout=3)
    assert change.confirmed
    assert (change.state.status, change.state.quantity) == (OrderStatus.WORKING, 7.0)
    (sent,) = gateway.asked(PLACE)
    assert (sent[1], len(sent), sent[26]) == ("41", 114, "one")


def test_an_order_that_has_these_terms_already_is_left_alone(orders):
    gateway, tools = orders(Book().answers)
    assert tools.modify(an_order(), timeout=3).confirmed
    assert not gateway.asked(PLACE)


@pytest.mark.parametrize(
    ("book", "changes", "said"),
    [
        ({}, {"order_ref": "two"}, "knows no order two"),
        ({}, {"con_id": 1, "quantity": 5}, "not BUY AAPL"),
        ({}, {"side": Side.SELL, "quantity": 5}, "not SELL AAPL"),
        ({"filled": 6}, {"quantity": 6}, "6 of order one are filled"),
        ({}, {"limit_price": math.nan}, "limit price nan"),
        ({}, {"quantity": 0}, "quantity 0"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_before_the_wire(orders, book, changes, said):
    gateway, tools = orders(Book(**book).answers)
    with pytest.raises(DataError, match=said):
        tools.modify(an_order(**{"limit_price": 101.0} | changes), timeout=3)
    assert not gateway.asked(PLACE)


def test_an_order_that_is_over_is_never_sent_again_as_a_change(orders):
    # Under an id that is over the gateway could take it for a new order.
    book = Book()
    book.over = completed_order("one")
    gateway, tools = orders(book.answers)
    with pytest.raises(DataError, match="filled already"):
        tools.modify(an_order(limit_price=101.0), timeout=3)
    assert not gateway.asked(PLACE)


def test_the_order_of_another_client_is_never_changed(orders):
    # The same number under our own client id would be a new order.
    gateway, tools = orders(Book(client_id=3).answers)
    with pytest.raises(RequestRefused, match="sent by client id 3"):
        tools.modify(an_order(limit_price=101.0), timeout=3)
    assert not gateway.asked(PLACE)


@pytest.mark.parametrize("code", [110, 201, 104, 105])
def test_a_refused_change_leaves_the_order_as_it_was_and_says_so_at_once(orders, code):
    _, tools = orders(Book(take=False, say=(code, "because")).answers)
    change = tools.modify(an_order(limit_price=101.0), timeout=WITHOUT_END)
    assert not change.confirmed
    assert f"{code}: because" in change.reason
    assert change.state.status is OrderStatus.WORKING


def test_a_change_that_nobody_confirms_is_not_confirmed(orders):
    _, tools = orders(Book(take=False).answers)
    change = tools.modify(an_order(limit_price=101.0), timeout=0.3)
    assert not change.confirmed
    assert "not confirmed within 0.3 s" in change.state.message


def test_an_order_that_fills_before_the_change_arrives_is_filled_not_changed(orders):
    book = Book(take=False)
    answers = book.answers

    def too_late(_gateway, _fields):
        book.over = completed_order("one")

    _, tools = orders(answers | {PLACE: too_late})
    change = tools.modify(an_order(quantity=7), timeout=5)
    assert (change.confirmed, change.state.status) == (False, OrderStatus.FILLED)
    assert "filled before the change arrived" in change.reason


def test_a_line_that_breaks_after_a_change_leaves_its_fate_unknown_not_done(orders):
    _, tools = orders(Book().answers | {PLACE: lambda g, _f: g.drop()})
    change = tools.modify(an_order(limit_price=101.0), timeout=5)
    assert not change.confirmed
    assert "outcome is unknown" in change.reason


# A line for market data


def test_a_line_for_market_data_changes_nothing(orders):
    gateway, tools = orders(Book().answers, for_orders=False)
    for verb in (
        lambda: tools.modify(an_order(), timeout=1),
        lambda: tools.cancel_everything(timeout=1),
        lambda: tools.what_if_basket([an_order()], rates=Rates("USD")),
    ):
        with pytest.raises(ConfigurationError, match="for market data"):
            verb()
    assert not gateway.asked(PLACE)
    assert not gateway.asked(GLOBAL_CANCEL)
    assert tools.open_orders().orders[0].con_id == STOCK[0]


def test_nothing_is_changed_while_the_gateway_has_lost_ibkr(orders):
    book = Book()
    said = [error(-1, 1100, "lost")]
    gateway, tools = orders(book.answers | lists(opened=lambda: said + book.opened()))
    tools.open_orders()
    with pytest.raises(GatewayUnreachable, match="1100"):
        tools.modify(an_order(limit_price=101.0), timeout=1)
    assert not gateway.asked(PLACE)
