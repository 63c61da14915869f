"""``daybook replay``: the past, session by session, with one progress bar."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from core.settings import Settings, load_settings
from flows.terminal.options import bars_file, day_of
from flows.terminal.output import Terminal

if TYPE_CHECKING:
    from flows.replay.results import Results

SHOWN = (
    "sharpe",
    "sharpe_error",
    "sortino",
    "calmar",
    "max_drawdown",
    "cvar_95",
    "turnover",
    "turnover_one_way",
    "annual_return",
    "volatility",
    "hit_rate",
    "costs_a_year",
    "equal_weight_annual_return",
    "equal_weight_sharpe",
    "equal_weight_max_drawdown",
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("replay")(replay_command)


def replay_command(
    *,
    first: Annotated[
        date | None,
        typer.Option("--from", parser=day_of, metavar="DATE", help="First day."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=day_of, metavar="DATE", help="Last day; default: the newest."),
    ] = None,
    months: Annotated[
        int | None,
        typer.Option(min=1, max=240, help="So many months up to the last day; default: 6."),
    ] = None,
    bars: Annotated[
        Path | None,
        typer.Option(help="Replay a parquet file of real bars instead of a made-up market."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore cached sessions.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Replay the pipeline on past sessions, point in time, and measure what came of it.

    Stopped or killed, the same command goes on where it was. Nothing live is touched.
    """
    # Imported late: `daybook --help` must not wait for the whole pipeline.
    from core import clock  # noqa: PLC0415
    from flows.replay.date_range import Range  # noqa: PLC0415
    from flows.replay.replay import replay  # noqa: PLC0415
    from flows.replay.results import write_results  # noqa: PLC0415

    given: dict[str, Any] = {"simulator": {"bars": bars_file(bars)}} if bars is not None else {}
    settings = load_settings(**given)
    console = Terminal()
    with _progress_bar(console, quiet=as_json) as progress:
        done = replay(
            settings,
            Range(first, last, months),
            now=clock.now(),
            resume=shlex.join(["daybook", *sys.argv[1:]]),
            progress=progress,
            fresh=fresh,
        )
    results = write_results(settings, done)
    if as_json:
        text = json.dumps(_plain(results.row) | _places(settings, results), indent=2)
    else:
        text = _table(settings, results)
    console.plain_line(text)


class _Bar:
    """A bar on a terminal; elsewhere a line at the beginning and the end."""

    def __init__(self, bars: Progress, console: Terminal) -> None:
        self._bars, self._console = bars, console
        self._task = bars.add_task("sessions", total=None)
        self._begun = False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._begun:
            self._begun = True
            kept = f", {done} of them done before" if done else ""
            self._console.print(f"replay of {total} {what}{kept}")
            # Sessions done before say nothing about how fast this run is.
            self._bars.reset(self._task, total=total, completed=done)
        self._bars.update(self._task, completed=done)


@contextmanager
def _progress_bar(console: Terminal, *, quiet: bool) -> Iterator[_Bar]:
    shown = Terminal(quiet=True) if quiet else console
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    ) as bars:
        yield _Bar(bars, shown)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for JSON, which has no NaN: what is not known is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _places(settings: Settings, results: Results) -> dict[str, str]:
    home = settings.home.resolve()
    return {
        "report": results.page.path,
        "metrics": results.metrics.relative_to(home).as_posix(),
        "days": results.days.relative_to(home).as_posix(),
    }


def _table(settings: Settings, results: Results) -> str:
    from review.text import number  # noqa: PLC0415 - as above

    row = results.row
    lines = [
        f"{row['from']} to {row['to']}, {row['sessions']} sessions, {row['world']}",
        *(f"{name.replace('_', ' '):<28}{number(float(row[name]), 4):>10}" for name in SHOWN),
        *(f"{name}: {place}" for name, place in _places(settings, results).items()),
    ]
    return "\n".join(lines)
