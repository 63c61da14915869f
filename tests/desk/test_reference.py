"""What the last decision knew of the market, for orders that are judged on their own."""

from datetime import date

import pandas as pd
import pytest

from core.canonical import canonical_json
from core.errors import DataError
from core.settings import Settings
from core.storage.artefacts import write_atomically
from desk.gate.market_context import newest, record_of
from tests.desk.previews.test_previews import preview

TODAY = date(2026, 6, 15)


def put(home, name, moves, sectors):
    days = [date(2026, 1, 1 + number) for number in range(len(moves))]
    record = record_of(pd.Series(moves, index=days, dtype=float), sectors)
    write_atomically(home / "data" / "sim" / "reference" / name, canonical_json(record))


def test_nothing_is_known_before_the_first_decision(tmp_path):
    found = newest(Settings(home=tmp_path), until=TODAY)
    assert found.market is None
    assert found.sectors == {}


def test_the_newest_decision_up_to_the_session_counts(tmp_path):
    put(tmp_path, "2026-06-12.json", [0.1], {1: "Old"})
    put(tmp_path, "2026-06-15.json", [0.2], {1: "Energy"})
    put(tmp_path, "2026-06-15.r2.json", [0.25, float("nan")], {1: "Health"})
    put(tmp_path, "2026-06-16.json", [0.3], {1: "Future"})
    found = newest(Settings(home=tmp_path), until=TODAY)
    assert found.market.to_dict() == {date(2026, 1, 1): 0.25}
    assert found.sectors == {1: "Health"}
    assert newest(Settings(home=tmp_path), until=date(2026, 6, 14)).sectors == {1: "Old"}
    assert newest(Settings(home=tmp_path), until=date(2026, 6, 29)).market is None  # too old


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"market": {"x": 1}, "sectors": {}}'])
def test_a_reference_that_cannot_be_read_is_never_none(tmp_path, content):
    write_atomically(tmp_path / "data" / "sim" / "reference" / "2026-06-15.json", content)
    with pytest.raises(DataError, match=r"reference/2026-06-15\.json cannot be read"):
        newest(Settings(home=tmp_path), until=TODAY)


def test_a_single_order_is_judged_by_the_sectors_of_the_last_decision(desk):
    order = desk.an_order(0)
    put(desk.home, "2026-06-15.json", [], {order.con_id: "Energy"})
    found = {check.name: check for check in preview(desk).checks}
    assert found["largest sector"].detail.startswith("Energy: 0.0")
    assert found["unknown sector"].value == 0.0
    assert not found["beta"].passed  # a market without a day is not the mean of one name
