from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.tables import HEADLINES
from signals.sentiment import sentiment_features


@pytest.fixture(scope="session")
def news(make_table, noon):
    def headlines(rows):
        """Rows of (symbol, polarity) or (symbol, polarity, hours before noon)."""
        return make_table(
            HEADLINES,
            [
                {
                    "symbol": symbol,
                    "headline_id": f"{number:04d}",
                    "published": noon - timedelta(hours=age[0] if age else 1),
                    "polarity": polarity,
                }
                for number, (symbol, polarity, *age) in enumerate(rows)
            ],
        )

    return headlines


def test_count_polarity_and_tone_are_worked_out_by_hand(news, noon):
    found = sentiment_features(
        news([("A", -0.6), ("A", -0.3), ("B", 0.3)]), ["A", "B", "C"], now=noon
    )
    assert list(found["headlines_24h"]) == [2, 1, 0]
    np.testing.assert_allclose(found["polarity_24h"], [-0.45, 0.3, np.nan])
    np.testing.assert_allclose(found["sentiment_z"], [-0.9 / 3 / 0.15, 0.3 / 2 / 0.15, np.nan])
    root = np.sqrt(np.array([2, 1, 0]) + 0.375)
    np.testing.assert_allclose(found["attention_z"], 2 * (root - np.sqrt(1.375)))


def test_a_large_cross_section_is_centred_and_scaled_robustly(news, noon):
    symbols = [f"S{i:02d}" for i in range(11)]
    polarity = np.linspace(-1, 1, 11)
    found = sentiment_features(news(zip(symbols, polarity, strict=True)), symbols, now=noon)
    # Tones are half the polarities; their median absolute deviation is 0.3.
    np.testing.assert_allclose(found["sentiment_z"], polarity / 2 / (1.4826 * 0.3), atol=1e-12)


@pytest.mark.parametrize("others", [0, 50])
def test_one_mild_headline_is_never_an_extreme(news, noon, others):
    quiet = [(f"S{i}", 0.0) for i in range(others)]
    found = sentiment_features(news([("A", -0.3), *quiet]), ["A"], now=noon)
    assert -1.5 < found.loc["A", "sentiment_z"] < 0


@pytest.mark.parametrize("others", [0, 50])
def test_truly_bad_news_falls_below_the_floor_of_the_overlay(news, noon, others):
    quiet = [(f"S{i:02d}", 0.1 * (-1) ** i) for i in range(others)]
    symbols = ["A", *(symbol for symbol, _ in quiet)]
    found = sentiment_features(news([("A", -0.7)] * 3 + quiet), symbols, now=noon)
    assert found.loc["A", "sentiment_z"] < -2.5


def test_many_mildly_bad_headlines_are_no_catastrophe(news, noon):
    found = sentiment_features(news([("A", -0.2)] * 40), ["A"], now=noon)
    assert found.loc["A", "sentiment_z"] > -1.5


def test_headlines_that_agree_count_more_than_one_alone(news, noon):
    found = sentiment_features(news([("A", -0.5), *[("B", -0.5)] * 5]), ["A", "B"], now=noon)
    assert found.loc["B", "sentiment_z"] < found.loc["A", "sentiment_z"] < 0


@pytest.mark.parametrize(("age", "counted"), [(0, 1), (23.99, 1), (24, 0), (30, 0), (-0.01, 0)])
def test_only_the_past_24_hours_count_and_never_the_future(news, noon, age, counted):
    found = sentiment_features(news([("A", -0.9, age)]), ["A"], now=noon)
    assert found.loc["A", "headlines_24h"] == counted


def test_an_undated_headline_does_not_count(news, noon):
    table = news([("A", -0.9), ("A", 0.5)])
    table.loc[0, "published"] = pd.NaT
    found = sentiment_features(table, ["A"], now=noon)
    assert found.loc["A", ["headlines_24h", "polarity_24h"]].to_list() == [1, 0.5]


def test_the_same_headline_of_a_symbol_counts_once(news, noon):
    table = news([("A", -0.9), ("A", -0.9), ("B", -0.9)]).assign(headline_id="same")
    found = sentiment_features(table, ["A", "B"], now=noon)
    assert list(found["headlines_24h"]) == [1, 1]


@pytest.mark.parametrize("rows", [[], [("other", -0.9)]])
def test_a_silent_feed_says_nothing(news, noon, rows):
    found = sentiment_features(news(rows), ["A", "B"], now=noon)
    assert list(found["headlines_24h"]) == [0, 0]
    assert found.drop(columns="headlines_24h").isna().all(axis=None)


def test_a_spike_of_headlines_is_attention(news, noon):
    symbols = [f"S{i}" for i in range(20)]
    rows = [(symbol, 0.0) for symbol in symbols] + [("S3", 0.0)] * 15
    found = sentiment_features(news(rows), symbols, now=noon)["attention_z"]
    assert found["S3"] > 4
    assert (found.drop("S3").abs() < 1).all()


def test_a_moment_without_a_zone_is_refused(news):
    with pytest.raises(DataError, match="without a zone"):
        sentiment_features(news([]), ["A"], now=datetime(2026, 6, 15, 11, 0))  # noqa: DTZ001


@given(
    rows=st.lists(st.tuples(st.sampled_from("ABCDEFGHIJKLM"), st.floats(-1, 1)), max_size=40),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_the_headlines_does_not_matter(news, noon, rows, random):
    table = news(rows)
    order = list(range(len(table)))
    random.shuffle(order)
    symbols = list("ABCDEFGHIJKLM")
    found = sentiment_features(table.iloc[order], symbols, now=noon)
    pd.testing.assert_frame_equal(
        found, sentiment_features(table, symbols, now=noon), check_exact=True
    )
    assert np.isfinite(found["sentiment_z"].dropna()).all()
