from datetime import date

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, SchemaError
from core.storage.artefacts import Store
from core.tables import ALL_SCHEMAS, BARS, FEATURES, SCORES, read_table, write_table


def some_bars(**changes):
    columns = {
        "con_id": [2, 1],
        "symbol": ["B", "A"],
        "session": [date(2026, 6, 12), date(2026, 6, 12)],
        "open": [10.0, 20.0],
        "high": [11.0, 21.0],
        "low": [9.0, 19.0],
        "close": [10.5, 20.5],
        "volume": [1000.0, 2000.0],
    }
    return pd.DataFrame(columns | changes)


def test_a_table_comes_back_as_it_went_in_sorted_by_key(tmp_path):
    store = Store(tmp_path)
    artefact = write_table(store, tmp_path / "bars.parquet", some_bars(), BARS)
    back = read_table(store, artefact, BARS)
    assert back["con_id"].tolist() == [1, 2]
    assert back["session"].tolist() == [date(2026, 6, 12)] * 2
    assert artefact.rows == 2


def test_the_file_itself_says_the_units(tmp_path):
    artefact = write_table(Store(tmp_path), tmp_path / "bars.parquet", some_bars(), BARS)
    written = pq.read_schema(tmp_path / artefact.path)
    assert written.field("volume").metadata[b"unit"] == b"shares"


def test_the_same_rows_in_another_order_are_the_same_bytes(tmp_path):
    store = Store(tmp_path)
    one = write_table(store, tmp_path / "a.parquet", some_bars(), BARS)
    two = write_table(store, tmp_path / "b.parquet", some_bars().iloc[::-1], BARS)
    assert one.sha256 == two.sha256


def test_every_problem_is_reported_at_once():
    bad = some_bars(close=[None, -1.0], volume=[float("inf"), 1.0], con_id=[1, 1])
    with pytest.raises(SchemaError) as caught:
        BARS.build(bad)
    assert len(caught.value.problems) == 4
    assert "1 repeated key" in str(caught.value)
    assert "close: 1 null value of 2" in str(caught.value)


def test_missing_and_unknown_columns_are_named():
    with pytest.raises(SchemaError, match=r"'close' is missing[\s\S]*'klose' is not in"):
        BARS.build(some_bars().rename(columns={"close": "klose"}))


def test_nan_in_a_nullable_column_means_not_known(tmp_path):
    store = Store(tmp_path)
    scores = pd.DataFrame(
        {
            "con_id": [1],
            "symbol": ["A"],
            "technical": [float("nan")],
            "fundamental": [0.5],
            "sentiment": [None],
            "coverage": [0.4],
            "alpha_score": [None],
            "volatility": [0.01],
            "expected_return": [None],
        }
    )
    artefact = write_table(store, tmp_path / "scores.parquet", scores, SCORES)
    assert read_table(store, artefact, SCORES)["technical"].isna().all()


def test_a_table_of_another_schema_is_refused(tmp_path):
    store = Store(tmp_path)
    artefact = write_table(store, tmp_path / "bars.parquet", some_bars(), BARS)
    with pytest.raises(DataError, match="holds 'bars', not 'features'"):
        read_table(store, artefact, FEATURES)


def test_an_empty_table_keeps_its_schema(tmp_path):
    store = Store(tmp_path)
    artefact = write_table(store, tmp_path / "bars.parquet", some_bars().iloc[:0], BARS)
    assert read_table(store, artefact, BARS).empty


@pytest.mark.parametrize("schema", ALL_SCHEMAS.values(), ids=lambda s: s.name)
def test_every_schema_names_a_unit_for_each_column_and_a_key_it_has(schema):
    names = [column.name for column in schema.columns]
    assert all(column.unit for column in schema.columns)
    assert set(schema.key) <= set(names)
    assert len(names) == len(set(names))
