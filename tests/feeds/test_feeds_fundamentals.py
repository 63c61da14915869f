import json
from contextlib import suppress
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core import tables
from core.errors import ConfigurationError, VendorError
from feeds import fundamentals, records
from feeds.fundamentals import Fundamentals, parse_fundamentals
from feeds.http import Payload
from feeds.universe.index_members import Constituent, parse_constituents

from .conftest import KEY, Answer

DAY = date(2026, 6, 15)
RATIOS = {
    "symbol": "BRK-B",
    "priceToEarningsRatioTTM": 21.5,
    "priceToBookRatioTTM": 1.5,
    "priceToSalesRatioTTM": 2.4,
    "dividendYieldTTM": 0.0,
    "netIncomePerShareTTM": 22.7,
    "debtToEquityRatioTTM": 0.2,
}
METRICS = {
    "symbol": "BRK-B",
    "marketCap": 1.0e12,
    "enterpriseValueTTM": 1.2e12,
    "evToEBITDATTM": 10.0,
    "returnOnEquityTTM": 0.14,
}
SCORES = {"symbol": "BRK-B", "piotroskiScore": 6}
GROWTH = [
    {"symbol": "BRK-B", "date": "2025-12-31", "growthRevenue": 0.05},
    {"symbol": "BRK-B", "date": "2024-12-31", "growthRevenue": 0.02},
]


def payload(file, content):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return Payload(f"fundamentals-{file}.json", content)


def a_day(**changes):
    files = {
        fundamentals.RATIOS: [RATIOS],
        fundamentals.METRICS: [METRICS],
        fundamentals.SCORES: [SCORES],
        fundamentals.GROWTH: GROWTH,
    }
    return [payload(file, changes.get(file, content)) for file, content in files.items()]


def the_row(payloads, symbol="BRK B"):
    parsed = parse_fundamentals(payloads, [symbol], as_of=DAY)
    tables.FUNDAMENTALS.build(parsed.frame)
    return parsed.frame.iloc[0], parsed.problems


def test_a_row_is_worked_out_from_four_files():
    row, problems = the_row(a_day())
    assert problems == ()
    assert row.to_dict() == {
        "symbol": "BRK B",
        "known_on": DAY,
        "market_cap": 1e12,
        "price_earnings": 21.5,
        "price_book": 1.5,
        "price_sales": 2.4,
        "dividend_yield": 0.0,
        "earnings_per_share": 22.7,
        "ebitda": 1.2e11,
        "revenue_growth": 0.05,  # the newer of the two years
        "return_on_equity": 0.14,
        "debt_to_equity": 0.2,
        "piotroski": 6.0,
    }


def test_csv_and_json_say_the_same():
    table = pd.DataFrame([RATIOS]).to_csv(index=False).encode()
    from_csv, _ = the_row(a_day(**{fundamentals.RATIOS: table}))
    from_json, _ = the_row(a_day())
    assert from_csv.to_dict() == from_json.to_dict()


@pytest.mark.parametrize("value", ["NaN", "1e999", "1_000", "\uff11\uff12", "n/a", True, [1], 1e9])
def test_a_value_that_cannot_be_true_is_null_and_counted(value):
    row, problems = the_row(a_day(**{fundamentals.SCORES: [{**SCORES, "piotroskiScore": value}]}))
    assert pd.isna(row["piotroski"])
    assert problems == ("1 value of piotroski cannot be true",)


def test_an_unknown_price_earnings_written_as_zero_is_not_a_free_company():
    row, problems = the_row(
        a_day(**{fundamentals.RATIOS: [{**RATIOS, "priceToEarningsRatioTTM": 0}]})
    )
    assert pd.isna(row["price_earnings"])
    assert problems == ()


def test_growth_of_a_year_that_is_not_over_is_not_known():
    future = [{"symbol": "BRK-B", "date": "2026-12-31", "growthRevenue": 0.5}]
    stale = [{"symbol": "BRK-B", "date": "2023-12-31", "growthRevenue": 0.5}]
    for rows in (future, stale):
        row, _ = the_row(a_day(**{fundamentals.GROWTH: rows}))
        assert pd.isna(row["revenue_growth"])


def test_a_symbol_the_vendor_does_not_know_has_no_row():
    parsed = parse_fundamentals(a_day(), ["NOPE", "BRK B"], as_of=DAY)
    assert list(parsed.frame["symbol"]) == ["BRK B"]
    assert "1 symbol without fundamentals (NOPE)" in parsed.problems


def test_knowing_nobody_is_a_fault_and_not_an_empty_table():
    with pytest.raises(VendorError, match="none of 1 symbol"):
        parse_fundamentals(a_day(), ["NOPE"], as_of=DAY)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>maintenance</html>", "neither JSON nor CSV"),
        (b'{"Error Message": "Invalid API KEY."}', "Invalid API KEY"),
        (b"[" * 3_000, "is not JSON"),
        (b"[1, 2]", "not an object"),
        (b'["\\ud800"]', "not an object"),
        (b"\xff\xfe\x00", "is not text"),
        (b"symbol,x,x\nA,1,2\n", "with one header"),
        (b"symbol,x\nA,1,2\n", "line 2: 3 cells instead of 2"),
        (b"", "nothing"),
    ],
)
def test_what_is_no_table_is_a_vendor_error_that_quotes_it(content, said):
    with pytest.raises(VendorError, match=said):
        list(records.rows(Payload("x", content)))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_vendor_errors(content):
    with suppress(VendorError):
        parse_constituents(Payload("x", content))
    with suppress(VendorError):
        parse_fundamentals(a_day(**{fundamentals.RATIOS: content}), ["BRK B"], as_of=DAY)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({name: _JSON for name in RATIOS if name != "symbol"}))
def test_arbitrary_values_never_break_the_schema(values):
    content = json.dumps([{**values, "symbol": "BRK-B"}], allow_nan=False).encode()
    frame = parse_fundamentals(a_day(**{fundamentals.RATIOS: content}), ["BRK B"], as_of=DAY).frame
    tables.FUNDAMENTALS.build(frame)


def test_constituents_are_sorted_unique_and_in_ibkr_spelling():
    rows = [
        {"symbol": "MSFT", "name": "Microsoft Corporation", "sector": "Technology"},
        {"symbol": "BRK-B", "name": "Berkshire\u202e Hathaway", "sector": "Financial Services"},
        {"symbol": "MSFT", "name": "again", "sector": "Energy"},
        {"symbol": "\u0410APL", "name": "a Cyrillic letter", "sector": "Technology"},
        {"symbol": "XYZ", "name": "", "sector": ""},
        {"symbol": "ODD", "name": "Odd Inc", "sector": "Witchcraft"},
    ]
    assert parse_constituents(payload("sp500-constituent", rows)) == (
        Constituent("BRK B", "Berkshire Hathaway", "Financials"),
        Constituent("MSFT", "Microsoft Corporation", "Information Technology"),
        Constituent("ODD", "Odd Inc", None),
    )


def test_an_index_without_members_is_a_fault():
    with pytest.raises(VendorError, match="names no index member"):
        parse_constituents(payload("sp500-constituent", []))


def vendor_script(asked):
    file = asked.path.removeprefix("/stable/")
    if asked.query.get("apikey") != KEY:
        return Answer(b"{}", 401)
    if file == fundamentals.SCORES:
        return Answer(b'{"Error Message": "Special Endpoint"}', 402)
    if file == fundamentals.GROWTH and asked.query["year"] != "2025":
        return Answer(b"[]")
    content = {
        fundamentals.RATIOS: [RATIOS],
        fundamentals.METRICS: [METRICS],
        fundamentals.GROWTH: GROWTH[:1],
        fundamentals.CONSTITUENTS: [{"symbol": "BRK-B", "name": "Berkshire", "sector": "Energy"}],
    }[file]
    return Answer(json.dumps(content).encode())


def test_a_plan_without_scores_costs_a_column_and_is_said(serve, fetcher):
    vendor = serve(vendor_script)
    source = Fundamentals(fetcher, f"{vendor.url}/stable/", SecretStr(KEY))
    (frame, problems), payloads = source.fetch(["BRK B"], as_of=DAY)
    assert pd.isna(frame["piotroski"].iloc[0])
    assert frame["revenue_growth"].iloc[0] == 0.05
    assert "without scores-bulk" in "; ".join(problems)
    assert "plan does not include" in "; ".join(problems)
    assert len(vendor.asked) == 6  # calls do not grow with the number of symbols
    assert [p.name for p in payloads] == [
        "fundamentals-ratios-ttm-bulk.json",
        "fundamentals-key-metrics-ttm-bulk.json",
        "fundamentals-income-statement-growth-bulk-2026-FY.json",
        "fundamentals-income-statement-growth-bulk-2025-FY.json",
        "fundamentals-income-statement-growth-bulk-2024-FY.json",
    ]
    again = parse_fundamentals(payloads, ["BRK B"], as_of=DAY).frame
    pd.testing.assert_frame_equal(frame, again)


def test_constituents_come_with_their_payload(serve, fetcher):
    vendor = serve(vendor_script)
    members, staged = Fundamentals(fetcher, f"{vendor.url}/stable", SecretStr(KEY)).constituents()
    assert members == (Constituent("BRK B", "Berkshire", "Energy"),)
    assert parse_constituents(staged) == members
    assert KEY.encode() not in staged.content


def test_without_ratios_there_are_no_fundamentals(serve, fetcher):
    vendor = serve(lambda asked: Answer(b"", 500 if "ratios" in asked.path else 200))
    with pytest.raises(VendorError, match="ratios-ttm-bulk"):
        Fundamentals(fetcher, vendor.url, SecretStr(KEY)).fetch(["BRK B"], as_of=DAY)


def test_a_bad_address_is_found_before_anything_is_asked(fetcher):
    with pytest.raises(ConfigurationError):
        Fundamentals(fetcher, "http://example.com/stable", SecretStr(KEY))
