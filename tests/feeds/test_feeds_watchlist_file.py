"""Watch-lists as people have them."""

import pytest

from core.errors import ConfigurationError
from core.types.sought import Sought
from feeds.universe.watchlist_file import read_watchlist

THREE = [
    Sought("AAPL", "NASDAQ"),
    Sought("VOD", "LSE", "GBP"),
    Sought(con_id=265598),
]


def read(text):
    return read_watchlist("mine.csv", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "AAPL@NASDAQ\nVOD@LSE:GBP\n265598\n",
        "\ufeff# mine\n\nAAPL@NASDAQ\r\nVOD@LSE:GBP\r\nconId 265598\r\n",
        "AAPL@NASDAQ, VOD@LSE:GBP, 265598",
        "AAPL@NASDAQ # core\nVOD@LSE:GBP # sell soon\nvod@lse:gbp\n265598\n",
        "Symbol,Primary Exchange,Currency,ConId\naapl,NASDAQ,,\nVOD,LSE,GBP,\nAAPL,,,265598\n",
        "Ticker;Exchange;Currency;conid\nAAPL;NASDAQ;;\nVOD;LSE;GBP;\n;;;265598\n",
    ],
)
def test_every_layout_gives_the_same_entries(text):
    found = read(text.replace("aapl", "AAPL"))
    assert list(found.entries) == THREE
    assert found.unreadable == {}


def test_what_tws_exports_is_read_and_what_is_no_stock_costs_itself():
    found = read(
        "HED,Technology\nDES,AAPL,STK,SMART/NASDAQ,,,,\nDES, IBM, STK, SMART,,,,\n"
        "SYM,MSFT,SMART\nCON,12348765,SMART\nDES,XYZ,OPT,ISE,202607,75,CALL,\nROW,1\n"
    )
    assert list(found.entries) == [
        Sought("AAPL", "NASDAQ"), Sought("IBM"), Sought("MSFT"), Sought(con_id=12348765),
    ]  # fmt: skip
    assert found.unreadable == {
        "line 6 of mine.csv": "XYZ is of kind OPT, not a stock",
        "line 7 of mine.csv": "'ROW' begins no line of a watch-list of TWS",
    }


def test_an_isin_with_a_wrong_check_digit_costs_its_line():
    found = read("ISIN,Currency\nUS0378331005,USD\nUS0378331006,USD\n")
    assert list(found.entries) == [Sought(isin="US0378331005")]
    assert "check digit" in found.unreadable["line 3 of mine.csv"]


def test_the_same_name_twice_is_one_entry():
    assert list(read("AAPL\nAAPL\n").entries) == [Sought("AAPL")]


@pytest.mark.parametrize("text", ["", "# nothing\n", "Symbol\n", "???\n"])
def test_a_file_without_one_stock_is_an_error(text):
    with pytest.raises(ConfigurationError, match=r"the watch-list mine\.csv names no stock"):
        read(text)


def test_a_list_that_windows_saved_as_unicode_is_read():
    content = "aapl@nasdaq\r\nVOD@LSE:GBP\r\n265598\r\n".encode("utf-16")
    assert list(read_watchlist("mine.txt", content).entries) == THREE


def test_an_empty_list_is_called_empty():
    with pytest.raises(ConfigurationError, match=r"mine\.csv names no stock: it is empty"):
        read("# nothing yet\n")


def test_a_page_on_one_line_is_no_list():
    with pytest.raises(ConfigurationError, match=r"mine\.csv is no list: field larger"):
        read("<p>" + "A" * 200_000)
