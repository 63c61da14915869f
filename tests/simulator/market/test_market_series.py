from datetime import date, timedelta

import numpy as np
import pytest

from simulator.market.market import DailyBar, Split
from simulator.market.series import BarSeries

DAYS = [date(2026, 1, 5) + timedelta(days=i) for i in range(4)]


def a_series(*splits):
    prices = np.array([[10.0, 12, 6, 6], [11, 13, 7, 7], [9, 11, 5, 5], [10, 12, 6, 6.5]])
    return BarSeries(DAYS, prices, np.array([100, 100, 200, 200]), splits)


def test_a_two_for_one_split_halves_what_came_before_and_only_from_its_day_on():
    series = a_series(Split(DAYS[2], 2.0))
    assert [bar.close for bar in series.until(DAYS[1])] == [10.0, 12.0]
    assert [bar.close for bar in series.until(DAYS[2])] == [5.0, 6.0, 6.0]
    assert [bar.volume for bar in series.until(DAYS[2])] == [200, 200, 200]


def test_the_bar_of_a_day_is_as_it_traded():
    series = a_series(Split(DAYS[2], 2.0))
    assert series.on(DAYS[0]) == DailyBar(DAYS[0], 10.0, 11.0, 9.0, 10.0, 100)
    assert series.on(DAYS[0] - timedelta(days=1)) is None
    assert series.on(DAYS[3] + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "part", [slice(None), slice(-2, None), slice(1, 3), slice(None, None, -1), slice(9, 12)]
)
def test_a_view_slices_like_a_list(part):
    view = a_series(Split(DAYS[2], 2.0)).until(DAYS[3])
    assert view[part] == list(view)[part]


def test_a_view_is_indexed_like_a_list():
    view = a_series().until(DAYS[3])
    assert view[-1] == view[3] == list(view)[3]
    with pytest.raises(IndexError):
        view[4]


def test_before_the_first_bar_there_is_nothing():
    assert not a_series().until(DAYS[0] - timedelta(days=1))
