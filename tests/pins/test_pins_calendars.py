"""What exchange_calendars and pandas must do together; see docs/decisions/0005."""

from datetime import date

import exchange_calendars
import pandas as pd
import pytest

from core import calendar
from core.calendar import is_session, next_session, sessions_between
from core.errors import NoData
from core.settings import load_settings
from tests.fixtures.tiers import every, size

# Published by the exchange. Its Easter is the Orthodox one, in both years a week after the western.
BUCHAREST_CLOSED = {
    2022: "01-24 04-22 04-25 06-01 06-13 08-15 11-30 12-01 12-26",
    2023: "01-02 01-24 04-14 04-17 05-01 06-01 06-05 08-15 11-30 12-01 12-25 12-26",
}
# Once refused: holidays by the Orthodox Easter, two kinds of week, or recorded for fewer years.
ONCE_REFUSED = ["AIXK", "ASEX", "XBEL", "XBOM", "XBSE", "XCYS", "XSAU", "XSES", "XSHG", "XTAE"]


@pytest.fixture
def three_years(monkeypatch):
    """Build calendars of three years: those of twenty take three times as long."""
    monkeypatch.setattr(calendar, "FIRST", date(2025, 1, 1))
    monkeypatch.setattr(calendar, "LAST", date(2027, 12, 31))
    calendar._published.cache_clear()
    calendar._sessions_recorded.cache_clear()
    yield
    calendar._published.cache_clear()
    calendar._sessions_recorded.cache_clear()


def test_every_exchange_that_settings_accept_has_a_calendar_with_sessions(three_years):
    canonical = exchange_calendars.get_calendar_names(include_aliases=False)
    assert set(canonical) <= set(calendar.exchange_names())
    for name in canonical[:: size(1, 5)]:
        assert load_settings(exchange=name).exchange == name
        assert sessions_between(date(2026, 6, 1), date(2026, 6, 30), exchange=name), name


@pytest.mark.parametrize("name", every(3, ONCE_REFUSED))
def test_an_exchange_that_once_could_not_be_built_knows_its_next_session(name):
    assert next_session(date(2026, 6, 12), exchange=name).day >= date(2026, 6, 13)


@pytest.mark.parametrize("year", BUCHAREST_CLOSED)
def test_bucharest_is_closed_on_the_days_its_exchange_published(year):
    open_on = set(sessions_between(date(year, 1, 1), date(year, 12, 31), exchange="XBSE"))
    weekdays = pd.bdate_range(f"{year}-01-01", f"{year}-12-31")
    closed = " ".join(f"{day:%m-%d}" for day in weekdays if day.date() not in open_on)
    assert closed == BUCHAREST_CLOSED[year]


@pytest.mark.parametrize(("name", "saturday"), [("XBOM", "2024-01-20"), ("XMOS", "2024-12-28")])
def test_a_session_on_a_saturday_is_not_lost(name, saturday):
    assert is_session(date.fromisoformat(saturday), exchange=name)


def test_a_year_whose_holidays_nobody_has_published_is_an_error_not_an_open_day():
    with pytest.raises(NoData, match=r"outside the exchange calendar of XSHG.*to 2026-12-31"):
        is_session(date(2027, 1, 4), exchange="XSHG")
