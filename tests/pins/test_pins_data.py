"""What files and vendors' answers must be to the libraries that read them."""

import html
import json
from datetime import UTC, date, datetime

import duckdb
import pandas as pd
from ib_async.client import Client as IbClient

import journal
from feeds import fundamentals
from feeds.fundamentals import parse_fundamentals
from feeds.http import Payload
from feeds.rss import parse_feed
from simulator.tws.protocol.versions import NEWEST

DAY = date(2026, 6, 15)


def test_fmps_bulk_csv_with_a_byte_order_mark_and_quoted_empty_cells_parses():
    ratios = (
        b'\xef\xbb\xbf"symbol","priceToEarningsRatioTTM","priceToBookRatioTTM","dividendYieldTTM"\r\n'
        b'"BRK-B","21.5","1.5",""\r\n"AAPL","33.1","","0.0043"\r\n'
    )
    payload = Payload(f"fundamentals-{fundamentals.RATIOS}.csv", ratios)
    frame = parse_fundamentals([payload], ["AAPL", "BRK B"], as_of=DAY).frame.set_index("symbol")
    assert frame.loc["BRK B", "price_earnings"] == 21.5
    assert frame.loc["AAPL", "dividend_yield"] == 0.0043
    assert pd.isna(frame.loc["AAPL", "price_book"])
    assert pd.isna(frame.loc["BRK B", "dividend_yield"])


def test_a_segment_of_the_journal_reads_the_same_in_pandas_and_duckdb(tmp_path):
    entry = journal.Entry(
        run_id="2026-06-15-sim-1a2b3c",
        kind="decision",
        timestamp=datetime(2026, 6, 15, 11, 25, tzinfo=UTC),
        session=DAY,
        facts={"verdict": "proposed", "expected_return": 0.012},
        artefacts=(),
        decisions=({"symbol": "BRK B", "con_id": 72063691, "payload": {"quantity": 120}},),
    )
    segment = journal.log(tmp_path / "log", entry).segment
    by_pandas = pd.read_parquet(segment)
    columns = "seq, kind, symbol, con_id, payload, payload_sha256, epoch_us(ts_utc)"
    by_duckdb = duckdb.sql(f"select {columns} from '{segment}' order by seq").fetchall()
    assert [row[:6] for row in by_duckdb] == [
        (row.seq, row.kind, *(None if pd.isna(v) else v for v in (row.symbol, row.con_id)),
         row.payload, row.payload_sha256)
        for row in by_pandas.itertuples()
    ]  # fmt: skip
    assert {row[6] for row in by_duckdb} == {1_781_522_700_000_000}  # 11:25 UTC, by hand
    assert by_pandas["ts_utc"].dt.tz is not None
    (item,) = [row for row in by_duckdb if row[1] == "decision.item"]
    assert (item[2], item[3], json.loads(item[4])["quantity"]) == ("BRK B", 72063691, 120)


def test_a_headlines_entities_are_read_exactly_once():
    title = "AT&T's < 5 % stake: \u201cno\u201d comment"
    once = html.escape(title).encode("ascii", "xmlcharrefreplace").decode()
    item = f"<item><title>{once}</title><link>https://news.example/1</link></item>"
    feed = f'<rss version="2.0"><channel><title>t</title>{item}</channel></rss>'.encode()
    (article,) = parse_feed(feed, now=datetime(2026, 6, 15, tzinfo=UTC)).articles
    assert article.title == title


def test_ib_async_offers_the_server_version_the_simulator_speaks_at_most():
    assert IbClient.MaxClientVersion == NEWEST == 178
