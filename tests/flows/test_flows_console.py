"""The day's progress, where somebody looks and where nobody does."""

import io

from core.storage.runs import StageRecord
from flows.terminal.console import Terminal
from flows.terminal.day_progress import ConsoleWatcher
from tasks.ingest.market import MarketResult


def record(notes="", **changes):
    return StageRecord(
        "market",
        MarketResult(),
        number=1,
        rows_in=500,
        rows_out=498,
        notes=notes,
        seconds=1.2,
        **changes,
    )


def watched(*, terminal=False, quiet=False, notes=""):
    out = io.StringIO()
    console = Terminal(file=out, force_terminal=terminal, width=40)
    with ConsoleWatcher(console, quiet=quiet) as watcher:
        watcher.begins("simulator")
        watcher.started("1 market")
        watcher.progress("bars", 1, 500)
        watcher.progress("bars", 499, 500)
        watcher.progress("bars", 500, 500)
        watcher.finished("1 market", record(notes))
    return out.getvalue()


def test_each_finished_stage_is_one_whole_line_however_narrow_the_console():
    notes = "2 without bars (ABC, DEF) and a note that is longer than forty columns"
    lines = watched(notes=notes).splitlines()
    assert lines[0] == "simulator"
    assert len([line for line in lines if line.startswith("1 market")]) == 1
    assert lines[-1].endswith(notes)


def test_a_file_gets_no_escape_codes_and_no_spinner():
    assert "\x1b" not in watched()


def test_a_terminal_gets_escape_codes():
    assert "\x1b" in watched(terminal=True)


def test_quiet_says_nothing_anywhere():
    assert watched(quiet=True) == ""
    assert watched(quiet=True, terminal=True) == ""


def test_a_note_from_outside_cannot_colour_the_terminal_or_break_the_line():
    told = watched(notes="bad\x1b[31mnews\nsecond line [bold]x[/bold]")
    assert "\x1b" not in told
    assert "\nsecond" not in told
    assert "[bold]x[/bold]" in told
