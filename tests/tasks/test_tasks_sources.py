"""Sources of a day over HTTP: what was read of them, what was seen, and what is not believed."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.data_quality import HeadlinesSeen
from core.storage.runs import StageRecord
from core.tables import FUNDAMENTALS, HEADLINES, UNIVERSE
from core.types import Contract
from core.types.sought import Sought
from tasks.ingest.candidates import Candidate
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.news import news
from tasks.ingest.universe import UniverseResult, universe_table
from tests.tasks.a_day import a_day

pytestmark = pytest.mark.world
SHOUTED = Contract(1, "KKNTT", primary_exchange="NYSE", name="KIKUNDRA TECHNOLOGIES")
ITEM = "<item><title>{}</title><pubDate>{}</pubDate></item>"
TODAY = "Mon, 15 Jun 2026 09:00:00 GMT"
BANKRUPT = ITEM.format("Kikundra Technologies files for bankruptcy", TODAY)


@pytest.fixture
def serve():
    """Return the address of a vendor that gives everybody the same."""
    servers = []

    def start(body):
        class Vendor(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        return f"http://127.0.0.1:{server.server_address[1]}/stable"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def chosen_of(day):
    table = universe_table([(Candidate(Sought("KKNTT"), "watchlist"), SHOUTED)])
    artefact = day.stage("universe", table, UNIVERSE)
    return StageRecord("universe", UniverseResult(), {"universe": artefact})


@pytest.fixture
def read(serve, tmp_path):
    """Return the record, and the headlines, of the stage over a feed with these items."""

    def run(*items, end="</channel></rss>", **settings):
        url = serve(("<rss version='2.0'><channel>" + "".join(items) + end).encode())
        day = a_day(tmp_path, vendors={"news_urls": [url]}, **settings)
        record = news.fn(day, chosen_of(day))
        return record, day.read(record.artefacts["headlines"], HEADLINES)

    return run


def test_bad_news_of_a_company_named_in_capitals_is_placed_beside_a_damaged_headline(read):
    record, headlines = read(BANKRUPT, ITEM.format("AT&T &nbsp; and <10 others", "yesterday"))
    assert headlines["symbol"].tolist() == ["KKNTT"]
    assert record.notes.startswith("1 of 2 headlines placed; 1 undated; ")
    assert "1 item repaired" in record.notes
    assert record.result.degraded is None


def test_a_feed_that_loses_too_much_is_a_verdict_and_its_bad_news_still_counts(read):
    record, headlines = read(BANKRUPT, "<item><link>&</item>", "<item>&</item>", "<item>&</item>")
    assert headlines["symbol"].tolist() == ["KKNTT"]
    assert "3 of 4 items cannot be read, more than 2% (limits.max_unreadable)" in (
        record.result.degraded
    )
    assert record.result.incomplete
    assert record.result.degraded in record.notes


def test_a_feed_that_is_cut_off_is_a_verdict_since_what_is_missing_is_not_known(read):
    record, headlines = read(BANKRUPT, end="<item><title>Kik")
    assert headlines["symbol"].tolist() == ["KKNTT"]
    assert "its end is missing" in record.result.degraded


def test_the_ceiling_of_the_settings_holds_for_feeds(read):
    damaged = [BANKRUPT, "<item>&</item>", "<item>&</item>"]
    record, _ = read(*damaged, limits={"max_unreadable": 0.7})
    assert record.result.doubted == ()
    assert record.result.seen == HeadlinesSeen(read=1, placed=1, undated=0, lost=2)


@pytest.mark.parametrize(("ceiling", "known"), [(0.02, []), (0.5, ["KKNTT"])])
def test_the_ceiling_of_the_settings_holds_for_files(serve, tmp_path, ceiling, known):
    table = b"symbol,priceToEarningsRatioTTM\nKKNTT,12\nZZZ\nYYY\nXXX,1\n"
    vendor = {"fundamentals_url": serve(table), "fundamentals_key": "a-key-of-the-tests"}
    day = a_day(tmp_path, vendors=vendor, limits={"max_unreadable": ceiling})
    record = fundamentals.fn(day, chosen_of(day))
    assert day.read(record.artefacts["fundamentals"], FUNDAMENTALS)["symbol"].tolist() == known
    assert "2 of 4 rows cannot be read" in record.notes
    assert ("limits.max_unreadable" in str(record.result.degraded)) is not bool(known)
