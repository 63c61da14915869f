"""``daybook simulator``: the local simulator as a program of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from flows.terminal.lazy import lazy
from flows.terminal.options import LOCAL

if TYPE_CHECKING:
    from simulator import __main__ as program
else:
    program = lazy("simulator.__main__")


def register(app: typer.Typer) -> None:
    """Add the command to the command line; its options are the simulator's own."""
    app.command(
        "simulator",
        rich_help_panel=LOCAL,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(simulator_command)


def simulator_command(context: typer.Context) -> None:
    """Serve a TWS gateway, vendors and a Slack sink on loopback, for any ib_async program."""
    raise typer.Exit(program.main(context.args))
