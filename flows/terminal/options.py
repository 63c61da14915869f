"""What the commands have in common: their options, how a date is read, help and its groups."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from core.calendar import FIRST, LAST
from core.errors import ConfigurationError
from core.path_checks import file_trouble
from core.types import Mode
from flows.terminal.help_pages import HelpGroup

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# The groups that ``daybook --help`` lists the commands in.
DAILY, LOCAL, RECORDS = "Daily run", "Backtest and simulator", "Journal and tools"

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def day_of(text: str) -> date:
    """Read a day as the help says, YYYY-MM-DD: of all forms the one that has one meaning.

    Raises `typer.BadParameter` for anything else and for a day outside the calendar.
    """
    try:
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date; write YYYY-MM-DD, such as 2026-11-30"
        ) from None
    if not FIRST < day < LAST:
        raise typer.BadParameter(f"{day} is outside the exchange calendar, {FIRST} to {LAST}")
    return day


def symbol_of(text: str) -> str:
    """Return what can be a symbol. Raises `typer.BadParameter` for blanks."""
    if not text.strip():
        raise typer.BadParameter(f"{text!r} is not a symbol; give one, such as: daybook why AAPL")
    return text


def bars_file(given: Path | None) -> Path | None:
    """Return the whole path of a bars file. Raises `ConfigurationError` for what is no file."""
    if given is None:
        return None
    trouble = file_trouble(given)
    if trouble:
        raise ConfigurationError(
            f"--bars {given} is {trouble}; give a file of daily bars (parquet or CSV)"
        )
    return given.resolve()


def group(text: str) -> typer.Typer:
    """Return a group of commands that alone prints its help and succeeds."""
    commands = typer.Typer(help=text, cls=HelpGroup, context_settings=HELP, rich_markup_mode=None)
    commands.callback(invoke_without_command=True)(help_when_bare)
    return commands


def help_when_bare(context: typer.Context) -> None:
    """Print the help of a command that was given nothing to do."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def day_option(text: str) -> Any:
    """Return the ``--date`` option of a command, with what it means there."""
    return typer.Option("--date", parser=day_of, metavar="DATE", help=text)


ModeOption = Annotated[
    Mode | None, typer.Option(help="Trading mode: sim (default), paper or live.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show logs, and tracebacks of failures.")]
