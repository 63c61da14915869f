import math
import re
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from review.tearsheet import Refused, TearSheet, render_tear_sheet
from review.text import MINUS, UNKNOWN
from tests.review.test_review_page import Page


def a_sheet(sessions=60, **changes):
    days = tuple(day.date() for day in pd.bdate_range("2026-05-13", periods=sessions))
    rng = np.random.default_rng(sessions)
    returns = rng.normal(0.001, 0.01, sessions)
    plain = TearSheet(
        replay_id="2026-05-13_2026-08-07_0123456789ab",
        world="bars for tests",
        currency="USD",
        capital=1e6,
        final_equity=1e6 * float(np.prod(1 + returns)),
        sessions=days,
        returns=tuple(returns.tolist()),
        equal_weight=tuple(rng.normal(0.0005, 0.008, sessions).tolist()),
        turnover=tuple(rng.uniform(0, 0.4, sessions).tolist()),
        commissions=tuple(rng.uniform(0, 50, sessions).tolist()),
        spread=tuple(rng.uniform(0, 20, sessions).tolist()),
        orders=1234,
        fills=1500,
    )
    return replace(plain, **changes)


rendered = cache(render_tear_sheet)


def seen(sheet):
    return " ".join(" ".join(Page(rendered(sheet)).text).split())


STATES = {
    "usual": {},
    "one session": {"sessions": 1},
    "two sessions": {"sessions": 2},
    "ten years": {"sessions": 2520},
    "refused": {"refused": (Refused(date(2026, 6, 15), "historical VaR 95"),)},
    "with a caveat": {"caveat": "Something is missing."},
    "never traded": {"sessions": 3, "returns": (0.0,) * 3, "turnover": (0.0,) * 3},
    "ruined": {"sessions": 3, "returns": (-1.0, math.nan, math.nan)},
}


@pytest.mark.parametrize("changes", STATES.values(), ids=STATES)
def test_every_tear_sheet_is_whole_accessible_and_fetches_nothing(changes):
    content = rendered(a_sheet(**changes))
    page = Page(content)
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r"url\(#([^)]+)\)", content.decode())) <= set(page.ids)
    assert set(re.findall(r'href="([^"]+)"', content.decode())) <= {f"#{i}" for i in page.ids}
    assert page.tags.count("caption") == page.tags.count("table")
    assert content.decode().count('role="img" aria-label="') == page.tags.count("svg") == 4
    assert not re.search(rb"https?://", content)
    assert b"#0" not in content  # a stand-in colour that was not exchanged
    assert "SIMULATED" in seen(a_sheet(**changes))


def test_the_page_of_ten_years_stays_under_a_megabyte():
    assert len(rendered(a_sheet(2520))) < 1_000_000


def test_the_same_sheet_gives_the_same_bytes():
    assert render_tear_sheet(a_sheet()) == rendered(a_sheet())


def test_a_short_replay_says_that_it_proves_little():
    lucky = a_sheet(20, returns=tuple([0.002, 0.001] * 10))
    assert "say little about skill" in seen(a_sheet(60))
    assert "something about skill" in seen(lucky)


def test_what_is_not_known_is_a_dash_and_never_zero():
    page = seen(a_sheet(1))
    assert f"Volatility a year {UNKNOWN} {UNKNOWN}" in page
    assert f"Sharpe ratio {UNKNOWN} {UNKNOWN}" in page
    assert f"Sortino ratio {UNKNOWN} {UNKNOWN}" in page
    assert f"Skewness {UNKNOWN} {UNKNOWN}" in page


def test_a_drawdown_that_is_not_over_and_losses_that_never_were_are_dashes():
    page = seen(a_sheet(3, returns=(0.1, -0.2, 0.1), equal_weight=(0.01, 0.02, 0.01)))
    assert f"Sessions from its peak to its bottom 1 {UNKNOWN}" in page
    assert f"Sessions from there back to the peak {UNKNOWN} {UNKNOWN}" in page
    assert f"Gains over losses 1.00 {UNKNOWN}" in page
    assert f"Value at risk, one day in twenty 20.00 % {MINUS}1.00 %" in page


def test_worked_figures_are_on_the_page():
    sheet = a_sheet(
        2,
        returns=(0.10, -0.10),
        equal_weight=(0.01, 0.01),
        turnover=(1.0, 0.5),
        commissions=(300.0, 100.0),
        spread=(80.0, 20.0),
    )
    page = seen(sheet)
    assert f"{MINUS}1.0 % in 2 sessions, equal weight +2.0 %" in page
    assert f"Largest drawdown {MINUS}10.00 % 0.00 %" in page
    assert "75.0 % one-way 37.5 %" in page
    # 0.99 is left after two days: 0.99 ** 126 - 1 a year, over a drawdown of a tenth.
    assert "Sortino ratio 0.00 " in page
    assert f"Calmar ratio {MINUS}7.18 " in page
    assert f"Mean loss of the worst twentieth (CVaR 95 %) 10.00 % {MINUS}1.00 %" in page
    assert "500 USD in all" in page
    assert "6.30 %" in page  # 500 of 1,000,000 in two of 252 sessions
    assert f"2026-05 {MINUS}1.00 % +2.01 % {MINUS}3.01 %" in page


def test_sessions_that_were_not_sent_are_named_with_their_reason():
    page = seen(a_sheet(refused=(Refused(date(2026, 6, 15), "price moved <b>too far</b>"),)))
    assert "2026-06-15: price moved <b>too far</b>" in page


def test_the_page_never_says_more_than_a_simulation():
    assert "no order left this machine" in seen(a_sheet())
