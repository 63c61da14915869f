"""Rounding breaks no limit that the target kept: gross, single, cash, turnover, groups, beta."""

import itertools
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import DataError
from optimiser.lots.share_portfolio import PortfolioLimits
from tests.optimiser.lot_worlds import NAV, NEAR, broken_by, reachable, rounded, weights_of, worlds


@settings(max_examples=400)
@given(world=worlds(), even=st.booleans(), band=st.sampled_from([0.0, 0.002, 0.02]))
def test_whatever_is_said_to_be_kept_is_kept(world, even, band):
    target, prices, current, limits = world
    result = rounded(target, prices, current, limits, even=even, band=band)
    assert result.weights == pytest.approx(weights_of(result.quantities, prices))
    found = broken_by(result.quantities, target, prices, current, limits)
    assert {n.split()[0] for n in found} == {n.split()[0] for n in result.broken}


@settings(max_examples=250)
@given(world=worlds(most=4), even=st.booleans())
@example(
    # Reducing 1,250 shares to 1,000 by lots is 0.2 or 0.3 of turnover, or stays above gross.
    world=(
        {0: 0.1},
        {0: 100.0},
        {0: 1250},
        PortfolioLimits(max_single=0.12, max_gross=0.1, cash_buffer=0.0, max_turnover=0.025),
    ),
    even=True,
)
@example(
    # Only to leave the first as it is would keep the turnover, and it is too large for one name.
    world=(
        {0: 0.101562, 1: 0.109375},
        {0: 4.0, 1: 1.0},
        {0: 25_898, 1: 109_375},
        PortfolioLimits(max_single=0.0984375, max_gross=0.22, cash_buffer=0.0, max_turnover=0.0018),
    ),
    even=False,
)
def test_a_limit_is_broken_only_where_no_whole_shares_near_the_target_keep_all(world, even):
    target, prices, current, limits = world
    result = rounded(target, prices, current, limits, even=even)
    if not result.broken:
        return
    options = [reachable(target[i], prices[i], current.get(i, 0), even=even) for i in target]
    for choice in itertools.product(*options):
        candidate = dict(zip(target, choice, strict=True))
        found = broken_by(candidate, target, prices, current, limits)
        assert found, f"{candidate} keeps every limit, {result.quantities} breaks {result.broken}"


@settings(max_examples=200)
@given(world=worlds())
def test_the_order_of_the_names_does_not_matter(world):
    target, prices, current, limits = world
    backwards = [dict(reversed(part.items())) for part in (target, prices, current)]
    assert rounded(target, prices, current, limits) == rounded(*backwards, limits)


@settings(max_examples=200)
@given(world=worlds(), stuck=st.integers(0, 5))
def test_what_cannot_be_traded_stays_and_breaks_nothing_for_the_others(world, stuck):
    target, prices, current, limits = world
    if stuck not in target:
        return
    result = rounded(target, prices, current, limits, frozen={stuck})
    assert result.quantities[stuck] == current.get(stuck, 0)
    # Its own place counts as wanted: a limit that it breaks is not broken further.
    wanted = {**target, stuck: current.get(stuck, 0) * prices[stuck] / NAV}
    found = broken_by(result.quantities, wanted, prices, current, limits)
    assert {n.split()[0] for n in found} == {n.split()[0] for n in result.broken}


LOOSE = {"max_single": 0.2, "max_gross": 2.0, "cash_buffer": 0.0}


def test_the_turnover_cap_beats_the_even_lot():
    # 1,250 shares at 100 are 0.125, wanted 0.1: 250 shares less. By lots 200 leave 0.105, which
    # is above gross 0.1; 300 are a turnover of 0.03, above 0.025. 250 are an odd lot and keep both.
    limits = PortfolioLimits(max_single=0.2, max_gross=0.1, cash_buffer=0.0, max_turnover=0.025)
    result = rounded({1: 0.1}, {1: 100.0}, {1: 1250}, limits)
    assert result.quantities == {1: 1000}
    assert result.broken == {}


def test_a_smaller_position_may_be_a_larger_trade():
    # 880 of 1,000 shares wanted, a turnover of 0.012. Nearer to 0 is 800: 0.02. At a cap of 0.015
    # one lot is sold, not two.
    at = {1: 0.088}, {1: 100.0}, {1: 1000}
    assert rounded(*at, PortfolioLimits(**LOOSE)).quantities == {1: 900}
    assert rounded(*at, PortfolioLimits(**LOOSE, max_turnover=0.015)).quantities == {1: 900}
    # The cap at the wanted 0.012: 120 shares are too many for one lot and too few for two.
    assert rounded(*at, PortfolioLimits(**LOOSE, max_turnover=0.012)).quantities == {1: 900}


def test_net_cash_counts_what_shorts_bring_in():
    # Long 1,140 and 1,140 at 100 = 0.228; short 0.095 at 95 = 1,000 shares exactly. Net 0.133.
    target, prices = {1: 0.114, 2: 0.114, 3: -0.095}, {1: 100.0, 2: 100.0, 3: 95.0}
    net = PortfolioLimits(max_single=0.2, max_gross=2.0, cash_buffer=0.867, cash_mode="net")
    assert rounded(target, prices, {}, net).weights == pytest.approx({1: 0.11, 2: 0.11, 3: -0.095})
    # Cash without short proceeds may not exceed 0.228: the same lots.
    own = PortfolioLimits(max_single=0.2, max_gross=2.0, cash_buffer=0.772)
    assert rounded(target, prices, {}, own).quantities == {1: 1100, 2: 1100, 3: -1000}


def test_a_short_that_rounding_made_smaller_pays_for_less_in_net_cash():
    # Long 0.1 at 100 = 1,000 shares, short -0.055 at 100 = -550: net 0.045, all that may be spent.
    # -500 would leave 0.05 net. The next lot, -600, keeps it: 0.04.
    net = PortfolioLimits(max_single=0.2, max_gross=2.0, cash_buffer=0.955, cash_mode="net")
    result = rounded({1: 0.1, 2: -0.055}, {1: 100.0, 2: 100.0}, {}, net)
    assert result.quantities == {1: 1000, 2: -600}


def test_a_group_is_not_rounded_above_its_cap():
    # 0.058 each at 100 is 580 shares: 600 and 600 would be nearer than 500, and be 0.12.
    target, prices = {1: 0.058, 2: 0.058}, {1: 100.0, 2: 100.0}
    assert rounded(target, prices, {}, PortfolioLimits(**LOOSE)).quantities == {1: 600, 2: 600}
    capped = PortfolioLimits(
        **LOOSE, groups={1: "Energy", 2: "Energy"}, max_group={"Energy": 0.116}
    )
    assert rounded(target, prices, {}, capped).quantities == {1: 600, 2: 500}


def test_the_range_of_beta_holds_after_rounding():
    # 0.05 at beta 1 against -0.025 at beta 2: 0 exactly. 500 shares at 100; -250 at 100 rounds to
    # -200, leaving beta at 0.01, or -300, leaving -0.01. Either is outside +-0.005: odd lots.
    market = PortfolioLimits(**LOOSE, betas={1: 1.0, 2: 2.0}, beta_range=(-0.005, 0.005))
    result = rounded({1: 0.05, 2: -0.025}, {1: 100.0, 2: 100.0}, {}, market)
    assert result.broken == {}
    assert abs(result.weights[1] + 2.0 * result.weights[2]) <= 0.005 + NEAR


def test_a_trade_smaller_than_the_smallest_value_is_left_alone():
    # 30 shares at 10 are 300 dollars, 0.03 %: outside a band of 0.02 %, below 500 dollars.
    limits = PortfolioLimits(**LOOSE)
    at = {1: 0.0103}, {1: 10.0}, {1: 1000}
    assert rounded(*at, limits, even=False, band=0.0002).quantities == {1: 1030}
    result = rounded(*at, limits, even=False, band=0.0002, least=500.0)
    assert result.quantities == {1: 1000}
    assert result.skipped == {1: "a trade of 300.00 USD is below 500.00"}
    # An exit is never too small.
    assert rounded({1: 0.0}, {1: 10.0}, {1: 3}, limits, least=500.0).quantities == {1: 0}


def test_a_limit_that_whole_shares_cannot_keep_is_named_with_its_excess():
    # One share is 0.07; 0.1 is 1.43 shares. Beta must be 0.1 exactly: 1 gives 0.07, 2 gives 0.14.
    exact = PortfolioLimits(**LOOSE, betas={1: 1.0}, beta_range=(0.1, 0.1))
    result = rounded({1: 0.1}, {1: 70_000.0}, {}, exact)
    assert result.broken == pytest.approx({"least beta": 0.03})


def test_a_limit_that_is_no_number_and_a_beta_that_is_unknown_are_refused():
    limits = PortfolioLimits(
        **{**LOOSE, "max_gross": math.nan}, max_turnover=math.inf, beta_range=(-1.0, 1.0)
    )
    with pytest.raises(DataError) as caught:
        rounded({1: 0.1, 2: 0.0}, {1: 10.0, 2: 10.0}, {}, limits)
    assert str(caught.value) == (
        "the limit on gross is nan; the limit on turnover is inf; "
        "conId 1: beta is not known, and there is a limit on it"
    )


@settings(max_examples=60)
@given(world=worlds())
def test_a_search_that_is_cut_short_leaves_a_whole_book_and_says_what_it_breaks(world):
    target, prices, current, limits = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optimiser.lots.repair.NODES", 0)
        result = rounded(target, prices, current, limits)
    assert set(result.quantities) == set(target)
    found = broken_by(result.quantities, target, prices, current, limits)
    assert {n.split()[0] for n in found} == {n.split()[0] for n in result.broken}
