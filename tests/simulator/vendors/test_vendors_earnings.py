"""The local vendor's earnings calendar: quarterly, on working days, and the same at every ask."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pandas as pd
from starlette.testclient import TestClient

from simulator.clock import VirtualClock
from simulator.vendors import build_vendors
from simulator.vendors.figures.fundamentals_recorded import NUMBERS
from tests.simulator.synthetic_markets import synthetic_market

NOW = datetime(2026, 5, 4, 11, tzinfo=UTC)
MARKET = synthetic_market(7, 20)


def calendar(now=NOW, **query):
    client = TestClient(build_vendors(MARKET, VirtualClock(now), seed=7))
    answer = client.get("/stable/earnings-calendar", params={"apikey": "any", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_symbol(rows):
    found = {}
    for row in rows:
        found.setdefault(row["symbol"], []).append(date.fromisoformat(row["date"]))
    return found


def test_every_company_reports_once_a_quarter_on_a_working_day():
    found = by_symbol(calendar(**{"from": "2026-01-01", "to": "2026-08-01"}))
    assert len(found) == 20
    for days in found.values():
        assert all(80 <= (later - earlier).days <= 100 for earlier, later in pairwise(days))
        assert all(day.weekday() < 5 for day in days)


def test_only_the_range_that_was_asked_for_is_served():
    days = [row["date"] for row in calendar(**{"from": "2026-05-04", "to": "2026-05-15"})]
    assert days == sorted(days)
    assert days
    assert "2026-05-04" <= days[0] <= days[-1] <= "2026-05-15"


def test_a_date_is_not_moved_as_it_comes_nearer():
    query = {"from": "2026-05-18", "to": "2026-05-29"}
    early, late = (by_symbol(calendar(NOW + timedelta(days=days), **query)) for days in (0, 14))
    assert early == late != {}


def test_nothing_is_announced_more_than_a_hundred_days_ahead():
    last = max(date.fromisoformat(row["date"]) for row in calendar())
    assert last <= NOW.date() + timedelta(days=100)


def test_an_update_is_never_of_the_future():
    assert {row["lastUpdated"] for row in calendar()} == {"2026-05-01"}


def test_beside_real_fundamentals_there_is_no_made_up_calendar(tmp_path):
    path = tmp_path / "fundamentals.parquet"
    figures = {name: [1.0] for name in NUMBERS}
    pd.DataFrame({"symbol": ["ABC"], "as_of": ["2026-05-01T00:00:00Z"], **figures}).to_parquet(path)
    app = build_vendors(MARKET, VirtualClock(NOW), fundamentals=path, seed=7)
    answer = TestClient(app).get("/stable/earnings-calendar", params={"apikey": "any"})
    assert answer.status_code == 402
