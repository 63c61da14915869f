"""A snapshot written down, and read back."""

import json
from dataclasses import asdict, replace

from hypothesis import given
from hypothesis import strategies as st

from core.calendar import session
from core.canonical import canonical_json
from core.decoding import decode
from core.types import Fill, Leg, OrderState, OrderStatus, Side
from desk.orders.open_orders import working_orders
from tasks.decide.snapshot import holdings_hash, record_of, snapshot_of
from tests.tasks.a_day import MONDAY, a_position, a_snapshot

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSITIONS = st.lists(
    st.builds(
        a_position,
        con_id=st.integers(1, 2**40),
        symbol=st.text("ABC.", min_size=1, max_size=4),
        quantity=NUMBERS,
        market_value=NUMBERS,
    ),
    unique_by=lambda position: position.con_id,
    max_size=6,
)


@given(POSITIONS)
def test_a_snapshot_written_as_json_reads_back_the_same(positions):
    snapshot = a_snapshot(*positions)
    plain = json.loads(canonical_json(record_of(snapshot)))
    assert {p.con_id: p for p in snapshot_of(plain).positions} == {p.con_id: p for p in positions}
    assert replace(snapshot_of(plain), positions=()) == replace(snapshot, positions=())


def test_working_orders_written_as_json_read_back_the_same():
    leg = Leg(7, Side.SELL, 2)
    plain = OrderState("", 1, "ABC", Side.BUY, 100.0, OrderStatus.WORKING, 30.0, 9, "held")
    states = (plain, replace(plain, order_ref="DB1:A", side=Side.SELL, legs=(leg,)))
    written = json.loads(canonical_json([asdict(state) for state in states]))
    assert decode(tuple[OrderState, ...], written) == states


class Trading:
    """Shows two orders of ours, one of them over, and one by hand."""

    fill = Fill("e1", "DB1:A", 1, "ABC", Side.BUY, 30.0, 10.0, session(MONDAY).open, 1.0)
    works = OrderState(
        "DB1:A", 1, "ABC", Side.BUY, 100.0, OrderStatus.WORKING, 30.0, 9, "", (fill,)
    )

    def order_states(self):
        over = replace(self.works, order_ref="DB1:B", status=OrderStatus.FILLED)
        return {"DB1:A": self.works, "DB1:B": over}

    def orders_by_hand(self):
        return (replace(self.works, order_ref="", fills=()),)


def test_whatever_may_still_trade_is_taken_down_whoever_placed_it():
    shown = working_orders(Trading())
    assert [state.order_ref for state in shown] == ["DB1:A", ""]
    assert all(state.fills == () and state.filled == 30.0 for state in shown)


def test_two_listings_of_one_symbol_are_two_positions():
    positions = a_position(con_id=1), a_position(con_id=2, quantity=-5.0)
    plain = json.loads(canonical_json(record_of(a_snapshot(*positions))))
    assert list(plain["positions"]) == ["ABC", "ABC (2)"]
    assert snapshot_of(plain).positions == positions


def test_the_hash_of_holdings_is_about_what_is_held_and_not_about_what_it_is_worth():
    held = holdings_hash(a_snapshot(a_position()))
    assert holdings_hash(a_snapshot(a_position(market_price=11.0), cash=1.0)) == held
    assert holdings_hash(a_snapshot(a_position(quantity=101.0))) != held
    assert holdings_hash(a_snapshot(a_position(con_id=2))) != held
    assert holdings_hash(a_snapshot()) != held
    assert holdings_hash(a_snapshot(a_position(), account="DU2")) != held
