from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import pytest

from core.settings import Mode
from core.types import OrderStatus
from review.day import Check, Headline, Override, SymbolLine
from review.page import LISTED, render_day, usage
from review.text import UNKNOWN
from review.verdict import Verdict

HOSTILE = (
    "<script>alert('1')</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>@import url(http://evil.example)</style>",
    "{{ 7 * 7 }}{% include 'day.html.j2' %}",
    "$\\frac{1}{0}$ & &lt;b&gt;",
    "\u202egnp.exe\u200b\x00\x1b[31m",
)
EMPTY = dict.fromkeys(
    ("orders", "checks", "binding", "symbols", "overrides", "quality", "what_ifs", "stages",
     "artefacts"), (),
)  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: elements, ids, and everything that would be fetched."""

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.tags, self.ids, self.fetched, self.open, self.text = [], [], [], [], []
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        named = dict(attrs)
        self.ids += [named["id"]] if "id" in named else []
        for name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
            if name in named and not named[name].startswith("#"):
                self.fetched.append(named[name])
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        # The cells of the long table leave out </td>, as HTML allows.
        while self.open[-1] == "td" and tag != "td":
            self.open.pop()
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text.append(data)


def seen(day):
    return " ".join(" ".join(Page(render_day(day)).text).split())


STATES = {
    "proposed": {},
    "executed": {"verdict": Verdict.PARTLY_FILLED, "mode": Mode.LIVE},
    "recommendation only": {"verdict": Verdict.RECOMMENDATION_ONLY, "mode": Mode.PAPER},
    "too late": {"verdict": Verdict.RECOMMENDATION_ONLY, "why": "Started too late"},
    "no orders": {"verdict": Verdict.NO_ORDERS, "orders": ()},
    "nothing at all": {"verdict": Verdict.NO_ORDERS, **EMPTY, "world": ""},
}


@pytest.mark.parametrize("changes", STATES.values(), ids=STATES)
def test_every_state_renders_whole_accessible_and_without_fetching_anything(a_day, changes):
    content = render_day(a_day(**changes))
    page = Page(content)
    assert page.open == []
    assert page.fetched == []
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r"url\(#([^)]+)\)", content.decode())) <= set(page.ids)
    assert page.tags.count("title") == page.tags.count("h1") == page.tags.count("main") == 1
    assert page.tags.count("caption") == page.tags.count("table")
    assert content.decode().count('role="img" aria-label="') == page.tags.count("svg")
    assert b"http://" not in content
    assert b"https://" not in content
    assert b"#0" not in content  # a stand-in colour that was not exchanged


@pytest.mark.parametrize(
    ("mode", "badge"),
    [(Mode.SIM, "SIMULATED"), (Mode.PAPER, "PAPER"), (Mode.LIVE, "LIVE")],
)
@pytest.mark.parametrize("changes", STATES.values(), ids=STATES)
def test_the_world_is_always_named(a_day, changes, mode, badge):
    page = render_day(a_day(**{**changes, "mode": mode})).decode()
    assert f'<span class="badge {mode.value}">{badge}</span>' in page
    assert badge in page[page.index("<title>") : page.index("</title>")]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_shown_and_never_interpreted(a_day, text):
    day = a_day()
    plain = Page(render_day(day))
    order = dataclasses.replace(day.orders[0], symbol=text, flag=text)
    symbol = SymbolLine(symbol=text, weight_before=0.9, weight_after=0.9, alpha=1.0, technical=1.0)
    news = Headline(title=text, source=text)
    item = Override(symbol="X", reason=text, weight_before=0.1, weight_after=0, headlines=(news,))
    page = Page(
        render_day(
            a_day(
                orders=(order, *day.orders[1:]),
                symbols=(symbol, *day.symbols),
                overrides=(item,),
                stages=tuple(dataclasses.replace(s, note=text) for s in day.stages),
                what_ifs=tuple(dataclasses.replace(r, reason=text) for r in day.what_ifs),
                checks=tuple(dataclasses.replace(c, detail=text) for c in day.checks),
                world=text,
            )
        )
    )
    assert page.fetched == []
    assert set(page.tags) == set(plain.tags)
    shown = "".join(page.text)
    assert "49" not in "".join(re.findall(r"\{.*?\}", shown))
    assert not re.search("[\x00-\x08\x1b\u200b\u202e]", shown)


def test_a_hostile_headline_stays_readable(a_day):
    news = Headline(title=HOSTILE[0], source="feed")
    item = Override(symbol="X", reason="r", weight_before=0.1, weight_after=0, headlines=(news,))
    page = render_day(a_day(overrides=(item,)))
    assert b"&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;" in page


@pytest.mark.world
def test_the_same_day_gives_the_same_bytes_in_any_process(a_day, tmp_path):
    here = render_day(a_day())
    assert render_day(a_day()) == here
    script = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('days', sys.argv[1])\n"
        "days = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(days)\n"
        "from review.page import render_day\n"
        "sys.stdout.buffer.write(render_day(days.DAY))\n"
    )
    conftest = Path(__file__).with_name("conftest.py")
    there = subprocess.run(
        [sys.executable, "-c", script, conftest],
        capture_output=True,
        check=True,
        timeout=60,
        env={"PYTHONHASHSEED": "5", "PYTHONPATH": str(conftest.parents[2]), "HOME": str(tmp_path),
             "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )  # fmt: skip
    assert there.stdout == here


def test_a_large_day_stays_under_400_kilobytes(a_day, some_orders, some_symbols):
    page = render_day(a_day(orders=some_orders(60), symbols=some_symbols(500)))
    assert len(page) < 400_000
    assert page.count(b"SY499") >= 1


def test_a_universe_too_large_to_list_says_how_many_are_left_out(a_day, some_symbols):
    page = render_day(a_day(symbols=some_symbols(LISTED + 400)))
    assert len(page) < 400_000
    assert b"400 symbols more in the targets file" in page


def test_failed_checks_are_named_with_value_and_limit(a_day):
    checks = (
        Check(name="Gross exposure", value=1.312, limit=1.2, passed=False, detail="after overlay"),
        Check(name="Cash", value=0.01, limit=0.05, passed=False, at_least=True),
        Check(name="VaR", value=float("nan"), limit=0.03, passed=False),
    )
    page = seen(a_day(verdict=Verdict.RECOMMENDATION_ONLY, checks=checks))
    assert "RECOMMENDATION ONLY: 3 checks failed" in page
    assert (
        "Nothing was sent. Gross exposure is 131.20 %, limit 120.00 % (after overlay); "
        "Cash is 1.00 %, minimum 5.00 %; VaR could not be measured, limit 3.00 %." in page
    )


def test_an_uncertain_order_is_the_first_thing_the_page_says(a_day):
    day = a_day()
    states = [OrderStatus.UNCERTAIN, *[OrderStatus.FILLED] * 11]
    orders = tuple(
        dataclasses.replace(o, status=s) for o, s in zip(day.orders, states, strict=True)
    )
    day = a_day(verdict=Verdict.UNCERTAIN, orders=orders)
    content = render_day(day)
    assert b'<div class="banner bad"' in content
    page = seen(day)
    assert "12 orders sent: 11 filled, 1 uncertain" in page
    assert "The status of MSFT is unknown" in page


def test_an_account_is_recognisable_but_not_written_out(a_day):
    content = render_day(a_day(account="DU1234345"))
    assert b"DU****345" in content
    assert b"DU1234345" not in content


def test_what_is_not_known_is_a_dash_and_never_zero(a_day):
    day = a_day()
    line = dataclasses.replace(
        day.orders[0], limit_price=None, alpha=None, adv_share=float("nan"), margin_change=None,
        value=None,
    )  # fmt: skip
    dash = UNKNOWN
    row = seen(dataclasses.replace(day, orders=(line,))).split("MSFT")[1].split("Limits")[0]
    assert row.split() == ["20", dash, dash, "3.1", "%", "→", "7.2", "%", dash, dash, dash]


@pytest.mark.parametrize(
    ("check", "used"),
    [
        ({"value": 0.6, "limit": 1.2}, 50.0),
        ({"value": 2.4, "limit": 1.2}, 100.0),
        ({"value": -0.1, "limit": 1.2}, 0.0),
        ({"value": 0.10, "limit": 0.05, "at_least": True}, 50.0),
        ({"value": 0.0, "limit": 0.05, "at_least": True}, 100.0),
        ({"value": None, "limit": 1.2}, 100.0),
        ({"value": float("nan"), "limit": 1.2}, 100.0),
        ({"value": float("inf"), "limit": 1.2}, 100.0),
        ({"value": 0.0, "limit": 0.0}, 0.0),
        ({"value": 0.1, "limit": 0.0}, 100.0),
        ({"value": -0.1, "limit": 0.0, "at_least": True}, 100.0),
    ],
)
def test_a_bar_shows_the_share_of_the_limit_that_is_used(check, used):
    assert usage(Check(name="x", passed=True, **check)) == pytest.approx(used)


def test_an_opening_in_the_past_is_not_counted_down(a_day):
    late = a_day().opens_at + timedelta(minutes=1)
    assert "exchange already open" in seen(a_day(as_of=late))


@pytest.mark.parametrize(
    ("status", "tone"),
    [(OrderStatus.FILLED, "good"), (OrderStatus.WORKING, "good"), (OrderStatus.REJECTED, "warn"),
     (OrderStatus.CANCELLED, "warn"), (OrderStatus.UNCERTAIN, "bad")],
)  # fmt: skip
def test_a_day_is_only_green_when_every_order_stands(a_day, status, tone):
    filled, *rest = [
        dataclasses.replace(order, status=OrderStatus.FILLED) for order in a_day().orders
    ]
    orders = (dataclasses.replace(filled, status=status), *rest)
    page = render_day(a_day(verdict=Verdict.PARTLY_FILLED, orders=orders)).decode()
    assert f'<div class="banner {tone}"' in page


def test_the_order_of_symbols_and_a_persons_own_plot_settings_do_not_change_the_page(a_day):
    day = a_day()
    expected = render_day(day)
    with mpl.rc_context({"font.size": 20, "axes.edgecolor": "red", "svg.fonttype": "path"}):
        assert render_day(a_day(symbols=day.symbols[::-1])) == expected
        assert mpl.rcParams["font.size"] == 20


def test_a_symbol_without_a_known_alpha_is_listed_but_not_drawn(a_day):
    line = SymbolLine(symbol="DARK", weight_before=0.0, weight_after=0.0, alpha=float("nan"))
    page = Page(render_day(a_day(symbols=(line,))))
    assert "svg" not in page.tags
    assert "DARK" in page.text
