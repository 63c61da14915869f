import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigurationError, DataError, SchemaError
from core.settings import SignalSettings
from core.tables import FEATURES, SCORE_PARTS, SCORES
from signals.blend import score
from signals.weights import BLOCKS, FEATURE_WEIGHTS

BLOCK_OF = {row.feature: row.block for row in FEATURE_WEIGHTS}


def matrix(**columns):
    """A feature matrix of as many symbols as the columns are long; the rest is not known."""
    count = len(next(iter(columns.values())))
    frame = pd.DataFrame(np.nan, index=range(count), columns=[c.name for c in FEATURES.columns])
    ids = list(range(1, count + 1))
    names = [f"S{i}" for i in ids]
    plain = {"con_id": ids, "symbol": names, "sector": None, "price": 10.0, "previous_close": 10.0}
    return frame.assign(**{**plain, "bar_count": 300, "headlines_24h": 0, **columns})


def every_feature(block, values):
    """Every feature of a block, pointing the good way."""
    return {
        row.feature: np.asarray(values, dtype=float) * row.sign
        for row in FEATURE_WEIGHTS
        if row.block == block
    }


FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]
# Median 3 and MAD 1: each step is 1 / (3 * 1.4826) of a full score.
STEPS = np.array([-2, -1, 0, 1, 2]) / (3 * 1.4826)


def scored(features, **changes):
    result = score(features, settings=SignalSettings(**changes))
    SCORES.build(result.scores)
    SCORE_PARTS.build(result.parts)
    return result


def test_a_day_with_everything_known_is_worked_out_by_hand():
    # Sentiment features are z-scores: a value of 3 is a full score.
    features = matrix(
        **every_feature("technical", FIVE),
        **every_feature("fundamental", FIVE[::-1]),
        **every_feature("sentiment", [0, 0, 0, 0, 1.5]),
    ).assign(volatility_20=[0.05, 0.04, 0.03, 0.02, 0.01])
    found = scored(features).scores
    np.testing.assert_allclose(found["technical"], STEPS)
    np.testing.assert_allclose(found["fundamental"], -STEPS)
    np.testing.assert_allclose(found["sentiment"], [0, 0, 0, 0, 0.5])
    np.testing.assert_allclose(found["coverage"], 1.0)
    alpha = 0.5 * STEPS - 0.3 * STEPS + 0.2 * np.array([0, 0, 0, 0, 0.5])
    np.testing.assert_allclose(found["alpha_score"], alpha, atol=1e-15)
    forecast = 0.03 * features["volatility_20"] * 3 * alpha
    np.testing.assert_allclose(found["expected_return"], forecast, atol=1e-15)


def test_an_unknown_block_is_left_out_and_lowers_the_confidence():
    found = scored(matrix(**every_feature("technical", FIVE))).scores
    assert found[["fundamental", "sentiment"]].isna().all(axis=None)
    np.testing.assert_allclose(found["coverage"], 0.5)
    np.testing.assert_allclose(found["alpha_score"], STEPS * np.sqrt(0.5))


def test_without_technical_there_is_no_alpha():
    found = scored(matrix(**every_feature("fundamental", FIVE))).scores
    assert found["fundamental"].notna().all()
    assert found[["technical", "alpha_score", "expected_return"]].isna().all(axis=None)


def test_a_block_needs_half_of_its_weight():
    # sentiment_z has 0.8 of its block, attention_z 0.2.
    found = scored(matrix(sentiment_z=[3.0, np.nan], attention_z=[np.nan, -3.0])).scores
    np.testing.assert_allclose(found["sentiment"], [1.0, np.nan])
    # 0.15 + 0.20 + 0.10 + 0.05 is exactly half on paper, a hair less or more in floats.
    half = ["earnings_yield", "earnings_yield_vs_sector", "book_yield", "dividend_yield"]
    assert scored(matrix(**dict.fromkeys(half, FIVE))).scores["fundamental"].notna().all()


def test_the_direction_of_a_feature_is_the_one_of_the_table():
    rising = scored(matrix(**dict.fromkeys(BLOCK_OF, FIVE))).parts
    for row in FEATURE_WEIGHTS:
        found = rising[rising["feature"] == row.feature].set_index("con_id")["score"]
        assert np.sign(found[5] - found[1]) == row.sign


def test_a_block_score_is_the_sum_of_its_parts():
    values = every_feature("technical", FIVE)
    values["rsi_14"] = np.array([np.nan, 30.0, 40.0, np.nan, 90.0])
    result = scored(matrix(**values))
    parts = result.parts.assign(product=result.parts["weight"] * result.parts["score"])
    total = parts[parts["block"] == "technical"].groupby("con_id")["product"].sum()
    np.testing.assert_allclose(total, result.scores["technical"])
    shares = parts.groupby(["block", "con_id"])["weight"].sum()
    np.testing.assert_allclose(shares["technical"], 1.0)
    np.testing.assert_allclose(shares["fundamental"], 0.0)
    assert len(parts) == 5 * len(FEATURE_WEIGHTS)


def test_stress_takes_from_the_volatile_half_only():
    features = matrix(**every_feature("technical", FIVE)).assign(
        volatility_20=[0.01, 0.02, 0.03, 0.04, 0.05]
    )
    calm = scored(features).scores["alpha_score"]
    stress = scored(features.assign(risk_off=1.0)).scores["alpha_score"]
    np.testing.assert_allclose(stress, calm * [1, 1, 1, 0.8, 0.6])
    half = scored(features.assign(risk_off=0.5)).scores["alpha_score"]
    np.testing.assert_allclose(half, calm * [1, 1, 1, 0.9, 0.8])


def test_unknown_volatility_counts_as_high_in_stress():
    features = matrix(**every_feature("technical", FIVE)).assign(volatility_20=np.nan)
    calm = scored(features).scores["alpha_score"]
    stress = scored(features.assign(risk_off=1.0)).scores
    np.testing.assert_allclose(stress["alpha_score"], calm * 0.5)
    assert stress[["volatility", "expected_return"]].isna().all(axis=None)


def test_a_pinned_price_is_not_riskless():
    features = matrix(**every_feature("technical", FIVE)).assign(volatility_20=0.0001)
    assert (scored(features).scores["volatility"] == 0.005).all()


def test_a_cross_section_without_spread_expects_nothing():
    found = scored(matrix(**every_feature("technical", [2.0] * 4))).scores
    assert (found[["technical", "alpha_score", "expected_return"]] == 0).all(axis=None)


def test_a_block_without_weight_counts_for_nothing():
    features = matrix(**every_feature("technical", FIVE))
    found = scored(features, fundamental_weight=0.0, sentiment_weight=0.0).scores
    np.testing.assert_allclose(found["coverage"], 1.0)
    np.testing.assert_allclose(found["alpha_score"], STEPS)
    with pytest.raises(ConfigurationError, match="give at least one block a weight"):
        scored(features, technical_weight=0.0, fundamental_weight=0.0, sentiment_weight=0.0)


def test_no_symbols_give_no_scores():
    result = scored(matrix(con_id=[]))
    assert result.scores.empty
    assert result.parts.empty


def test_wrong_tables_are_refused():
    features = matrix(**every_feature("technical", FIVE))
    with pytest.raises(SchemaError, match="'rsi_14' is missing"):
        scored(features.drop(columns="rsi_14"))
    with pytest.raises(DataError, match=r"1 con_id.*for example 3"):
        scored(pd.concat([features, features.iloc[[2]]]))


cells = st.one_of(
    st.just(np.nan),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-3, 3).map(float),
)


@st.composite
def arbitrary_matrices(draw):
    count = draw(st.integers(1, 8))
    names = [*BLOCK_OF, "risk_off"]
    column = st.lists(cells, min_size=count, max_size=count)
    return matrix(**{name: draw(column) for name in names})


@settings(max_examples=25)
@given(features=arbitrary_matrices(), random=st.randoms(use_true_random=False))
def test_scores_are_bounded_and_blind_to_the_order_for_arbitrary_features(features, random):
    result = score(features, settings=SignalSettings())
    for name in (*BLOCKS, "alpha_score"):
        assert result.scores[name].dropna().between(-1, 1).all()
    assert result.scores["coverage"].between(0, 1).all()
    assert result.parts["score"].dropna().between(-1, 1).all()
    assert np.isfinite(result.scores["expected_return"].dropna()).all()
    assert result.scores["con_id"].is_monotonic_increasing
    order = list(features.index)
    random.shuffle(order)
    shuffled = score(features.loc[order], settings=SignalSettings())
    pd.testing.assert_frame_equal(shuffled.scores, result.scores, check_exact=True)
    pd.testing.assert_frame_equal(shuffled.parts, result.parts, check_exact=True)
