import pytest

from core.tables import FUNDAMENTAL_FEATURES, SENTIMENT_FEATURES, TECHNICAL_FEATURES
from signals.weights import BLOCKS, FEATURE_WEIGHTS, UNSCORED

FEATURES_OF = {
    "technical": TECHNICAL_FEATURES,
    "fundamental": FUNDAMENTAL_FEATURES,
    "sentiment": SENTIMENT_FEATURES,
}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_feature_is_weighted_once_or_left_out_for_a_reason(block):
    weighted = [row.feature for row in FEATURE_WEIGHTS if row.block == block]
    left_out = [name for name in FEATURES_OF[block] if name in UNSCORED]
    assert sorted(weighted + left_out) == sorted(FEATURES_OF[block])


@pytest.mark.parametrize("block", BLOCKS)
def test_the_weights_of_a_block_add_up_to_one(block):
    total = sum(row.weight for row in FEATURE_WEIGHTS if row.block == block)
    assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("row", FEATURE_WEIGHTS, ids=lambda row: row.feature)
def test_every_row_has_a_direction_a_weight_and_a_reason(row):
    assert row.sign in (-1, 1)
    assert 0 < row.weight <= 1
    assert row.reason
