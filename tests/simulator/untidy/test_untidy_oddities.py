"""An untidy world: the same oddities for the same seed, each by name, none in a tidy one."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from core.errors import ConfigurationError
from core.settings import SimulatorSettings
from ibkr.wire.times import moment
from simulator.market.market import DailyBar, Instrument
from simulator.market.scenarios import open_market
from simulator.untidy import oddities
from simulator.untidy.bars import RATIOS, is_split_late, odd_bars
from simulator.untidy.documents import odd_feed, odd_rows
from simulator.untidy.market import untidied, untidiness_of
from simulator.untidy.names import as_ibkr, as_printed, as_told
from simulator.untidy.oddities import BY_NAME, TIDY, Untidiness, untidiness
from simulator.untidy.times import odd_time

PAGE = Path(__file__).parents[3] / "docs" / "untidy-world.md"
ACME = Instrument(1, "ACME", "Acme Technologies, Inc.", primary_exchange="NASDAQ")
BAR = DailyBar(date(2026, 1, 5), 10.0, 11.0, 9.0, 10.5, 3000)
BARS = [BAR._replace(session=BAR.session + timedelta(days=n)) for n in range(30_000)]


def untidy(*names, seed=7):
    return Untidiness(frozenset(names), seed)


def test_a_tidy_market_is_left_as_it_is():
    market = open_market(SimulatorSettings(symbols=3))
    assert untidied(market, SimulatorSettings()) is market
    assert untidiness_of(market) is TIDY


def test_an_untidy_world_is_the_same_world_told_less_tidily():
    settings = SimulatorSettings(symbols=3, untidy="1")
    market = open_market(settings)
    found = untidied(market, settings)
    assert found.world_id == market.world_id
    assert found.instruments == market.instruments
    assert "untidy (capitals" in found.title


def test_a_higher_level_has_all_oddities_of_the_lower_one():
    levels = [untidiness(str(level), 7).names for level in range(4)]
    assert levels[0] == frozenset()
    assert levels[0] < levels[1] < levels[2] <= levels[3]


def test_some_worlds_of_a_level_have_what_others_have_not_and_a_list_always_has_it():
    worlds = ["no-live-data" in untidiness("2", seed) for seed in range(40)]
    assert 0 < sum(worlds) < 40
    assert all("no-live-data" in untidiness("no-live-data", seed) for seed in range(40))


@pytest.mark.parametrize("asked", ["4", "-1", "", " , ", "capitals,nonsense"])
def test_an_unknown_oddity_is_refused_with_those_that_there_are(asked):
    with pytest.raises(ConfigurationError, match=r"names no oddity; there are .*capitals"):
        untidiness(asked, 7)


def test_what_strikes_where_hangs_on_the_seed_alone():
    first, again, other = untidy("bars"), untidy("bars"), untidy("bars", seed=8)
    told = [odd_bars(BARS, 1, each) for each in (first, again, other)]
    assert told[0] == told[1] != told[2]


def test_odd_bars_are_few_of_every_kind_and_the_newest_is_there():
    found = odd_bars(BARS, 1, untidy("bars"))
    assert found[-1] == BARS[-1]
    tidy = set(BARS)
    odd = [bar for bar in found if bar not in tidy]
    assert {bar.volume for bar in odd} >= {-1, 1000}
    assert any(bar.close > bar.high for bar in odd)
    assert {bar.session for bar in BARS} - {bar.session for bar in found}
    assert len(odd) < 30


def test_bars_before_a_split_that_was_missed_are_in_the_shares_of_then():
    found = odd_bars(BARS[:4000], 1, untidy("missed-split", seed=4))
    ratios = [bar.close / BAR.close for bar in found]
    assert ratios[-1] == 1.0
    (place,) = [n for n, ratio in enumerate(ratios[:-1]) if ratio != ratios[n + 1]]
    assert {round(ratio, 6) for ratio in ratios[: place + 1]} < set(RATIOS)
    assert found[place].volume * ratios[place] == pytest.approx(BAR.volume)


def test_a_split_of_today_is_in_none_of_the_bars_of_one_share_in_sixty():
    world = untidy("late-split")
    newest = BARS[-1].session
    late = [con_id for con_id in range(600) if is_split_late(con_id, newest, world)]
    assert 2 < len(late) < 30
    for con_id in (late[0], late[0] + 1):
        moved = {bar.close != BAR.close for bar in odd_bars(BARS, con_id, world)}
        assert moved == {con_id in late}


def test_names_are_those_of_the_broker_and_headlines_those_of_newspapers():
    assert as_ibkr("Kikundra Technologies, Inc.") == "KIKUNDRA TECHNOLOGIES INC"
    assert as_told(ACME, untidy("capitals")).name == "ACME TECHNOLOGIES INC"
    assert as_told(ACME, TIDY) is ACME
    printed = {as_printed(ACME, untidy("newspapers"), n) for n in range(60)}
    assert {"Acme Technologies", "Acme Technologies, Inc. $ACME"} <= printed


def test_a_damaged_feed_has_most_of_its_titles_still():
    items = "".join(f"<item><title>Story {n}</title></item>" for n in range(300))
    content = f"<rss><channel>{items}</channel></rss>".encode()
    found = odd_feed(content, untidy("feed-damage"), "a day")
    with pytest.raises(ET.ParseError):
        ET.fromstring(found)
    assert found.count(b"<title>Story") == 300
    assert 1 <= sum(found.count(each) for each in (b"&nbsp;", b" & ", b"\x0b", b"<10")) < 30
    assert odd_feed(content, TIDY, "a day") == content


def test_a_bulk_file_has_a_few_rows_that_cannot_be_read():
    content = b"symbol,a,b\n" + b"".join(b"S%d,1.5,2.5\n" % n for n in range(1000))
    found = odd_rows(content, untidy("vendor-rows"), "ratios").split(b"\n")
    odd = [row for row in found if row not in content.split(b"\n")]
    assert 1 < len(odd) < 20


def test_times_of_executions_mean_the_same_however_they_are_written():
    at = datetime(2026, 6, 15, 13, 30, 1, tzinfo=UTC)
    usual = "20260615 09:30:01 US/Eastern"
    written = {odd_time(at, usual, untidy("execution-times"), n) for n in range(300)}
    readable = {text for text in written if "Nowhere" not in text}
    assert len(readable) >= 8
    assert {moment(text) for text in readable} == {at}
    assert len(written) > len(readable)


def test_the_page_of_the_untidy_world_is_that_of_the_list():
    assert PAGE.read_text() == oddities.reference(), "run `make docs`"
    assert list(BY_NAME) == [one.name for one in oddities.ODDITIES]


def test_every_oddity_cites_a_public_report_by_project_and_number():
    assert [
        one.name for one in oddities.ODDITIES if not re.match(r"[\w. -]+ #\d+", one.source)
    ] == []
