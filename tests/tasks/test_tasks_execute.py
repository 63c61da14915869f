"""What became of the orders, as tables and in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.canonical import canonical_json, plain
from core.money import Money, Rates
from core.tables import FILLS
from core.types import Fill, OrderState, OrderStatus, Side
from desk.orders.submission import Submission
from review.states import average_price, order_reports
from tasks.trade.fills import fills_table
from tasks.trade.submit import submission_note


def a_fill(**changes):
    plain = Fill(
        execution_id="e1", order_ref="ref", con_id=1, symbol="ABC", side=Side.BUY, quantity=100.0,
        price=10.0, time=datetime(2026, 6, 15, 13, 30, tzinfo=UTC), commission=Money(1.0, "USD"),
    )  # fmt: skip
    return replace(plain, **changes)


def a_state(*fills, **changes):
    plain = OrderState(
        order_ref="ref", con_id=1, symbol="ABC", side=Side.BUY, quantity=300.0,
        status=OrderStatus.FILLED, filled=sum(f.quantity for f in fills), perm_id=7, fills=fills,
    )  # fmt: skip
    return replace(plain, **changes)


def test_fills_become_a_table_of_their_schema():
    unrated = a_fill(execution_id="e3", commission=Money(1.0, "JPY"))
    state = a_state(a_fill(), a_fill(execution_id="e2", commission=None), unrated)
    table = FILLS.build(fills_table([state], Rates("EUR", {"USD": 0.8})))
    assert table["execution_id"].to_pylist() == ["e1", "e2", "e3"]
    assert table["commission"].to_pylist() == [0.8, None, None]  # in the base currency


def test_no_fill_is_an_empty_table_of_the_same_schema():
    assert FILLS.build(fills_table([a_state()], Rates("USD"))).num_rows == 0


def test_an_average_price_is_weighted_by_quantity():
    state = a_state(a_fill(), a_fill(execution_id="e2", quantity=300.0, price=12.0))
    assert average_price(state) == pytest.approx(11.5)


def test_an_order_without_a_fill_has_no_average_price():
    assert average_price(a_state()) is None
    assert order_reports([a_state()], {})[0].average_price is None


def test_states_are_plain_json():
    assert b'"status":"filled"' in canonical_json(plain(order_reports([a_state(a_fill())], {})))


def test_the_note_on_a_submission_names_uncertain_orders_first():
    states = (a_state(), a_state(symbol="XYZ", status=OrderStatus.UNCERTAIN))
    note = submission_note(Submission(states, sent=2))
    assert note.startswith("UNCERTAIN XYZ: look at the broker")
    assert "2 sent, 2 in all: 1 filled, 1 uncertain" in note
    assert submission_note(Submission(states[:1], sent=0)) == "0 sent, 1 in all: 1 filled"
