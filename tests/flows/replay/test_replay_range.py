from datetime import UTC, date, datetime

import pytest

from core.calendar import Calendar, sessions_between
from core.errors import ConfigurationError
from flows.replay.date_range import Range, choose_sessions

FIRST, LAST = date(2025, 6, 2), date(2026, 6, 30)
NOW = datetime(2026, 8, 1, tzinfo=UTC)


class Source:
    """Bars of a hundred symbols from FIRST to LAST, with holes."""

    title = "bars for tests"
    first_session = FIRST
    last_session = LAST

    def __init__(self, **traded):
        self._traded = {
            date.fromisoformat(day.replace("_", "-")[1:]): n for day, n in traded.items()
        }

    def traded(self, day):
        return self._traded.get(day, 100 if FIRST <= day <= LAST else 0)


def chosen(first=None, last=None, months=None, *, now=NOW, min_bars=60, **traded):
    return choose_sessions(Range(first, last, months), Source(**traded), now=now, min_bars=min_bars)


def refused(*asked, **options):
    with pytest.raises(ConfigurationError) as caught:
        chosen(*asked, **options)
    return str(caught.value)


def test_a_day_closed_by_the_settings_is_not_replayed():
    asked, closed = Range(date(2026, 6, 15), date(2026, 6, 18)), frozenset({date(2026, 6, 17)})
    days = choose_sessions(
        asked, Source(), now=NOW, min_bars=60, exchange=Calendar("XNYS", closed=closed)
    )
    assert [day.day for day in days] == [15, 16, 18]


def test_both_ends_of_the_range_are_replayed():
    days = chosen(date(2026, 6, 15), date(2026, 6, 22))
    assert days == tuple(sessions_between(date(2026, 6, 15), date(2026, 6, 22)))
    assert len(days) == 5  # the nineteenth is a holiday


def test_without_a_word_the_last_six_months_are_replayed():
    days = chosen()
    assert (days[0], days[-1]) == (date(2025, 12, 31), LAST)


def test_months_end_at_the_last_day_asked_for():
    days = chosen(last=date(2026, 3, 31), months=1)
    assert (days[0], days[-1]) == (date(2026, 3, 2), date(2026, 3, 31))


def test_a_session_that_has_not_closed_is_not_the_newest():
    during = datetime(2026, 6, 15, 18, 0, tzinfo=UTC)
    assert chosen(now=during)[-1] == date(2026, 6, 12)
    assert chosen(now=datetime(2026, 6, 15, 20, 0, tzinfo=UTC))[-1] == date(2026, 6, 15)


def test_a_range_is_given_once():
    assert "not both" in refused(date(2026, 6, 15), None, 3)
    assert "at least one month" in refused(None, None, 0)


def test_an_empty_range_is_refused():
    assert "--from 2026-06-16 is after --to 2026-06-15" in refused(
        date(2026, 6, 16), date(2026, 6, 15)
    )
    assert "no session from 2026-06-13" in refused(date(2026, 6, 13), date(2026, 6, 14))


def test_a_range_beyond_the_bars_is_refused_at_both_ends_at_once():
    said = refused(date(2020, 1, 1), date(2030, 1, 1))
    assert "--from 2020-01-01 is too early" in said
    assert "first day to replay is 2025-08-27" in said
    assert "--to 2030-01-01 is after the last bar, of 2026-06-30" in said


def test_the_first_day_has_the_history_that_a_score_needs():
    first = sessions_between(FIRST, LAST)[60]
    assert chosen(first, LAST)[0] == first
    assert f"{first} is too early" not in refused(date(2025, 8, 26), LAST).replace(
        "2025-08-26 ", ""
    )
    assert "too early" in refused(date(2025, 8, 26), LAST)


def test_the_future_is_not_replayed():
    early = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
    said = refused(date(2026, 6, 8), date(2026, 6, 15), now=early)
    assert "the session of 2026-06-15 has not closed" in said
    assert "2026-06-12" in said


def test_a_range_may_end_on_the_weekend_after_the_newest_session_that_has_closed():
    monday = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
    to_sunday = chosen(date(2026, 6, 8), date(2026, 6, 14), now=monday)
    assert to_sunday == chosen(date(2026, 6, 8), date(2026, 6, 12))


def test_bars_too_few_for_any_score_are_refused():
    assert "300 are needed" in refused(min_bars=300)


@pytest.mark.parametrize("left", [0, 49])
def test_a_gap_is_named(left):
    said = refused(date(2026, 6, 8), date(2026, 6, 22), d2026_06_16=left, d2026_06_17=left)
    assert "2 of 10 sessions" in said
    assert "2026-06-16, 2026-06-17" in said


def test_a_gap_on_the_day_before_the_first_counts():
    assert "2026-06-12" in refused(date(2026, 6, 15), date(2026, 6, 22), d2026_06_12=0)


def test_a_quiet_day_is_no_gap():
    assert len(chosen(date(2026, 6, 15), date(2026, 6, 22), d2026_06_16=50)) == 5
