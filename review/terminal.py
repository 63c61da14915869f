"""The day in a terminal: one line per stage while it runs, a summary at the end.

In a terminal the summary is a table; anywhere else (a file, a pipe, cron's mail) it is plain
lines that no width can break.
"""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from review.day import DayPage, Stage
from review.text import (
    BADGES,
    count,
    duration,
    explanation,
    headline,
    local,
    masked,
    number,
    opening,
    untrusted,
)

_NAME, _TIME, _ROWS = 12, 9, 7
_STYLES = {"SIMULATED": "magenta", "PAPER": "yellow", "LIVE": "bold white on red"}


def title_line(day: DayPage) -> str:
    """Return the first line: which day, which world, which account."""
    return (
        f"daybook {day.session}  {BADGES[day.mode]}  account {masked(day.account)}  "
        f"decided {local(day.as_of)} Bucharest, {opening(day)}"
    )


def stage_line(stage: Stage) -> str:
    """Return the progress line of a finished stage, aligned under `stage_heading`."""
    name = f"{stage.number} {stage.name}"
    return (
        f"{name:<{_NAME}}{duration(stage.seconds):>{_TIME}}{number(stage.rows_in, 0):>{_ROWS}}"
        f"{number(stage.rows_out, 0):>{_ROWS}}   {untrusted(stage.note)}"
    ).rstrip()


def stage_heading() -> str:
    """Return the line that names the columns of `stage_line`."""
    return f"{'stage':<{_NAME}}{'time':>{_TIME}}{'in':>{_ROWS}}{'out':>{_ROWS}}   notes"


def summary_text(day: DayPage, *, places: dict[str, str]) -> str:
    """Return the summary as plain lines. ``places`` says where what is: ``{"report": path}``."""
    lines = [title_line(day), stage_heading(), *(stage_line(stage) for stage in day.stages)]
    lines.append(f"total {duration(sum(stage.seconds for stage in day.stages))}")
    lines += ["", headline(day), *_said(day)]
    lines += [f"{name}: {place}" for name, place in places.items()]
    return "\n".join(lines) + "\n"


def summary(day: DayPage, *, places: dict[str, str]) -> RenderableType:
    """Return the summary for a terminal: stages as a table, then the verdict and the places."""
    table = Table(
        box=None, pad_edge=False, header_style="dim", footer_style="dim", show_footer=True
    )
    total = duration(sum(stage.seconds for stage in day.stages))
    table.add_column("stage", footer=count(len(day.stages), "stage"), no_wrap=True)
    table.add_column("time", footer=total, justify="right", no_wrap=True)
    table.add_column("in", justify="right", no_wrap=True)
    table.add_column("out", justify="right", no_wrap=True)
    table.add_column("notes", overflow="fold")
    for stage in day.stages:
        table.add_row(
            f"{stage.number} {stage.name}",
            duration(stage.seconds),
            number(stage.rows_in, 0),
            number(stage.rows_out, 0),
            Text(untrusted(stage.note)),  # Text: brackets in a note are no markup
        )
    badge = BADGES[day.mode]
    head = Text.assemble(
        ("daybook ", "bold"), (f"{day.session}  ", "bold"), (badge, _STYLES[badge]),
        f"  account {masked(day.account)}  decided {local(day.as_of)} Bucharest, {opening(day)}",
    )  # fmt: skip
    attention = bool(day.failed_checks or day.uncertain)
    verdict = Text(headline(day), style="bold red" if attention else "bold green")
    said = [Text(line) for line in _said(day)]
    where = [Text.assemble((f"{name}: ", "dim"), place) for name, place in places.items()]
    return Group(head, table, Text(), verdict, *said, *where)


def show(day: DayPage, console: Console, *, places: dict[str, str]) -> None:
    """Print the summary to the console, as a table or, where nobody looks, as plain lines."""
    if console.is_terminal:
        console.print(summary(day, places=places), highlight=False)
    else:
        console.file.write(summary_text(day, places=places))


def _said(day: DayPage) -> list[str]:
    return [untrusted(line, 2_000) for line in (explanation(day), day.next_step) if line]
