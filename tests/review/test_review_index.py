from __future__ import annotations

from datetime import date

import pytest

from core.settings import Mode
from review.index import IndexLine, render_index
from review.verdict import Verdict


def a_line(day, **changes):
    values = {
        "session": date(2026, 6, day),
        "mode": Mode.SIM,
        "verdict": Verdict.PROPOSED,
        "href": f"2026-06-{day:02d}.html",
        "run_id": f"run-{day}",
        "orders": 12,
    }
    return IndexLine(**{**values, **changes})


def test_days_are_listed_newest_first_each_with_its_page():
    page = render_index([a_line(10), a_line(12), a_line(11)]).decode()
    places = [page.index(f'<a href="2026-06-{day}.html">2026-06-{day}</a>') for day in (12, 11, 10)]
    assert places == sorted(places)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("mode", list(Mode))
def test_every_verdict_and_world_is_named(verdict, mode):
    page = render_index([a_line(10, verdict=verdict, mode=mode)]).decode()
    assert f">{verdict.value}</td>" in page
    assert f'class="badge {mode.value}"' in page


def test_no_days_say_how_to_begin():
    assert b"No day has been run yet" in render_index([])


def test_text_is_escaped_and_nothing_is_fetched():
    page = render_index([a_line(10, run_id="<script>1</script>", href='x" onclick="y.html')])
    assert b"<script>" not in page
    assert b'x" onclick' not in page
    assert b"http://" not in page


def test_the_same_days_give_the_same_bytes():
    lines = [a_line(10), a_line(11)]
    assert render_index(lines) == render_index(lines[::-1])
