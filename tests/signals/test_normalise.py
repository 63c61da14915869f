import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.normalise import clipped_score, robust_score


def series(*values):
    return pd.Series(values, dtype=float)


def test_scores_are_distances_in_robust_deviations_over_three():
    # Median 3, absolute deviations 2 1 0 1 97, so MAD 1 and sigma 1.4826.
    found = robust_score(series(1, 2, 3, 4, 100))
    np.testing.assert_allclose(found, [-2 / 4.4478, -1 / 4.4478, 0, 1 / 4.4478, 1])


def test_one_bad_print_does_not_move_the_others():
    sane = robust_score(series(1, 2, 3, 4, 5))
    mad = robust_score(series(1, 2, 3, 4, 5e9))
    np.testing.assert_allclose(mad[:4], sane[:4])


def test_a_cross_section_without_spread_scores_zero_and_keeps_the_unknown():
    np.testing.assert_array_equal(robust_score(series(7, np.nan, 7, 7)), [0, np.nan, 0, 0])
    np.testing.assert_array_equal(robust_score(series(7)), [0])


def test_rounding_noise_is_no_spread():
    np.testing.assert_array_equal(robust_score(0.1 + series(0, 1e-17, 3e-17, 2e-17)), [0] * 4)


def test_spread_is_seen_although_most_values_are_equal():
    found = robust_score(series(0, 0, 0, 0, 1, -1))
    assert found[4] > 0 > found[5]
    assert (found[:4] == 0).all()


@pytest.mark.parametrize("absurd", [np.inf, -np.inf, 1e300, np.nan])
def test_an_absurd_value_is_not_known(absurd):
    found = robust_score(series(1, 2, 3, absurd))
    assert np.isnan(found[3])
    np.testing.assert_allclose(found[:3], robust_score(series(1, 2, 3)))


def test_z_scores_are_clipped_as_they_are():
    np.testing.assert_allclose(
        clipped_score(series(-6, -1.5, 0, 3, np.nan, np.inf)), [-1, -0.5, 0, 1, np.nan, np.nan]
    )


numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30)


@given(numbers)
def test_scores_never_leave_minus_one_to_one(values):
    found = robust_score(series(*values)).dropna()
    assert found.between(-1, 1).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_a_higher_value_never_scores_lower(values):
    found = robust_score(series(*values))
    assert (found[np.argsort(values)].diff().dropna() >= 0).all()
