"""``daybook replay``: the past, session by session, with one progress bar."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.text.counts import count
from flows.terminal.lazy import lazy
from flows.terminal.options import LOCAL, Json, bars_file, day_of
from flows.terminal.usage_errors import command_line

if TYPE_CHECKING:
    from core import clock
    from core import settings as config
    from flows.replay import date_range, replay, results
    from flows.terminal import console as terminal
    from flows.terminal import session_progress
    from review import text as review_text
else:
    clock = lazy("core.clock")
    config = lazy("core.settings")
    date_range = lazy("flows.replay.date_range")
    replay = lazy("flows.replay.replay")
    results = lazy("flows.replay.results")
    terminal = lazy("flows.terminal.console")
    session_progress = lazy("flows.terminal.session_progress")
    review_text = lazy("review.text")

First = Annotated[
    date | None, typer.Option("--from", parser=day_of, metavar="DATE", help="First session.")
]
Last = Annotated[
    date | None,
    typer.Option("--to", parser=day_of, metavar="DATE", help="Last session; default: the newest."),
]
Months = Annotated[
    int | None,
    typer.Option(min=1, max=240, help="Number of months up to the last session; default: 6."),
]
Bars = Annotated[
    Path | None,
    typer.Option(help="Replay a file of real bars (parquet, CSV) instead of the synthetic market."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ignore cached sessions.")]

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
    app.command("replay", rich_help_panel=LOCAL)(replay_command)


def replay_command(
    *,
    first: First = None,
    last: Last = None,
    months: Months = None,
    bars: Bars = None,
    fresh: Fresh = False,
    as_json: Json = False,
) -> None:
    """Backtest the pipeline on past sessions, point in time, and measure the results.

    Interrupted, the same command resumes where it was. Nothing live is touched.
    """
    given: dict[str, Any] = {"simulator": {"bars": bars_file(bars)}} if bars is not None else {}
    settings = config.load_settings(**given)
    console = terminal.Terminal()
    with session_progress.session_progress(console, quiet=as_json) as progress:
        done = replay.replay(
            settings,
            date_range.Range(first, last, months),
            now=clock.now(),
            resume=command_line(),
            progress=progress,
            fresh=fresh,
        )
    written = results.write_results(settings, done)
    console.plain_line(_json(settings, written) if as_json else _table(settings, written))


def _json(settings: config.Settings, written: results.Results) -> str:
    return json.dumps(_plain(written.row) | _places(settings, written), indent=2)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for JSON, which has no NaN: what is not known is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _places(settings: config.Settings, written: results.Results) -> dict[str, str]:
    home = settings.home.resolve()
    return {
        "report": written.page.path,
        "metrics": written.metrics.relative_to(home).as_posix(),
        "days": written.days.relative_to(home).as_posix(),
    }


def _table(settings: config.Settings, written: results.Results) -> str:

    row = written.row
    sessions = count(int(row["sessions"]), "session")
    lines = [
        f"{row['from']} to {row['to']}, {sessions}, {row['environment']}",
        *(
            f"{name.replace('_', ' '):<28}{review_text.number(float(row[name]), 4):>10}"
            for name in SHOWN
        ),
        *(f"{name}: {place}" for name, place in _places(settings, written).items()),
    ]
    return "\n".join(lines)
