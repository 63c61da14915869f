"""The desk: ``orders approve reject reopen execute close stop resume``.

What a person does with orders. Each command imports what it needs, so that ``--help`` is instant.
"""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import ConfigurationError
from core.settings import load_settings
from flows.terminal.options import Debug, Json, ModeOption, day_option
from flows.terminal.output import say, say_json, show_logs

if TYPE_CHECKING:
    from review.execution import ExecutionReport

Which = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATE|HASH]",
        help="The ticket's session or hash; default: today's, else the newest before.",
    ),
]
Day = Annotated[date | None, day_option("The session; default: newest.")]
By = Annotated[str | None, typer.Option("--by", help="Approver; default: who is logged in.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (orders, approve, reject, reopen, execute, close, stop, resume):
        app.command()(command)


def orders(day: Day = None, mode: ModeOption = None, *, as_json: Json = False) -> None:
    """Show what waits for approval, and what became of what was approved.

    Asks the broker, sending nothing, where it can be reached; else says as of when this is.
    """
    from flows.run.orders import look  # noqa: PLC0415
    from review.orders import desk_lines  # noqa: PLC0415

    view = look(load_settings(mode=mode), day)
    _show(view, desk_lines(view, day), as_json=as_json)


def approve(
    ticket: Which = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL[,SYMBOL]...", help="Approve only these; repeatable."),
    ] = None,
    by: By = None,
    mode: ModeOption = None,
    *,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Approve a ticket and send its orders, after every check once more.

    What --only leaves out can be approved later, until the order cut-off.

    Exit codes: 0 sent; 1 failed, or somebody has to look; 3 a check speaks against it; 4 stopped;
    5 expired.
    """
    from desk.tickets.ticket_store import named  # noqa: PLC0415
    from flows.run.execution import execute as send  # noqa: PLC0415

    show_logs(debug=debug)
    report = send(
        load_settings(mode=mode), named(ticket), approve_as=_who(by), only=_symbols(only or [])
    )
    _report(report, as_json=as_json)


def execute(
    ticket: Which = None, mode: ModeOption = None, *, as_json: Json = False, debug: Debug = False
) -> None:
    """Send what was approved and not sent yet, for example after a crash; say how it stands."""
    from desk.tickets.ticket_store import named  # noqa: PLC0415
    from flows.run.alerts import settings_failures  # noqa: PLC0415
    from flows.run.execution import execute as send  # noqa: PLC0415

    show_logs(debug=debug)
    with settings_failures("execute"):
        settings = load_settings(mode=mode)
    _report(send(settings, named(ticket)), as_json=as_json)


def reject(
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    ticket: Which = None,
    by: By = None,
    mode: ModeOption = None,
) -> None:
    """Refuse a ticket, or take its approval back before anything was committed.

    To take the rejection back: daybook reopen.
    """
    from flows.run.answers import reject as refuse  # noqa: PLC0415
    from review.alert import with_mode  # noqa: PLC0415

    if not reason.strip():
        raise ConfigurationError(f"--reason {reason!r} says nothing; say why, it is kept")
    settings = load_settings(mode=mode)
    record = refuse(settings, ticket, by=_who(by), reason=reason)
    say(
        f"rejected: ticket {record.short} of {record.ticket.session}; nothing will be sent. "
        f"To take it back: {with_mode(f'daybook reopen {record.short}', settings)}"
    )


def reopen(
    ticket: Which = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    by: By = None,
    mode: ModeOption = None,
) -> None:
    """Take a rejection back: the ticket waits for an approval again, until its order cut-off."""
    from flows.run.answers import reopen as take_back  # noqa: PLC0415
    from review.alert import with_mode  # noqa: PLC0415
    from review.text import local  # noqa: PLC0415

    settings = load_settings(mode=mode)
    record = take_back(settings, ticket, by=_who(by), reason=reason)
    approve_it = with_mode(f"daybook approve {record.short}", settings)
    say(
        f"reopened: ticket {record.short} of {record.ticket.session} waits until "
        f"{local(record.ticket.finish_line)} Bucharest: {approve_it}"
    )


def close(
    day: Day = None, mode: ModeOption = None, *, as_json: Json = False, debug: Debug = False
) -> None:
    """After the exchange's close: fills, costs, positions reconciled, all of it sealed."""
    from flows.run.alerts import settings_failures  # noqa: PLC0415
    from flows.run.closing import close as settle  # noqa: PLC0415
    from review.closing import close_lines  # noqa: PLC0415

    show_logs(debug=debug)
    with settings_failures("close"):
        settings = load_settings(mode=mode)
    report = settle(settings, day)
    _show(asdict(report), close_lines(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


def stop(
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    by: By = None,
    mode: ModeOption = None,
    *,
    reducing: Annotated[
        bool, typer.Option("--reducing", help="Still let pass what makes positions smaller.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Halt trading and cancel all open orders."""
    from flows.run.halt import stop as pull  # noqa: PLC0415
    from flows.run.halt import stop_lines  # noqa: PLC0415

    show_logs(debug=debug)
    settings = load_settings(mode=mode)
    report = pull(
        settings,
        by=_who(by),
        reason=reason,
        reducing=reducing,
        tell=partial(say, err=True),
    )
    _show(asdict(report), stop_lines(report, settings), as_json=as_json)
    raise typer.Exit(report.exit_code)


def resume(
    by: Annotated[str, typer.Option("--by", help="Approver: who answers for it.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    mode: ModeOption = None,
) -> None:
    """Resume trading."""
    from core import clock  # noqa: PLC0415
    from core.storage.paths import Paths  # noqa: PLC0415
    from desk import kill_switch  # noqa: PLC0415
    from desk.records.store import DeskStore  # noqa: PLC0415

    with DeskStore.of(Paths.of(load_settings(mode=mode))) as store:
        turned = kill_switch.resume(store, by=by, reason=reason, now=clock.now())
    say(f"{turned.state.upper()} by {turned.by}: orders may leave again")


def _report(report: ExecutionReport, *, as_json: bool) -> None:
    from review.execution import execution_lines  # noqa: PLC0415

    _show(asdict(report), execution_lines(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


def _show(value: Any, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json(value)
    else:
        say("\n".join(lines))


def _symbols(given: list[str]) -> list[str]:
    symbols = [symbol.strip().upper() for each in given for symbol in each.split(",")]
    if "" in symbols:
        raise ConfigurationError(
            f"--only {','.join(given)!r} names no symbol; write --only AAPL,MSFT, "
            "or leave it out to approve the whole ticket"
        )
    return symbols


def _who(by: str | None) -> str:
    return by if by is not None else getpass.getuser()
