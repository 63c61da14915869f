"""The day in a terminal: one line per stage while it runs, a summary at the end.

In a terminal the summary is a table; anywhere else (a file, a pipe, cron's mail) it is plain
lines that no width can break.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from core.storage.runs import title_of
from core.text.counts import count
from core.text.untrusted import lines, one_line
from core.types import Side
from review import text
from review.day import DayPage, OrderLine, Stage
from review.text import (
    BADGES,
    duration,
    explanation,
    frozen_told,
    headline,
    local,
    masked,
    number,
    opening,
    provenance,
    remarks,
    volume,
    weight_change,
)

_NAME, _TIME, _ROWS = 15, 9, 7
ORDER_HEADING = ("side", "symbol", "qty", "limit", "weight", "alpha", "flag")
MAX_ORDERS = 12
_RIGHT = {"qty", "limit", "weight", "alpha"}
_STYLES = {"SIMULATED": "magenta", "PAPER": "yellow", "LIVE": "bold white on red"}


def title_line(day: DayPage) -> str:
    """Return the first line: which day, which world, which account."""
    return (
        f"daybook {day.session}  {BADGES[day.mode]}  account {masked(day.account)}  "
        f"decided {local(day.as_of)} Bucharest, {opening(day)}"
    )


def stage_line(stage: Stage) -> str:
    """Return the progress line of a finished stage, aligned under `stage_heading`."""
    name = title_of(stage.number, stage.name)
    return (
        f"{name:<{_NAME}}{duration(stage.seconds):>{_TIME}}{number(stage.rows_in, 0):>{_ROWS}}"
        f"{number(stage.rows_out, 0):>{_ROWS}}   {one_line(stage.note)}"
    ).rstrip()


def stage_heading() -> str:
    """Return the line that names the columns of `stage_line`."""
    return f"{'stage':<{_NAME}}{'time':>{_TIME}}{'in':>{_ROWS}}{'out':>{_ROWS}}   notes"


def order_cells(line: OrderLine) -> tuple[str, ...]:
    """Return an order under `ORDER_HEADING`."""
    return (
        line.action,
        line.symbol,
        number(line.quantity, 0),
        number(line.limit_price),
        weight_change(line),
        number(line.alpha, signed=True),
        remarks(line),
    )


def largest(orders: Sequence[OrderLine]) -> list[OrderLine]:
    """Return the orders worth listing on a screen: the largest by value, in send order."""
    by_value = sorted(orders, key=lambda line: (-abs(line.value or 0.0), line.symbol))
    chosen = {line.symbol for line in by_value[:MAX_ORDERS]}
    return [line for line in orders if line.symbol in chosen]


def figures(day: DayPage) -> str:
    """Return the portfolio's figures, the orders and the run in one line."""
    overrides = count(len(day.overrides), "override")
    return f"{text.figures(day)} · {volume(day)} · {overrides} · {took(day)}"


def took(day: DayPage) -> str:
    """Say how long the stages took together."""
    total = duration(sum(stage.seconds for stage in day.stages))
    return f"{count(len(day.stages), 'stage')} in {total}"


def summary_text(day: DayPage, *, places: dict[str, str]) -> str:
    """Return the summary as plain lines. ``places`` says where what is: ``{"report": path}``."""
    lines = [title_line(day), *_provenance(day), figures(day)]
    lines += ["  ".join(order_cells(line)).rstrip() for line in largest(day.orders)]
    lines += [unlisted(day)] if unlisted(day) else []
    lines += [frozen_told(day)] if day.frozen else []
    lines += ["", headline(day), explanation(day)]
    lines += [one_line(day.next_step, 1000)] if day.next_step else []
    lines += [f"{name}: {place}" for name, place in places.items()]
    return "\n".join(lines) + "\n"


def _provenance(day: DayPage) -> list[str]:
    return [said] if (said := provenance(day)) else []


def unlisted(day: DayPage) -> str:
    """Say how many orders the screen leaves out."""
    more = len(day.orders) - len(largest(day.orders))
    return f"and {count(more, 'smaller order')} in the ticket" if more else ""


def summary(day: DayPage, *, places: dict[str, str]) -> RenderableType:
    """Return the summary for a terminal: figures, the largest orders, the verdict, the places."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ORDER_HEADING:
        justify: JustifyMethod = "right" if name in _RIGHT else "left"
        table.add_column(name, justify=justify, no_wrap=True)
    for line in largest(day.orders):
        style = "green" if line.side is Side.BUY else "red"
        table.add_row(*(Text(cell) for cell in order_cells(line)), style=style)
    badge = BADGES[day.mode]
    head = Text.assemble(
        ("daybook ", "bold"), (f"{day.session}  ", "bold"), (badge, _STYLES[badge]),
        f"  account {masked(day.account)}  decided {local(day.as_of)} Bucharest, {opening(day)}",
    )  # fmt: skip
    attention = bool(day.failed_checks or day.uncertain)
    verdict = Text(headline(day), style="bold red" if attention else "bold green")
    orders = [table] if day.orders else []
    under = (unlisted(day), frozen_told(day))
    more = [Text(line, style="dim") for line in under if line]
    said = [Text(one_line(line, 1000)) for line in (explanation(day), day.next_step) if line]
    where = [Text.assemble((f"{name}: ", "dim"), place) for name, place in places.items()]
    world = [Text(line, style="dim") for line in _provenance(day)]
    return Group(
        head, *world, Text(figures(day)), Text(), *orders, *more, Text(), verdict, *said, *where
    )


def show(day: DayPage, console: Console, *, places: dict[str, str]) -> None:
    """Print the summary to the console, as a table or, where nobody looks, as plain lines."""
    if console.is_terminal:
        console.print(summary(day, places=places), highlight=False)
    else:
        console.file.write(lines(summary_text(day, places=places)))
