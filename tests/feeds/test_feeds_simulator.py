"""The real client against the local vendors, as a simulated day meets them."""

import logging
import threading
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import stamina
import uvicorn
from pydantic import SecretStr

from core import tables
from core.calendar import session
from core.errors import VendorError
from core.settings import VendorSettings
from feeds.fundamentals import Fundamentals, parse_fundamentals
from feeds.http import Fetcher
from feeds.macro import Macro, parse_macro
from feeds.news import News, read_news
from feeds.sentiment import polarity
from simulator.clock import VirtualClock
from simulator.market.bars_file import BarsFileMarket
from simulator.market.synthetic import SyntheticMarket
from simulator.vendors import Fault, build_vendors

from .conftest import KEY

pytestmark = pytest.mark.world

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(seed=7, symbols=30)


@pytest.fixture
def vendors(market):
    """A function that serves the vendors of one moment and returns their address."""
    running = []

    def start(now, *faults, market=market, **files):
        app = build_vendors(market, VirtualClock(now), seed=7, faults=faults, **files)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture
def fetcher():
    with stamina.set_testing(True, attempts=3):
        yield Fetcher(VendorSettings(timeout=5.0, attempts=3))


@pytest.fixture
def now(market):
    return session(market.last_session).decision_time


def test_a_simulated_day_has_fundamentals_gauges_and_news(vendors, fetcher, now, caplog):
    url, day = vendors(now), now.date()
    with caplog.at_level(logging.DEBUG):
        fmp = Fundamentals(fetcher, f"{url}/stable", SecretStr(KEY))
        members, _ = fmp.constituents()
        companies = {member.symbol: member.name for member in members}
        (figures, _), files = fmp.fetch(sorted(companies), as_of=day)
        (gauges, _), series = Macro(fetcher, f"{url}/stable", SecretStr(KEY)).fetch(as_of=day)
        feeds = [f"{url}/rss/markets.xml", f"{url}/rss/companies.xml"]
        news = News(fetcher, feeds).fetch(companies, now=now)

    tables.FUNDAMENTALS.build(figures)
    tables.MACRO.build(gauges)
    scores = polarity(list(news.headlines["title"]), model="vader")
    tables.HEADLINES.build(news.headlines.assign(polarity=scores))

    assert all(member.sector for member in members)
    assert len(figures) >= 0.9 * len(companies)
    assert figures.notna().mean().drop(["symbol", "known_on"]).min() > 0.5
    assert set(gauges["gauge"]) == {"curve", "eurusd", "spy", "us10y", "us2y", "vix", "wti"}
    assert gauges.notna().all(axis=None)
    assert (gauges["observed_on"] < day).all()
    assert news.problems == ()
    assert news.headlines["symbol"].nunique() > len(companies) / 3
    assert {score > 0.05 for score in scores} == {True, False}
    assert KEY not in caplog.text

    pd.testing.assert_frame_equal(
        parse_fundamentals(files, sorted(companies), as_of=day).frame, figures
    )
    pd.testing.assert_frame_equal(parse_macro(series, as_of=day).frame, gauges)
    again = read_news(news.payloads, companies, now=now).headlines
    pd.testing.assert_frame_equal(again, news.headlines)


@pytest.mark.parametrize("kind", ["500", "429", "drop"])
def test_a_vendor_that_stumbles_once_is_asked_again(vendors, fetcher, now, kind):
    url = vendors(now, Fault("/stable/sp500-constituent", kind))
    members, _ = Fundamentals(fetcher, f"{url}/stable", SecretStr(KEY)).constituents()
    assert members


@pytest.mark.parametrize(
    ("kind", "said"),
    [("402", "plan does not include"), ("malformed", "not JSON"), ("empty", "nothing")],
)
def test_a_vendor_that_fails_is_said_and_never_an_empty_index(vendors, fetcher, now, kind, said):
    url = vendors(now, Fault("/stable/sp500-constituent", kind))
    with pytest.raises(VendorError, match=said):
        Fundamentals(fetcher, f"{url}/stable", SecretStr(KEY)).constituents()


def test_half_a_feed_costs_only_that_feed(vendors, fetcher, now):
    url = vendors(now, Fault("/rss/markets.xml", "malformed"))
    feeds = [f"{url}/rss/markets.xml", f"{url}/rss/companies.xml"]
    result = News(fetcher, feeds).fetch({"NONE": "Nobody at all"}, now=now)
    assert len(result.problems) == 1
    assert "malformed" in result.problems[0]


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA}")
def test_real_figures_and_gauges_fit_their_tables(vendors, fetcher):
    day = date(2026, 6, 15)
    url = vendors(
        session(day).decision_time,
        market=BarsFileMarket(
            DATA / "sp500_daily_2025_2026_yahoo.parquet",
            DATA / "sp500_constituents_2026-08.csv",
        ),
        fundamentals=DATA / "sp500_fundamentals_pit_daily_2026.parquet",
        macro=DATA / "macro_daily_1990_2026.parquet",
    )
    fmp = Fundamentals(fetcher, f"{url}/stable", SecretStr(KEY))
    members, _ = fmp.constituents()
    (figures, _), _ = fmp.fetch([member.symbol for member in members], as_of=day)
    tables.FUNDAMENTALS.build(figures)
    assert len(figures) > 450
    assert figures["price_earnings"].notna().mean() > 0.9
    (gauges, _), _ = Macro(fetcher, f"{url}/stable", SecretStr(KEY)).fetch(as_of=day)
    tables.MACRO.build(gauges)
    # The recorded rates end in 2025: stale, so left out rather than believed.
    assert list(gauges["gauge"]) == ["vix", "wti"]
