"""A snapshot written down, and read back."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.canonical import canonical_json
from tasks.snapshot import holdings_hash, record_of, snapshot_of
from tests.tasks.a_day import a_position, a_snapshot

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
