"""A client of the synthetic Financial Modeling Prep, and a market of two stocks."""

import csv
import io
from datetime import UTC, date, datetime

import pandas as pd
from starlette.testclient import TestClient

from simulator.clock import VirtualClock
from simulator.market.market import DailyBar, Instrument
from simulator.vendors import build_vendors

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
KEY = {"apikey": "any"}


class FmpClient:
    """A client of the vendors of one market."""

    def __init__(self, market, now=NOW, **files):
        self.clock = VirtualClock(now)
        self._client = TestClient(build_vendors(market, self.clock, seed=7, **files))

    def get(self, path, **query):
        return self._client.get(f"/stable/{path}", params={**KEY, **query} if query else None)

    def raw(self, path):
        joint = "&" if "?" in path else "?"
        return self._client.get(f"/stable/{path}{joint}apikey=any").content

    def rows(self, path, **query):
        answer = self._client.get(f"/stable/{path}", params=KEY | query)
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"].startswith("text/csv"):
            return list(csv.DictReader(io.StringIO(answer.text)))
        return answer.json()


class Stopped:
    """A market with one stock that trades and one that has stopped."""

    world_id, title = "0123456789ab", "two stocks"
    assumed_spread = None
    first_session, last_session = date(2026, 3, 2), date(2026, 6, 12)
    instruments = tuple(
        Instrument(con_id=n, symbol=s, name=s, member_since=date(2026, 3, 2))
        for n, s in ((1, "ALIVE"), (2, "GONE"))
    )

    def bars(self, con_id, *, until):
        last = {1: date(2026, 6, 12), 2: date(2026, 5, 1)}[con_id]
        days = pd.bdate_range(self.first_session, min(last, until))
        return [DailyBar(day.date(), 10.0, 11.0, 9.0, 10.0, 1000) for day in days]

    def bar(self, con_id, session):
        return next((b for b in self.bars(con_id, until=session) if b.session == session), None)

    def splits(self, con_id):
        return ()
