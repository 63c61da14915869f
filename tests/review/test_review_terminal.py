from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from core.settings import Mode
from review.day import Stage
from review.terminal import show, stage_heading, stage_line, summary_text
from review.verdict import Verdict

PLACES = {"report": "reports/sim/2026-06-15.html", "ticket": "reports/sim/order_ticket.json"}


def shown(day, **console):
    out = Console(file=io.StringIO(), **console)
    show(day, out, places=PLACES)
    return out.file.getvalue()


def test_a_stage_line_stands_under_its_heading():
    line = stage_line(
        Stage(
            number=1, name="ingest", seconds=581, rows_in=702, rows_out=698, note="4 without bars"
        )
    )
    assert [stage_heading(), line] == [
        "stage               time     in    out   notes",
        "1 ingest        9:41 min    702    698   4 without bars",
    ]


def test_where_nobody_looks_the_summary_is_plain_and_never_wrapped(a_day):
    long = "x" * 190
    text = shown(a_day(verdict=Verdict.REFUSED, why=long), width=20)
    assert text == summary_text(a_day(verdict=Verdict.REFUSED, why=long), places=PLACES)
    assert long in text
    assert "\x1b" not in text


def test_in_a_terminal_it_is_a_table_that_fits(a_day):
    text = shown(a_day(), force_terminal=True, width=120, color_system=None)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 120
    for word in ("SIMULATED", "DU****345", "38.3 s", "12 orders proposed", *PLACES):
        assert word in text


@pytest.mark.parametrize("terminal", [True, False])
def test_only_the_largest_orders_are_listed_and_the_rest_are_counted(a_day, terminal):
    lines = [dataclasses.replace(a_day().orders[0], symbol=f"S{i}", value=i) for i in range(15)]
    day = a_day(orders=tuple(lines))
    text = shown(day, force_terminal=terminal, width=200, color_system=None)
    assert "S14 " in text
    assert "S2 " not in text
    assert "and 3 smaller orders in the ticket" in text


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_both_forms_name_the_world_the_verdict_and_the_places(a_day, terminal, mode, verdict):
    text = shown(
        a_day(mode=mode, verdict=verdict), force_terminal=terminal, width=200, color_system=None
    )
    badge = {"sim": "SIMULATED", "paper": "PAPER", "live": "LIVE"}[mode.value]
    assert f"daybook 2026-06-15  {badge}" in text
    assert "DU1234345" not in text
    for place in PLACES.values():
        assert place in text


@pytest.mark.parametrize("terminal", [True, False])
def test_a_note_can_neither_paint_nor_move_the_cursor(a_day, terminal):
    note = "[bold red]odd[/] [link=file:///x]here[/link] \x1b[2J\r\n"
    day = a_day(verdict=Verdict.REFUSED, why=note)
    text = shown(day, force_terminal=terminal, width=200, color_system=None)
    assert "\x1b[2J" not in text
    assert "\r" not in text
    assert "[bold red]odd[/]" in text
