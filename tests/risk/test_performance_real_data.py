"""The measures of real returns, against their textbook definitions in plain Python and pandas."""

import math
from fractions import Fraction
from itertools import accumulate, combinations, groupby
from operator import mul
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pandas as pd
import pytest

from risk import drawdowns as d
from risk import performance as p

BARS = Path(__file__).resolve().parents[2] / "../shared/data/sp500_daily_2025_2026_yahoo.parquet"
LEVEL = Fraction(95, 100)

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def universe():
    """Daily returns of every symbol with a whole history, false jumps left out."""
    if not BARS.is_file():
        pytest.skip("the real market data is not beside the checkout")
    bars = pd.read_parquet(BARS, columns=["date", "symbol", "adj_close"])
    bars = bars[pd.to_datetime(bars["date"]) < "2026-06-15"]
    closes = bars.pivot_table(index="date", columns="symbol", values="adj_close").sort_index()
    closes = closes[closes.notna().sum(axis=1) > 500]  # the first days hold only a few symbols
    returns = closes.pct_change(fill_method=None).iloc[1:].dropna(axis="columns")
    whole = returns.loc[:, returns.abs().max() < 0.35]
    assert whole.shape[1] > 400
    return whole


@pytest.fixture(scope="module", params=["equal weight", "best", "worst", "wildest", "calmest"])
def returns(universe, request):
    """One real past: the universe in equal parts, or one symbol of it."""
    grown = (1.0 + universe).prod()
    pick = {
        "best": grown.idxmax(),
        "worst": grown.idxmin(),
        "wildest": universe.std().idxmax(),
        "calmest": universe.std().idxmin(),
    }
    series = (
        universe.mean(axis=1) if request.param == "equal weight" else universe[pick[request.param]]
    )
    assert len(series) > 200
    return series


@pytest.fixture
def days(returns):
    return [float(value) for value in returns]


@pytest.fixture
def found(returns):
    return p.performance(returns.to_numpy())


def equity(days):
    return list(accumulate((1.0 + day for day in days), mul, initial=1.0))


def test_growth_and_risk(found, days):
    years = len(days) / 252
    assert 1.0 + found.total_return == pytest.approx(equity(days)[-1])
    assert math.log1p(found.annual_return) == pytest.approx(math.log(equity(days)[-1]) / years)
    assert found.annual_volatility == pytest.approx(stdev(days) * math.sqrt(252))
    ratio = fmean(days) * 252 / (stdev(days) * math.sqrt(252))
    assert found.sharpe_ratio == pytest.approx(ratio)
    # Lo's error of a year's ratio, written with the ratio of a year.
    assert found.sharpe_error**2 == pytest.approx((252 + ratio**2 / 2) / len(days))


def test_a_risk_free_rate_is_taken_off_every_day(returns, days):
    daily = math.exp(math.log(1.04) / 252) - 1.0
    excess = [day - daily for day in days]
    arr = returns.to_numpy()
    assert p.sharpe_ratio(arr, risk_free=0.04) == pytest.approx(
        fmean(excess) / stdev(excess) * math.sqrt(252)
    )
    below = math.fsum(day * day for day in excess if day < 0.0) / len(excess)
    assert p.sortino_ratio(arr, risk_free=0.04) == pytest.approx(
        fmean(excess) * math.sqrt(252) / math.sqrt(below)
    )


def test_downside_and_sortino(found, returns):
    losses = returns[returns < 0.0]
    downside = (losses.pow(2).sum() / returns.size * 252) ** 0.5
    assert p.downside_deviation(returns.to_numpy()) == pytest.approx(downside)
    assert found.sortino_ratio == pytest.approx(returns.mean() * 252 / downside)


def test_the_deepest_drawdown_is_the_worst_of_all_pairs_of_closes(found, returns, days):
    curve = equity(days)
    fall, at, low = min(
        (later / earlier - 1.0, i, j)
        for (i, earlier), (j, later) in combinations(enumerate(curve), 2)
    )
    assert found.max_drawdown == pytest.approx(fall)
    timed = d.deepest_drawdown(returns.to_numpy())
    assert timed.fall == low - at
    back = [j for j in range(low, len(curve)) if curve[j] >= curve[at]]
    assert timed.recovery == (back[0] - low if back else None)
    growth = math.pow(curve[-1], 252 / len(days)) - 1.0
    assert found.calmar_ratio == pytest.approx(growth / abs(fall))


def test_the_longest_drawdown_is_the_longest_run_below_the_high(returns):
    curve = (1.0 + returns).cumprod()
    below = curve < curve.cummax().clip(lower=1.0)
    runs = [len(list(run)) for is_below, run in groupby(below) if is_below]
    assert d.longest_drawdown(returns.to_numpy()) == max(runs)


def test_value_at_risk_is_the_smallest_loss_that_95_in_100_days_kept_to(found, days):
    losses = sorted(-day for day in days)
    kept = next(loss for at, loss in enumerate(losses, start=1) if Fraction(at, len(days)) >= LEVEL)
    # Where 5 % is a whole number of days the quantile is not unique; ours is the larger loss.
    exact = (len(days) * (1 - LEVEL)).denominator == 1
    assert found.value_at_risk == pytest.approx(
        losses[losses.index(kept) + exact] if exact else kept
    )


def test_cvar_is_the_least_of_rockafellar_and_uryasevs_function(found, days):
    # CVaR = min over t of t + E[(loss - t)+] / (1 - level); the least is at one of the losses.
    losses = [-day for day in days]
    beyond = float(1 - LEVEL)
    least = min(t + fmean(max(loss - t, 0.0) for loss in losses) / beyond for t in losses)
    assert found.cvar == pytest.approx(least)


def test_the_shape_is_that_of_pandas(found, returns):
    assert found.skewness == pytest.approx(returns.skew())
    assert found.excess_kurtosis == pytest.approx(returns.kurt())


def test_gains_and_losses(found, returns):
    by_sign = returns.groupby(np.sign(returns))
    assert found.profit_factor == pytest.approx(by_sign.sum()[1.0] / -by_sign.sum()[-1.0])
    hits, misses = by_sign.size()[1.0], by_sign.size()[-1.0]
    assert found.hit_rate == pytest.approx(hits / (hits + misses))


def test_turnover_of_a_portfolio_that_is_put_back_to_equal_parts_every_day(universe):
    # Worth 1 before each trade: every part has drifted to (1 + r) / (1 + mean r) of its share.
    parts = universe.shape[1]
    traded = [
        math.fsum(abs((1.0 + r) / (1.0 + fmean(row)) - 1.0) / parts for r in row)
        for row in universe.to_numpy().tolist()
    ]
    drifted = (1.0 + universe).div(1.0 + universe.mean(axis=1), axis=0)
    value = (drifted - 1.0).abs().mean(axis=1) * 1e6
    turnover = [p.two_way_turnover(each, net_asset_value=1e6) for each in value]
    assert turnover == pytest.approx(traded)
    assert p.mean_turnover(np.array(turnover)) == pytest.approx(fmean(traded))
    bought = (drifted - 1.0).clip(upper=0.0).sum(axis=1).abs() / parts
    one_way = [p.one_way_turnover(each, net_asset_value=1e6) for each in value]
    assert one_way == pytest.approx(bought.tolist())  # what is bought is what is sold
