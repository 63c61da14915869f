from datetime import UTC, date, datetime, time

import pytest

from core.calendar import (
    Calendar,
    is_session,
    last_complete_session,
    latest_session,
    next_session,
    previous_session,
    session,
    sessions_between,
    unusual_hours,
)
from core.errors import NoData


@pytest.mark.parametrize(
    ("day", "decided", "opens", "closes"),
    [
        (date(2026, 6, 15), "11:00", "13:30", "20:00"),  # summer in both places
        (date(2026, 10, 27), "12:00", "13:30", "20:00"),  # Bucharest back to winter, New York not
        (date(2026, 11, 27), "12:00", "14:30", "18:00"),  # half day after Thanksgiving
    ],
)
def test_decision_open_and_close_follow_both_time_zones(day, decided, opens, closes):
    found = session(day)
    assert f"{found.decision_time:%H:%M}" == decided
    assert f"{found.open:%H:%M}" == opens
    assert f"{found.close:%H:%M}" == closes
    assert found.decision_time < found.finish_line < found.open


def test_thanksgiving_is_no_session():
    assert not is_session(date(2026, 11, 26))
    with pytest.raises(NoData, match="no session on Thursday 26 November 2026"):
        session(date(2026, 11, 26))
    assert previous_session(date(2026, 11, 27)).day == date(2026, 11, 25)
    assert next_session(date(2026, 11, 25)).day == date(2026, 11, 27)


def test_a_day_outside_the_calendar_is_an_error_not_a_holiday():
    with pytest.raises(NoData, match="outside the exchange calendar"):
        is_session(date(1999, 1, 4))


def test_before_the_close_the_last_complete_bar_is_the_previous_day():
    assert last_complete_session(datetime(2026, 6, 15, 19, 59, tzinfo=UTC)).day == date(2026, 6, 12)
    assert last_complete_session(datetime(2026, 6, 15, 20, 0, tzinfo=UTC)).day == date(2026, 6, 15)


def test_the_latest_session_starts_at_two_in_bucharest():
    assert latest_session(datetime(2026, 6, 15, 10, 59, tzinfo=UTC)).day == date(2026, 6, 12)
    assert latest_session(datetime(2026, 6, 15, 11, 0, tzinfo=UTC)).day == date(2026, 6, 15)


def test_sessions_between_leaves_out_weekends_and_holidays():
    days = sessions_between(date(2026, 11, 25), date(2026, 11, 30))
    assert days == [date(2026, 11, 25), date(2026, 11, 27), date(2026, 11, 30)]


@pytest.mark.parametrize(
    ("exchange", "day", "said"),
    [
        ("XNYS", date(2026, 11, 27), "XNYS closes early today, 20:00 Bucharest / 18:00 UTC"),
        ("XLON", date(2026, 12, 24), "XLON closes early today, 14:30 Bucharest / 12:30 UTC"),
        # New York changes its clocks weeks before Bucharest, or a week after it.
        ("XNYS", date(2026, 3, 16), "XNYS opens at 15:30 Bucharest today rather than at 16:30"),
        ("XNYS", date(2026, 10, 26), "XNYS opens at 15:30 Bucharest today rather than at 16:30"),
        ("XNYS", date(2026, 10, 30), "XNYS opens at 15:30 Bucharest today rather than at 16:30"),
        ("XNYS", date(2026, 11, 2), ""),
        ("XNYS", date(2026, 3, 30), ""),
        ("XNYS", date(2026, 6, 15), ""),
    ],
)
def test_hours_that_are_not_the_usual_ones_are_said(exchange, day, said):
    assert unusual_hours(session(day, exchange=exchange), exchange=exchange) == said


MOURNING = Calendar("XNYS", closed=frozenset({date(2026, 7, 20)}))
SHORT = Calendar("XNYS", early_closes=((date(2026, 7, 20), time(13)),))


def test_a_day_closed_by_the_settings_is_no_session_wherever_sessions_are_counted():
    # As on 2018-12-05 and 2025-01-09, days of mourning (exchange_calendars PR #439, #437).
    day, after = date(2026, 7, 20), datetime(2026, 7, 20, 22, tzinfo=UTC)
    assert is_session(day)
    assert not is_session(day, exchange=MOURNING)
    with pytest.raises(NoData, match=r"XNYS has no session on Monday.*calendar\.closed"):
        session(day, exchange=MOURNING)
    assert previous_session(date(2026, 7, 21), exchange=MOURNING).day == date(2026, 7, 17)
    assert next_session(date(2026, 7, 17), exchange=MOURNING).day == date(2026, 7, 21)
    assert last_complete_session(after, exchange=MOURNING).day == date(2026, 7, 17)
    assert latest_session(after, exchange=MOURNING).day == date(2026, 7, 17)
    assert day not in sessions_between(date(2026, 7, 17), date(2026, 7, 21), exchange=MOURNING)


def test_a_session_shortened_by_the_settings_closes_early_and_its_bar_is_whole_then():
    found = session(date(2026, 7, 20), exchange=SHORT)
    assert found.open == session(found.day).open
    assert found.close == datetime(2026, 7, 20, 17, 0, tzinfo=UTC)
    assert last_complete_session(found.close, exchange=SHORT).day == found.day
    assert "closes early today, 20:00 Bucharest" in unusual_hours(found, exchange=SHORT)
