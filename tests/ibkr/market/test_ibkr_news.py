"""Providers, headlines and articles, against a gateway that misbehaves on purpose."""

from datetime import UTC, datetime

import pytest

from core.errors import ConfigurationError, GatewayTimeout, RequestRefused
from ibkr.market.news import NewsTools
from tests.ibkr.fake_gateway import error
from tests.ibkr.market_answers import ARTICLE, NEWS, PROVIDERS

JUNE = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


def headlines(*rows, more=0):
    return lambda g, f: g.say(*[[86, f[1], *row] for row in rows], [87, f[1], more])


OLD = ("2026-06-11 09:00:00.0", "BRFG", "BRFG$1", "Old news")
NEW = ("2026-06-12 10:30:00.0", "DJNL", "DJNL$2", "{A:800015:L:en}New news")


def test_providers_are_sorted_by_code(connected):
    answer = lambda g, _f: g.say([85, 2, "DJNL", "Dow Jones", "BRFG", "Briefing"])  # noqa: E731
    _, connection = connected({PROVIDERS: answer})
    assert [one.code for one in NewsTools(connection).providers()] == ["BRFG", "DJNL"]


def test_headlines_come_newest_first_without_the_providers_own_data(connected):
    gateway, connection = connected({NEWS: headlines(OLD, NEW, OLD)})
    found = NewsTools(connection).headlines(265598, ["BRFG", "DJNL"], start=JUNE, rows=10)
    assert [(one.article_id, one.text) for one in found] == [
        ("DJNL$2", "New news"), ("BRFG$1", "Old news"),
    ]  # fmt: skip
    assert found[0].time == datetime(2026, 6, 12, 10, 30, tzinfo=UTC)
    assert gateway.asked(NEWS)[0][2:7] == [
        "265598", "BRFG+DJNL", "2026-06-01 12:30:00.0", "", "10",
    ]  # fmt: skip


def test_no_headlines_that_were_confirmed_are_an_empty_answer_and_silence_is_not(connected):
    _, connection = connected({NEWS: headlines()})
    assert NewsTools(connection).headlines(1, ["BRFG"]) == ()
    _, mute = connected({}, impatient=True)
    with pytest.raises(GatewayTimeout, match="headlines of conId 1"):
        NewsTools(mute).headlines(1, ["BRFG"])


def test_news_that_are_not_subscribed_are_refused_at_once(connected):
    # 321 is a "warning" to ib_async: it would wait four seconds and return nothing.
    text = "Error validating request.-'bW' : cause - No subscription"
    _, connection = connected({NEWS: lambda g, f: g.say(error(f[1], 321, text))})
    with pytest.raises(RequestRefused, match="No subscription"):
        NewsTools(connection).headlines(1, ["BRFG"])


def test_a_time_that_cannot_be_read_costs_the_time_and_not_the_headlines(connected):
    good = ("2026-06-12 10:30:00.0", "BRFG", "B$2", "Good")
    _, connection = connected({NEWS: headlines(("yesterday", "BRFG", "B$1", "Odd"), good)})
    found = NewsTools(connection).headlines(1, ["BRFG"])
    assert [(one.text, one.time is None) for one in found] == [("Good", False), ("Odd", True)]


@pytest.mark.parametrize(("kind", "name"), [(0, "text"), (1, "pdf")])
def test_an_article_says_what_it_is(connected, kind, name):
    _, connection = connected({ARTICLE: lambda g, f: g.say([83, f[1], kind, "<p>Text</p>"])})
    found = NewsTools(connection).article("BRFG", "BRFG$1")
    assert (found.format, found.text) == (name, "<p>Text</p>")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"con_id": 0}, "conId 0"),
        ({"codes": []}, "no provider is named"),
        ({"codes": ["BR+FG"]}, "not a provider code"),
        ({"codes": ["B\0"]}, "not a provider code"),
        ({"rows": 301}, "rows = 301"),
        ({"start": JUNE.replace(tzinfo=None)}, "no time zone"),
        ({"start": JUNE, "end": JUNE}, "the start is not before the end"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_before_the_wire(connected, change, said):
    gateway, connection = connected()
    plain = {"con_id": 1, "codes": ["BRFG"]}
    with pytest.raises(ConfigurationError, match=said):
        NewsTools(connection).headlines(**plain | change)
    assert not gateway.asked(NEWS)


@pytest.mark.parametrize("article", ["", "B$1\0", "B$ü"])
def test_an_article_id_that_would_spoil_a_message_is_not_sent(connected, article):
    gateway, connection = connected()
    with pytest.raises(ConfigurationError, match="names no article"):
        NewsTools(connection).article("BRFG", article)
    assert not gateway.asked(ARTICLE)
