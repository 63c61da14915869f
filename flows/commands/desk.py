"""The desk: ``orders approve reject reopen execute close stop resume``.

What a person does with orders.
"""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.terminal.lazy import lazy
from flows.terminal.options import Debug, Json, ModeOption, day_option
from flows.terminal.output import say, say_json, show_logs

if TYPE_CHECKING:
    from core import clock
    from core import settings as config
    from core.storage import paths as folders
    from desk import kill_switch
    from desk.records import store as desk_store
    from desk.tickets import ticket_store
    from flows.run import alerts, answers, closing, execution, halt
    from flows.run import orders as desk_orders
    from review import alert as alert_text
    from review import closing as close_page
    from review import execution as execution_page
    from review import orders as orders_page
    from review import text as review_text
else:
    clock = lazy("core.clock")
    config = lazy("core.settings")
    folders = lazy("core.storage.paths")
    kill_switch = lazy("desk.kill_switch")
    desk_store = lazy("desk.records.store")
    ticket_store = lazy("desk.tickets.ticket_store")
    alerts = lazy("flows.run.alerts")
    answers = lazy("flows.run.answers")
    closing = lazy("flows.run.closing")
    execution = lazy("flows.run.execution")
    halt = lazy("flows.run.halt")
    desk_orders = lazy("flows.run.orders")
    alert_text = lazy("review.alert")
    close_page = lazy("review.closing")
    execution_page = lazy("review.execution")
    orders_page = lazy("review.orders")
    review_text = lazy("review.text")

Which = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATE|HASH]",
        help="The ticket's session or hash; default: today's, else the newest before.",
    ),
]
Day = Annotated[date | None, day_option("The session; default: newest.")]
By = Annotated[
    str | None, typer.Option("--by", help="Your name; recorded. Default: the user logged in.")
]


def _stated(reason: str) -> str:
    """Return a reason that is one. Raises `typer.BadParameter`."""
    if not reason.strip():
        raise typer.BadParameter(f"{reason!r} is empty; give the reason, it is recorded")
    return reason


def _symbols(given: list[str] | None) -> list[str]:
    """Return the symbols of lists of them. Raises `typer.BadParameter` where one is empty."""
    symbols = [symbol.strip().upper() for each in given or () for symbol in each.split(",")]
    if "" in symbols:
        raise typer.BadParameter(
            f"{','.join(given or ())!r} names no symbol; write --only AAPL,MSFT, "
            "or leave it out to approve the whole ticket"
        )
    return symbols


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (orders, approve, reject, reopen, execute, close):
        app.command(rich_help_panel="Orders")(command)
    for switch in (stop, resume):
        app.command(rich_help_panel="Kill switch")(switch)


def orders(day: Day = None, mode: ModeOption = None, *, as_json: Json = False) -> None:
    """List tickets that wait for approval, and the orders of those approved.

    Asks the broker where it can be reached, sending nothing; else says as of when this is.
    """
    view = desk_orders.orders_view(config.load_settings(mode=mode), day)
    _show(view, orders_page.desk_lines(view, day), as_json=as_json)


def approve(
    ticket: Which = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYMBOL[,SYMBOL]...",
            help="Approve only these; repeatable.",
            callback=_symbols,
        ),
    ] = None,
    by: By = None,
    mode: ModeOption = None,
    *,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Approve a ticket and send its orders after repeating every check.

    What --only leaves out can be approved later, until the order cut-off.

    Exit codes: 0 sent; 1 failed, or needs attention; 3 a check failed; 4 trading halted;
    5 expired or closed.
    """
    show_logs(debug=debug)
    report = execution.execute(
        config.load_settings(mode=mode),
        ticket_store.named(ticket),
        approve_as=_who(by),
        only=only or [],
    )
    _report(report, as_json=as_json)


def execute(
    ticket: Which = None, mode: ModeOption = None, *, as_json: Json = False, debug: Debug = False
) -> None:
    """Send approved orders that were not sent yet, such as after a crash; show their status."""
    show_logs(debug=debug)
    with alerts.settings_failures("execute"):
        settings = config.load_settings(mode=mode)
    _report(execution.execute(settings, ticket_store.named(ticket)), as_json=as_json)


def reject(
    reason: Annotated[str, typer.Option(help="Reason; recorded.", callback=_stated)],
    ticket: Which = None,
    by: By = None,
    mode: ModeOption = None,
) -> None:
    """Reject a ticket, or withdraw its approval before anything was committed.

    To undo the rejection: daybook reopen.
    """
    settings = config.load_settings(mode=mode)
    record = answers.reject(settings, ticket, by=_who(by), reason=reason)
    say(
        f"rejected: ticket {record.short} of {record.ticket.session}; nothing will be sent. "
        f"To undo it: {alert_text.with_mode(f'daybook reopen {record.short}', settings)}"
    )


def reopen(
    ticket: Which = None,
    reason: Annotated[str, typer.Option(help="Reason; recorded.")] = "",
    by: By = None,
    mode: ModeOption = None,
) -> None:
    """Undo a rejection: the ticket waits for approval again, until its order cut-off."""
    settings = config.load_settings(mode=mode)
    record = answers.reopen(settings, ticket, by=_who(by), reason=reason)
    approve_it = alert_text.with_mode(f"daybook approve {record.short}", settings)
    say(
        f"reopened: ticket {record.short} of {record.ticket.session} waits until "
        f"{review_text.local(record.ticket.finish_line)} Bucharest: {approve_it}"
    )


def close(
    day: Day = None, mode: ModeOption = None, *, as_json: Json = False, debug: Debug = False
) -> None:
    """After the exchange's close: record fills and costs, reconcile positions, record the entry.

    Exit codes: 0 recorded, also where nothing was sent or the ticket expired; 1 failed, or needs
    attention.
    """
    show_logs(debug=debug)
    with alerts.settings_failures("close"):
        settings = config.load_settings(mode=mode)
    report = closing.close(settings, day)
    _show(asdict(report), close_page.close_lines(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


def stop(
    reason: Annotated[str, typer.Option(help="Reason; recorded.")] = "",
    by: By = None,
    mode: ModeOption = None,
    *,
    reducing: Annotated[
        bool, typer.Option("--reducing", help="Still allow orders that reduce positions.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Halt trading and cancel all open orders."""
    show_logs(debug=debug)
    settings = config.load_settings(mode=mode)
    report = halt.stop(
        settings,
        by=_who(by),
        reason=reason,
        reducing=reducing,
        tell=partial(say, err=True),
    )
    _show(asdict(report), halt.stop_lines(report, settings), as_json=as_json)
    raise typer.Exit(report.exit_code)


def resume(
    by: Annotated[str, typer.Option("--by", help="Your name; recorded.")],
    reason: Annotated[str, typer.Option(help="Reason; recorded.")] = "",
    mode: ModeOption = None,
    *,
    as_json: Json = False,
) -> None:
    """Resume trading."""
    with desk_store.DeskStore.of(folders.Paths.of(config.load_settings(mode=mode))) as store:
        turned = kill_switch.resume(store, by=by, reason=reason, now=clock.now())
    _show(
        asdict(turned),
        [f"{turned.state.upper()} by {turned.by}: trading resumed"],
        as_json=as_json,
    )


def _report(report: execution_page.ExecutionReport, *, as_json: bool) -> None:

    _show(asdict(report), execution_page.execution_lines(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


def _show(value: Any, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json(value)
    else:
        say("\n".join(lines))


def _who(by: str | None) -> str:
    return by if by is not None else getpass.getuser()
