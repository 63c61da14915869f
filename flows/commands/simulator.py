"""``daybook simulator``: the local world as a program of its own."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line; its options are the simulator's own."""
    app.command(
        "simulator",
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(simulator_command)


def simulator_command(context: typer.Context) -> None:
    """Serve a TWS gateway, vendors and a Slack sink on loopback, for any ib_async program."""
    # Imported late: the other commands need no market.
    from simulator.__main__ import main as serve  # noqa: PLC0415

    raise typer.Exit(serve(context.args))
