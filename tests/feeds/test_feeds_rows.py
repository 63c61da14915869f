"""Vendors' files as they come: what cannot be read costs its row or cell, up to a ceiling."""

import gzip
import io
import json
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import VendorError
from core.text.packed import PackedError, unpacked
from feeds.fundamentals import parse_fundamentals
from feeds.http import Payload
from feeds.records import number, rows
from feeds.universe.index_members import parse_constituents
from feeds.universe.tickers import ibkr_symbol

DAY = date(2026, 6, 15)
HEADER = "symbol,priceToEarningsRatioTTM,dividendYieldTTM"
GOOD = ["AAPL,30,0.004", "MSFT,35,0.007", "BRK-B,20,0"]
BULK = "fundamentals-ratios-ttm-bulk"


def csv(*lines, header=HEADER):
    return "\n".join([header, *lines, ""]).encode("utf-8", "surrogateescape")


def price_earnings(content, **settings):
    payloads = [Payload(f"{BULK}.csv", content)]
    parsed = parse_fundamentals(payloads, ["AAPL", "MSFT", "BRK B"], as_of=DAY, **settings)
    frame = parsed.frame.set_index("symbol")["price_earnings"]
    return frame.astype(object).where(frame.notna(), None).to_dict(), "; ".join(parsed.problems)


AS_JSON = (
    b'[{"symbol":"AAPL","priceToEarningsRatioTTM":30},{"symbol":"MSFT","priceToEarningsRatioTTM":'
    b'35},{"symbol":"BRK-B","priceToEarningsRatioTTM":20}]'
)
KNOWN = {"AAPL": 30.0, "BRK B": 20.0, "MSFT": 35.0}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ZZZ,Foo, Inc,1,2", "1 of 4 rows cannot be read"),  # watchman PR #379
        ("ZZZ,1", "2 cells instead of 3"),  # nsw-doe-data-stack #7
        ('ZZZ,"1,2', "a quote is not closed"),  # degiro-bookkeeper #141
        ('ZZZ,"Foo" Inc,2', "1 of 4 rows cannot be read"),
        ("Z\udce9Z,1,2", "letters that are not UTF-8: 1"),
        ("ZZZ,NaN,Infinity", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_one_damaged_row_costs_no_other_company(line, said, place):
    lines = [*GOOD[:place], line, *GOOD[place:]]
    found, problems = price_earnings(csv(*lines))
    assert found == KNOWN
    assert said in problems


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + csv(*GOOD),  # docling #4097, csvql #103
        csv(*GOOD, header="Symbol,PriceToEarningsRatioTTM, dividendYieldTTM "),
        csv(*(f"{line}," for line in GOOD), header=f"{HEADER},"),
        csv(*GOOD).replace(b"\n", b"\r\n"),
        csv(*GOOD).replace(b"\n", b"\r"),
        csv(*GOOD, 'ZZZ,"1\n2",3'),
        csv(*GOOD, *GOOD),
        csv('"AAPL","30","0.004"', *GOOD[1:]),
        gzip.compress(csv(*GOOD)),
        csv(*GOOD).decode().encode("utf-16"),
        AS_JSON,
        AS_JSON.replace(b"30", b'"30"').replace(
            b"35}", b'35},{"symbol":"Z","x":NaN,"y":-Infinity}'
        ),
        AS_JSON.replace(b"30}", b"30,}").replace(b"}]", b"},]"),
        AS_JSON.replace(b"35}", b'35},{"symbol":"Z","x":"a"b"}'),
        AS_JSON.replace(b'"symbol":"MSFT"', b'"SYMBOL":"MSFT"'),
        AS_JSON.replace(b"35}", b'35},{"symbol":"Z","x":' + b"9" * 5_000 + b"}"),
    ],
)
def test_a_table_in_another_dress_says_the_same(content):
    assert price_earnings(content)[0] == KNOWN


def test_a_zip_of_one_file_is_read_and_one_of_several_refused():
    def zipped(*names):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, csv(*GOOD))
        return packed.getvalue()

    assert price_earnings(zipped("ratios.csv"))[0] == KNOWN
    with pytest.raises(VendorError, match="a zip of 2 files"):
        price_earnings(zipped("a.csv", "b.csv"))


@pytest.mark.parametrize("pack", [gzip.compress, lambda c: gzip.compress(gzip.compress(c))])
def test_what_unpacks_beyond_its_ceiling_or_is_packed_twice_is_refused(pack):
    # Harmless stand-ins: what counts is that no more than the ceiling is ever unpacked.
    with pytest.raises(PackedError, match=r"larger than 1 MB|packed twice"):
        unpacked(pack(b"\0" * 30_000_000), limit=1_000_000)


def test_more_unreadable_rows_than_the_ceiling_are_a_verdict_on_the_file():
    lines = [f"S{n},1,0" for n in range(97)]
    assert price_earnings(csv(*GOOD, *lines, "Z", "Z"))[0] == KNOWN  # 2 of 102
    with pytest.raises(VendorError, match=r"3 of 103 rows cannot be read.*more than 2%"):
        price_earnings(csv(*GOOD, *lines, "Z", "Z", "Z"))
    assert price_earnings(csv(*GOOD, *lines, "Z", "Z", "Z"), ceiling=0.05)[0] == KNOWN


def test_a_file_that_ends_in_the_middle_is_not_half_a_file():
    cut = b'[{"symbol":"AAPL","priceToEarningsRatioTTM":30},{"symb'
    with pytest.raises(VendorError, match="is not JSON"):
        price_earnings(cut)


def test_rows_that_contradict_each_other_are_not_used():
    found, problems = price_earnings(csv(*GOOD, "AAPL,31,0.004"))
    assert found == {"BRK B": 20.0, "MSFT": 35.0}
    assert "contradict each other, none is used (AAPL)" in problems


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,035.2", 1035.2),
        ("12,345,678", 12345678.0),
        (" 30.1 ", 30.1),
        ("1,03", None),  # a decimal comma is not guessed at
        ("1.035,2", None),
        ("None", None),
        ("N/A", None),
        ("-", None),
        (float("nan"), None),
    ],
)
def test_a_number_is_read_or_it_is_none(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize(
    "symbol", ["..", "../x", "A..", ".A", "A/../B", "A--B", "-", "A\u200b", "$A"]
)
def test_a_symbol_that_is_a_path_or_no_symbol_is_refused_and_counted(symbol):
    assert ibkr_symbol(symbol) is None
    content = csv(f"{symbol},Odd,Energy", "AAPL,Apple,Energy", header="symbol,name,sector")
    assert [m.symbol for m in parse_constituents(Payload("x", content))] == ["AAPL"]


HUNDRED = csv(*(f"S{n},{n}.5,0.25" for n in range(100)))
QUOTED = csv(*(f'"S{n}","{n}.5","0.25"' for n in range(100)))
LISTED = json.dumps([{"symbol": f"S{n}", "price": n + 0.5} for n in range(100)]).encode()


@given(
    st.sampled_from([HUNDRED, QUOTED, LISTED]),
    st.floats(0.0, 1.0),
    st.sampled_from([b'"', b",", b"\n", b"\xff", b"NaN", b"{", b"}", b"[", b"]", b"\\", b""]),
    st.integers(0, 7),
)
def test_damage_at_one_place_costs_no_more_than_the_rows_around_it(table, where, piece, dropped):
    first, last = len(HEADER) + 1, len(table) - 10
    place = first + int(where * (last - first))
    content = table[:place] + piece + table[place + dropped :]
    found = {str(row.get("symbol")) for row in rows(Payload("x", content), ceiling=0.05)}
    assert len({f"S{n}" for n in range(100)} - found) <= 3


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "content",
    [
        b"[" + b'{"a":' * 400_000 + b"]",
        b"[" + b'{"a" ' * 400_000 + b"]",
        b"[" + b'{"a":1}x' * 250_000 + b"]",
        b"a,b\n" + b'"' * 2_000_000,
        b"a,b\n" + b'"x\n' * 600_000,
        b"a,b\n" + b"1\n" * 600_000,
    ],
    ids=["nested", "cut", "parted", "quotes", "open quotes", "short rows"],
)
def test_a_file_of_damage_takes_a_bounded_time(content):
    with pytest.raises(VendorError):
        list(rows(Payload("x", content)))
