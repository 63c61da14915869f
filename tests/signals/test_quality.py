"""What makes a name's bars or quotes unfit to trade on, and what does not."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.signals.bars_of_a_year import (
    DAYS,
    NAMES,
    a_year,
    con_id_of,
    judged,
    quotes_of,
    rows_of,
    rules,
    scaled,
    universe_of,
)


@pytest.fixture(scope="module")
def year():
    return a_year()


def without(bars, symbol, sessions):
    return bars[~((bars["symbol"] == symbol) & bars["session"].isin(sessions))]


def test_a_sound_market_has_no_finding(year):
    found = judged(year)
    assert (rules(found), found.spikes, found.left_out) == (set(), (), ())
    assert (found.fresh, found.copied, found.behind, found.apart) == (10, 0, 0, 0)


@pytest.mark.parametrize("ratio", [10.0, 0.1, 0.25, 2.0, 1 / 3, 1.5, 2 / 3, 100.0, 0.05])
def test_a_newest_price_off_by_a_slip_or_a_split_is_suspect_although_the_quote_follows_it(
    year, ratio
):
    found = judged(scaled(year, "DELTA", ratio))
    assert rules(found) == {"DELTA jump!"}
    assert found.left_out == ((con_id_of("DELTA"), DAYS[-1]),)


def test_a_missed_split_with_the_volume_of_new_shares_is_still_a_missed_split(year):
    found = judged(scaled(year, "DELTA", 0.25, volume=4.0))
    assert rules(found) == {"DELTA jump!"}
    assert "looks like a split of 4:1" in found.quarantined[con_id_of("DELTA")]


@pytest.mark.parametrize(("ratio", "volume"), [(0.6, 12.0), (1.36, 4.0), (0.75, 2.5), (2.2, 20.0)])
def test_a_real_move_that_volume_explains_is_not_refused(year, ratio, volume):
    assert rules(judged(scaled(year, "DELTA", ratio, volume=volume))) == set()


def test_a_crash_of_the_whole_market_quarantines_nobody(year):
    crashed = year
    for symbol in NAMES:
        crashed = scaled(crashed, symbol, 0.7)
    assert rules(judged(crashed)) == set()


def with_ending(bars, symbol, *, usual, ending):
    """Return bars of which a name's are an ordinary year and then these closes and volumes."""
    own = bars.index[bars["symbol"] == symbol]
    start = own[: -len(ending)]
    changed = bars.copy()
    changed.loc[start, "volume"] *= usual / 1e6
    scale = ending[0][0] / changed.loc[start[-1], "close"]
    changed.loc[start, ["open", "high", "low", "close"]] *= scale
    for row, (close, volume) in zip(own[-len(ending) :], ending, strict=True):
        changed.loc[row, ["open", "high", "low", "close", "volume"]] = [*[close] * 4, volume]
    return changed


def test_a_squeeze_that_another_library_repaired_as_a_split_is_believed_from_start_to_end(year):
    # GameStop, 12 January to 2 February 2021, before its split; see yfinance issue 2660.
    closes = (19.95, 31.40, 39.91, 35.50, 39.36, 39.12, 43.03, 65.01, 76.79, 147.98, 347.51,
              193.60, 325.00, 225.00, 90.00)  # fmt: skip
    millions = (7.1, 144.5, 93.7, 46.9, 74.7, 33.5, 56.2, 197.2, 177.9, 178.6, 93.4,
                58.8, 50.6, 37.4, 78.2)  # fmt: skip
    days = [(close, 1e6 * volume) for close, volume in zip(closes, millions, strict=True)]
    for until in range(2, len(days) + 1):
        squeezed = with_ending(year, "DELTA", usual=7e6, ending=days[:until])
        found = judged(squeezed)
        assert (rules(found), found.spikes) == (set(), ())


def test_a_reverse_split_of_an_odd_ratio_that_the_vendor_never_applied_is_refused(year):
    # BCAN, 22 March 2024, 1 for 190: 0.019 and then 2.51; see yfinance issue 2002.
    days = [(0.020, 62.4e6), (0.021, 187.2e6), (0.019, 88.7e6), (2.51, 2.69e6)]
    assert rules(judged(with_ending(year, "DELTA", usual=90e6, ending=days))) == {"DELTA jump!"}


def test_two_swapped_rows_are_named_together_even_if_one_has_the_volume_of_news(year):
    swapped = year.copy()
    one, other = rows_of(year, "ALPHA")[0], rows_of(year, "HOTEL")[0]
    columns = ["open", "high", "low", "close", "volume"]
    swapped.loc[one, columns], swapped.loc[other, columns] = (
        year.loc[other, columns].to_numpy(), year.loc[one, columns].to_numpy(),
    )  # fmt: skip
    swapped.loc[one, "volume"] *= 50
    found = judged(swapped)
    assert rules(found) == {"ALPHA jump!", "HOTEL jump!"}
    assert "as if swapped with HOTEL" in found.quarantined[con_id_of("ALPHA")]


def test_a_jump_within_the_history_keeps_the_name_out_and_breaks_the_false_return(year):
    missed = year.copy()
    old = missed.index[(missed["symbol"] == "GULF") & (missed["session"] < DAYS[-40])]
    missed.loc[old, ["open", "high", "low", "close"]] *= 3.0
    found = judged(missed)
    assert rules(found) == {"GULF jump"}
    assert found.left_out == ((con_id_of("GULF"), DAYS[-40]),)


def test_bars_between_a_jump_and_its_reversal_are_left_out_and_the_name_stays(year):
    found = judged(scaled(year, "GULF", 2.03, back=4, count=2))
    assert rules(found) == set()
    assert found.left_out == tuple((con_id_of("GULF"), day) for day in DAYS[-5:-3])
    assert "2 bars left out" in found.spikes[0].evidence


def test_a_name_without_the_bar_of_the_last_session_is_stale_and_the_others_are_not(year):
    found = judged(without(year, "COAST", DAYS[-1:]))
    assert rules(found) == {"COAST stale"}
    assert str(DAYS[-2]) in found.quarantined[con_id_of("COAST")]
    assert (found.fresh, found.behind) == (9, 0)


def test_a_market_a_day_behind_is_the_fault_of_no_single_name(year):
    found = judged(year[year["session"] < DAYS[-1]])
    assert (rules(found), found.behind, found.fresh) == (set(), 1, 0)


def test_six_of_ten_names_without_their_newest_bar_are_missing_data(year):
    late = NAMES[:6]
    found = judged(year[~(year["symbol"].isin(late) & (year["session"] == DAYS[-1]))])
    assert rules(found) == {f"{name} stale" for name in late}
    assert (found.behind, found.fresh) == (0, 4)


def copied(bars, names):
    """Return bars of which the newest is the one before it, with the date of the newest."""
    changed = bars.copy()
    columns = ["open", "high", "low", "close", "volume"]
    for name in names:
        changed.loc[rows_of(bars, name), columns] = bars.loc[
            rows_of(bars, name, back=2), columns
        ].to_numpy()
    return changed


def test_one_copied_bar_is_its_names_fault_and_a_market_of_copies_is_nobodys(year):
    one = judged(copied(year, ["INDIA"]))
    assert rules(one) == {"INDIA copy"}
    everyone = judged(copied(year, NAMES))
    assert (rules(everyone), everyone.copied, everyone.fresh) == (set(), 10, 0)


BAR = ["open", "high", "low", "close", "volume"]


@pytest.mark.parametrize("back", [3, 20])
def test_a_bar_of_some_days_ago_under_the_newest_date_is_a_copy_too(year, back):
    def repeated(names):
        changed = year.copy()
        for name in names:
            earlier = year.loc[rows_of(year, name, back=back), BAR].to_numpy()
            changed.loc[rows_of(year, name), BAR] = earlier
        return judged(changed)

    one = repeated(["INDIA"])
    assert rules(one) == {"INDIA copy"}
    assert str(DAYS[-back]) in one.quarantined[con_id_of("INDIA")]
    everyone = repeated(NAMES)
    assert (rules(everyone), everyone.copied, everyone.fresh) == (set(), 10, 0)


def test_closes_of_the_day_before_are_no_new_ones_whatever_volume_stands_beside_them():
    market = pd.concat(
        a_year(NAMES, seed).assign(
            symbol=lambda bars, first=seed: bars["symbol"] + str(first),
            con_id=lambda bars, first=seed: bars["con_id"] + 100 * first,
        )
        for seed in (1, 2)
    ).reset_index(drop=True)
    last = market["session"] == DAYS[-1]
    closes = market.loc[market["session"] == DAYS[-2], BAR[:4]].to_numpy()
    assert judged(market).copied == 0
    market.loc[last, BAR[:4]] = closes
    found = judged(market)
    assert (rules(found), found.copied, found.fresh) == (set(), 20, 0)
    market.loc[last, "volume"] *= 0.15
    assert judged(market).volume == pytest.approx(0.15, rel=0.5)


@pytest.mark.parametrize(("count", "found"), [(2, set()), (3, {"COAST gaps"})])
def test_a_name_without_bars_of_recent_sessions_has_no_returns_of_a_day(year, count, found):
    gone = judged(without(year, "COAST", DAYS[-6 : -6 + count]))
    assert (rules(gone), gone.missing) == (found, ())
    shares = year[(year["symbol"] != "COAST") | (year["session"] >= DAYS[-6])]
    assert rules(judged(shares)) == set()  # listed a week ago: nothing is missing


def test_dates_off_by_a_day_are_gaps_and_bars_of_saturdays(year):
    late = year.copy()
    own = late["symbol"] == "COAST"
    late.loc[own, "session"] += timedelta(days=1)
    found = judged(late[late["session"] <= DAYS[-1]])
    assert rules(found) == {"COAST gaps"}
    assert found.holidays > 30


def test_sessions_of_which_nobody_has_bars_are_the_fault_of_no_single_name(year):
    found = judged(year[~year["session"].isin(DAYS[-9:-1])])
    assert (rules(found), found.missing, found.behind) == (set(), tuple(DAYS[-9:-1]), 0)


def test_a_price_that_moved_although_nothing_was_traded_is_none(year):
    silent = year.copy()
    silent.loc[rows_of(year, "JULIA"), "volume"] = 0.0
    assert rules(judged(silent)) == {"JULIA no volume"}
    before = year.loc[rows_of(year, "JULIA", back=2), BAR[:4]].to_numpy()
    silent.loc[rows_of(year, "JULIA"), BAR[:4]] = before
    assert rules(judged(silent)) == set()  # nobody traded it that day: it stands where it stood


def test_bars_of_the_day_before_under_todays_date_disagree_with_the_brokers_closes(year):
    # Not a copy: every bar is one session late, so no bar repeats the one before it.
    late = year.copy()
    columns = ["open", "high", "low", "close", "volume"]
    late[columns] = year.groupby("symbol")[columns].shift()
    found = judged(late.dropna(), quotes_of(year))
    assert found.copied == 0
    assert found.apart > 0.9 * found.compared


def test_a_previous_close_that_contradicts_the_bar_is_suspect_whatever_the_volume_says(year):
    damaged = scaled(year, "DELTA", 1.3, volume=5.0)
    assert rules(judged(damaged)) == set()
    assert rules(judged(damaged, quotes_of(year))) == {"DELTA previous close!", "DELTA quote"}


def test_a_gap_before_the_open_keeps_the_name_out_but_is_no_damaged_price(year):
    quotes = quotes_of(year)
    quotes.loc[quotes["con_id"] == con_id_of("DELTA"), ["bid", "ask", "last"]] *= 0.6
    assert rules(judged(year, quotes)) == {"DELTA quote"}
    quotes["close"] = np.nan  # then nothing tells a gap from a wrong price
    assert rules(judged(year, quotes)) == {"DELTA quote!"}


def test_a_name_nobody_trades_has_no_price(year):
    flat = year.copy()
    rows = rows_of(year, "JULIA", count=12)
    flat.loc[rows, ["open", "high", "low", "close"]] = year.loc[rows[0], "close"]
    assert rules(judged(flat)) == {"JULIA no trading"}  # the same close in twelve sessions
    flat.loc[rows, "volume"] = 0.0
    assert "volume 0 in the last 12 sessions" in judged(flat).quarantined[con_id_of("JULIA")]


def test_a_bar_of_a_holiday_is_left_out_and_makes_no_name_fresh(year):
    holiday = next(
        day.date()
        for day in pd.bdate_range(DAYS[0], DAYS[-1])
        if day.date() not in set(DAYS)
    )  # fmt: skip
    extra = year.loc[rows_of(year, "BRAVO")].assign(session=holiday)
    found = judged(pd.concat([year, extra], ignore_index=True))
    assert found.left_out == ((con_id_of("BRAVO"), holiday),)
    assert rules(found) == set()


def test_a_foreign_name_keeps_its_own_holidays(year):
    late = without(year, "JULIA", DAYS[-1:])
    universe = universe_of(late, foreign=("JULIA",))
    assert rules(judged(late, universe=universe)) == set()


def test_prices_that_are_none_are_no_bars(year):
    damaged = year.copy()
    damaged.loc[rows_of(year, "ALPHA"), "close"] = np.nan
    damaged.loc[rows_of(year, "BRAVO"), "close"] = -4.0
    assert rules(judged(damaged)) == {"ALPHA stale", "BRAVO stale"}
