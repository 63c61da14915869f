"""The past must not depend on the future: cut the future off, and every byte stays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from simulator.clock import VirtualClock
from simulator.market.market import Split
from simulator.vendors import build_vendors
from tests.simulator.synthetic_markets import synthetic_market

PATHS = (
    "/rss/markets.xml",
    "/rss/companies.xml",
    "/stable/sp500-constituent",
    "/stable/ratios-ttm-bulk",
    "/stable/key-metrics-ttm-bulk",
    "/stable/scores-bulk",
    "/stable/income-statement-growth-bulk?year=2025&period=FY",
    "/stable/treasury-rates",
    "/stable/historical-price-eod/light?symbol=^VIX",
    "/stable/historical-price-eod/light?symbol=SPY",
)


class CutOff:
    """A market that ends with the last session that had closed at a moment."""

    def __init__(self, market, last, today):
        self._market, self._last, self._today = market, last, today
        self.world_id, self.title = market.world_id, market.title
        self.assumed_spread = market.assumed_spread
        self.instruments = market.instruments
        self.first_session, self.last_session = market.first_session, last

    def bars(self, con_id, *, until):
        return self._market.bars(con_id, until=min(until, self._last))

    def bar(self, con_id, session):
        return self._market.bar(con_id, session) if session <= self._last else None

    def splits(self, con_id):
        known = [s for s in self._market.splits(con_id) if s.session <= self._today]
        return tuple(Split(*split) for split in known)


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, 60)


@pytest.mark.parametrize(
    ("now", "last", "today"),
    [
        # before the open, during the session, after the close, at a weekend
        (datetime(2026, 6, 15, 11, tzinfo=UTC), date(2026, 6, 12), date(2026, 6, 15)),
        (datetime(2026, 6, 15, 17, tzinfo=UTC), date(2026, 6, 12), date(2026, 6, 15)),
        (datetime(2026, 6, 15, 20, 30, tzinfo=UTC), date(2026, 6, 15), date(2026, 6, 15)),
        (datetime(2026, 6, 20, 3, tzinfo=UTC), date(2026, 6, 18), date(2026, 6, 19)),
    ],
)
def test_without_the_future_every_vendor_says_the_same(market, now, last, today):
    whole, cut = (
        TestClient(build_vendors(one, VirtualClock(now), seed=7))
        for one in (market, CutOff(market, last, today))
    )
    symbols = ",".join(i.symbol for i in market.instruments)
    for path in (*PATHS, f"/stable/batch-quote?symbols={symbols}"):
        asked = f"{path}{'&' if '?' in path else '?'}apikey=k"
        said = whole.get(asked).content
        assert said == cut.get(asked).content, path
        assert len(said) > 100


def test_on_the_day_of_a_split_prices_are_in_the_new_shares(market):
    instrument, split = next(
        (i, s)
        for i in market.instruments
        for s in market.splits(i.con_id)
        if i.member_since and s.ratio > 1
    )
    before = market.bars(instrument.con_id, until=split.session - timedelta(days=1))[-1]
    morning = datetime.combine(split.session, datetime.min.time(), UTC) + timedelta(hours=11)
    client = TestClient(build_vendors(market, VirtualClock(morning), seed=7))
    asked = {"symbols": instrument.symbol, "apikey": "k"}
    (quote,) = client.get("/stable/batch-quote", params=asked).json()
    assert quote["price"] == pytest.approx(before.close / split.ratio)
