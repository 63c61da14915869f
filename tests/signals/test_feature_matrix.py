from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.tables import (
    BARS,
    FEATURES,
    FUNDAMENTALS,
    HEADLINES,
    MACRO,
    QUOTES,
    TEXT,
    UNIVERSE,
)
from signals.features import feature_matrix
from signals.technical import technical_features


def test_every_symbol_has_one_row_of_everything_known(world, noon):
    matrix = feature_matrix(*world.tables(), as_of=noon)
    FEATURES.build(matrix.features)
    assert matrix.dropped == {}
    assert list(matrix.features["con_id"]) == [1, 2, 3, 4]
    row = matrix.features.iloc[0]
    assert row["price"] == 50.0
    assert row["spread_bps"] == pytest.approx(400.0)
    assert row["earnings_yield"] == pytest.approx(0.1)
    assert (row["headlines_24h"], row["polarity_24h"]) == (1, -0.5)
    assert row["risk_off"] == 1.0
    technical = technical_features(world.bars[world.bars["con_id"] == 1]).loc[1]
    assert row["rsi_14"] == technical["rsi_14"]
    assert row["previous_close"] == world.bars.query("con_id == 1")["close"].iloc[-1]


def test_features_are_joined_to_the_right_symbol(world, noon):
    features = feature_matrix(*world.tables(), as_of=noon).features.set_index("symbol")
    np.testing.assert_allclose(features["earnings_yield"], [1 / 10, 1 / 20, 1 / 30, 1 / 40])
    for symbol, bars in world.bars.groupby("symbol"):
        assert features.loc[symbol, "previous_close"] == bars["close"].iloc[-1]


def test_the_order_of_all_rows_does_not_matter(world, noon):
    shuffled = [table.sample(frac=1.0, random_state=5) for table in world.tables()]
    pd.testing.assert_frame_equal(
        feature_matrix(*shuffled, as_of=noon).features,
        feature_matrix(*world.tables(), as_of=noon).features,
        check_exact=True,
    )


def read_back(schema, frame):
    """A frame as `core.tables.read_table` returns it; text that is not given is a dash."""
    texts = {c.name: "-" for c in schema.columns if c.type == TEXT and not c.nullable}
    rest = {"as_of": pd.Timestamp(0, tz="UTC"), "min_tick": 0.01, "price_magnifier": 1}
    given = {n: v for n, v in (texts | rest).items() if n in frame.columns}
    filled = {n: frame[n].astype(object).where(frame[n].notna(), v) for n, v in given.items()}
    return schema.build(frame.assign(**filled)).to_pandas(date_as_object=True)


def test_tables_that_were_written_and_read_give_the_same_matrix(world, noon):
    schemas = (UNIVERSE, QUOTES, BARS, FUNDAMENTALS, HEADLINES, MACRO)
    tables = [read_back(s, t) for s, t in zip(schemas, world.tables(), strict=True)]
    found = feature_matrix(*tables, as_of=noon).features
    wanted = feature_matrix(*world.tables(), as_of=noon).features
    assert FEATURES.build(found).equals(FEATURES.build(wanted))
    emptied = [*tables[:3], *(t.iloc[:0] for t in tables[3:])]
    assert len(feature_matrix(*emptied, as_of=noon).features) == 4


def test_nothing_from_the_future_changes_anything(world, noon):
    wanted = feature_matrix(*world.tables(), as_of=noon).features
    today = world.bars.groupby("con_id").tail(1).assign(session=noon.date(), close=1.0, low=1.0)
    tomorrow = today.assign(session=noon.date() + timedelta(days=1))
    world.bars = pd.concat([world.bars, today, tomorrow])
    late = world.headlines.assign(
        headline_id="late", polarity=1.0, published=pd.Timestamp(noon) + timedelta(minutes=1)
    )
    world.headlines = pd.concat([world.headlines, late])
    found = feature_matrix(*world.tables(), as_of=noon).features
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


def test_the_bar_of_a_closed_session_is_known_the_same_evening(world, noon):
    close = world.bars.groupby("con_id").tail(1).assign(session=noon.date(), close=42.0)
    world.bars = pd.concat([world.bars, close.assign(low=42.0)])
    evening = noon + timedelta(hours=10)
    features = feature_matrix(*world.tables(), as_of=evening).features
    assert (features["previous_close"] == 42.0).all()


@pytest.mark.parametrize(("known_on", "known"), [
    (date(2026, 6, 15), True),
    (date(2026, 6, 16), False),
    (date(2025, 5, 12), True),
    (date(2025, 5, 10), False),
])  # fmt: skip
def test_fundamentals_count_once_published_and_for_400_days(world, noon, known_on, known):
    world.fundamentals["known_on"] = known_on
    features = feature_matrix(*world.tables(), as_of=noon).features
    assert features["earnings_yield"].notna().all() == known
    FEATURES.build(features)


@pytest.mark.parametrize(("quote", "price", "spread"), [
    ({"bid": 99.0, "ask": 101.0, "last": 90.0, "close": 80.0}, 100.0, 200.0),
    ({"bid": 99.0, "ask": None, "last": 90.0, "close": 80.0}, 90.0, None),
    ({"bid": 101.0, "ask": 99.0, "last": 90.0, "close": 80.0}, 90.0, None),
    ({"bid": None, "ask": None, "last": np.nan, "close": 80.0}, 80.0, None),
    ({"bid": -1.0, "ask": np.inf, "last": 0.0, "close": 80.0}, 80.0, None),
])  # fmt: skip
def test_a_price_is_the_midpoint_else_the_last_trade_else_the_close(
    world, noon, quote, price, spread
):
    world.quotes = world.quotes.assign(**quote)
    row = feature_matrix(*world.tables(), as_of=noon).features.iloc[0]
    assert row["price"] == price
    assert np.isnan(row["spread_bps"]) if spread is None else row["spread_bps"] == spread


def test_symbols_that_cannot_be_used_are_named_with_every_reason(world, noon):
    world.quotes = world.quotes[world.quotes["con_id"] != 1]
    world.bars = world.bars[world.bars["con_id"] != 1]
    short = world.bars["con_id"].eq(2) & world.bars.groupby("con_id").cumcount().lt(201)
    old = world.bars["con_id"].eq(3) & (world.bars["session"] > date(2026, 6, 1))
    world.bars = world.bars[~short & ~old]
    matrix = feature_matrix(*world.tables(), as_of=noon)
    assert list(matrix.features["symbol"]) == ["S4"]
    assert matrix.dropped == {
        "S1": "no price in its quote; 0 daily bars, 60 needed",
        "S2": "59 daily bars, 60 needed",
        "S3": "last bar 11 days before the last complete session",
    }


def test_bars_of_nan_are_no_bars(world, noon):
    world.bars.loc[world.bars["con_id"] == 2, "close"] = np.nan
    dropped = feature_matrix(*world.tables(), as_of=noon).dropped
    assert dropped == {"S2": "0 daily bars, 60 needed"}


def test_without_vendors_the_day_goes_on_and_says_not_known(world, noon):
    world.fundamentals = world.fundamentals.iloc[:0]
    world.headlines = world.headlines.iloc[:0]
    world.macro = world.macro.iloc[:0]
    features = feature_matrix(*world.tables(), as_of=noon).features
    FEATURES.build(features)
    assert features[["earnings_yield", "sentiment_z", "risk_off"]].isna().all(axis=None)


def test_without_quotes_and_bars_the_matrix_is_empty_and_says_why(world, noon):
    world.quotes, world.bars = world.quotes.iloc[:0], world.bars.iloc[:0]
    matrix = feature_matrix(*world.tables(), as_of=noon)
    assert FEATURES.build(matrix.features).num_rows == 0
    assert list(matrix.dropped) == ["S1", "S2", "S3", "S4"]


def test_all_repeated_keys_are_named_at_once(world, noon):
    world.universe = pd.concat([world.universe, world.universe.iloc[[0]]])
    world.quotes = pd.concat([world.quotes, world.quotes.iloc[[1]]])
    with pytest.raises(DataError, match=r"symbol S4 \(1.*con_id 4 \(1.*quotes con_id 3 \(1"):
        feature_matrix(*world.tables(), as_of=noon)


def test_a_decision_needs_a_zone(world):
    with pytest.raises(DataError, match="with a zone"):
        feature_matrix(*world.tables(), as_of=datetime(2026, 6, 15, 11, 0))  # noqa: DTZ001
