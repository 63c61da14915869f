"""A whole day over the socket on a file of bars: what no file says is unknown on every exit."""

import json

import pytest

from tests.flows.days.bars_files import bars_of, saved, until
from tests.flows.days.days import DAY, TRADING, paths_of, revisions, typing_at

ASSUMED = "assumed: quotes 4 bp wide around the last price, every share to borrow"
UNKNOWN = "unknown, in no file: news, fundamentals, macro, sectors, earnings dates"
SOURCES = ["fundamentals", "news", "macro", "earnings dates"]
QUICK = {
    "DAYBOOK_GATEWAY__MESSAGES_PER_SECOND": "50",
    "DAYBOOK_UNIVERSE__HISTORY": "1 Y",
    "DAYBOOK_OPTIMISER__CVAR_AVERSION": str(TRADING["optimiser"]["cvar_aversion"]),
}


@pytest.fixture(scope="module")
def bars():
    return bars_of()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("bars") / "home"
    home.mkdir()
    return home


@pytest.fixture(scope="module")
def typed(home):
    with typing_at(home) as typed:
        yield typed


def run(typed, home, bars, *arguments):
    file = saved(bars, home.parent / "data")
    return typed("run", "--date", str(DAY), "--bars", str(file), *arguments, **QUICK)


@pytest.fixture(scope="module")
def first(typed, home, bars):
    """The day on a file that ends with the day itself."""
    said = run(typed, home, until(bars, DAY))
    assert said.code == 0, said.err
    return said


@pytest.fixture(scope="module")
def again(first, typed, home, bars):
    """The same day once more when the file has grown by a month."""
    said = run(typed, home, bars, "--json")
    assert said.code == 0, said.err
    return said.json


def test_the_run_says_what_is_unknown_and_what_is_assumed(first):
    begun, summary = first.out.partition("9 notify")[::2]
    for part in (begun, summary):  # when it begins, and beside its figures
        assert "real bars from bars.parquet" in part
        assert UNKNOWN in part
        assert ASSUMED in part
    assert (
        begun.count("real bars are not mixed with synthetic data") >= 3
    )  # of news, fundamentals, earnings


def test_the_page_says_so(first, home):
    (page,) = paths_of(home).reports.glob(f"*{DAY}*.html")
    text = page.read_text()
    assert UNKNOWN in text
    assert ASSUMED in text
    assert f"unknown today: {', '.join(SOURCES)}" in text


def test_a_file_that_has_grown_is_read_again_and_gives_the_same_ticket(first, again, home):
    assert again["orders"] > 0
    assert "2026-07-10" in again["environment"]
    assert not {name for name in revisions(home) if "ticket" in name or "features" in name}
    assert len(list(paths_of(home).reports.glob("order_ticket_*"))) == 1


def test_programs_are_told_what_is_unknown(again):
    assert again["unknown"] == SOURCES
    assert UNKNOWN in again["environment"]


def test_why_names_no_block_that_nobody_knows(again, typed, bars):
    symbol = bars["symbol"].iloc[0]
    story = json.loads(typed("why", symbol, "--json").out)
    assert story["unknown"] == SOURCES
    assert story["headlines"] == []
    assert story["blocks"]["sentiment"] is None
    assert story["blocks"]["fundamental"] is None
    assert story["blocks"]["technical"] is not None
    assert f"unknown       {', '.join(SOURCES)}: not in the scores" in typed("why", symbol).out
