"""The command line. What the commands do is imported by the command that is called."""

from __future__ import annotations

import gc
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from core.errors import DaybookError
from core.text.counts import count
from core.types import Mode
from flows.commands import agent, desk, replay, simulator, watch
from flows.terminal.help_pages import HelpGroup
from flows.terminal.lazy import lazy
from flows.terminal.options import (
    DAILY,
    HELP,
    RECORDS,
    Debug,
    Json,
    ModeOption,
    bars_file,
    day_option,
    group,
    help_when_bare,
    symbol_of,
)
from flows.terminal.output import say, say_json, say_traceback, show_logs, shown
from flows.terminal.usage_errors import TYPED, command_line, usage_text

if TYPE_CHECKING:
    import importlib.metadata as packages

    import journal
    from core import settings as config
    from core.storage import paths as folders
    from flows.commands import day as day_command
    from flows.commands import doctor as doctor_command
    from flows.commands import why as why_command
    from flows.run import alerts
    from flows.terminal import console
else:
    packages = lazy("importlib.metadata")
    journal = lazy("journal")
    config = lazy("core.settings")
    folders = lazy("core.storage.paths")
    day_command = lazy("flows.commands.day")
    doctor_command = lazy("flows.commands.doctor")
    why_command = lazy("flows.commands.why")
    alerts = lazy("flows.run.alerts")
    console = lazy("flows.terminal.console")

# The imports of a run make some hundred thousand objects that stay: with Python's own thresholds
# the collector walks them again and again, a sixth of the CPU time of the imports.
GC_THRESHOLDS = (50_000, 20, 50)

EXAMPLES = """
\b
Examples:
  daybook run                      one day on the simulator, orders only proposed
  daybook why AAPL                 one symbol's way through that day
  daybook approve                  approve today's ticket and send its orders
  daybook stop --reason "..."      halt trading and cancel all open orders
"""

app = typer.Typer(
    name="daybook",
    help="A daily portfolio pipeline for Interactive Brokers. The defaults trade nothing.",
    epilog=EXAMPLES,
    cls=HelpGroup,
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
journal_app = group("The tamper-evident decision log.")


@app.callback(invoke_without_command=True)
def daybook(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Print the version, or the help when there is nothing to do."""
    if version:
        say(f"daybook {packages.version('daybook')}")
        raise typer.Exit
    help_when_bare(context)


@app.command(rich_help_panel=DAILY)
def run(
    day: Annotated[
        date | None, day_option("The session; default: today, or the simulator's newest.")
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Send the orders that pass every check.")
    ] = False,
    bars: Annotated[
        Path | None,
        typer.Option(
            help="Simulate on a file of real bars (parquet, CSV) instead of the synthetic market."
        ),
    ] = None,
    mode: ModeOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore cached stages.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run one day through all nine stages, from market data to a journal entry.

    A rerun that changes nothing writes, records and sends nothing again.

    Exit codes: 0 done, or no session; 1 failed, or needs attention; 2 usage or configuration;
    3 recommendation only, or refused; 4 halted by the kill switch; 5 expired or closed.
    """
    if sys.stderr.isatty():
        say("loading …", err=True)  # the imports below take seconds

    show_logs(debug=debug)
    with alerts.settings_failures("run"):
        settings = _settings(mode, auto=auto, bars=bars)
    raise typer.Exit(
        day_command.run_command(settings, day, fresh=fresh, as_json=as_json, resume=command_line())
    )


@app.command(rich_help_panel=DAILY)
def why(
    symbol: Annotated[str, typer.Argument(callback=symbol_of)],
    day: Annotated[date | None, day_option("The session; default: the last run's.")] = None,
    mode: ModeOption = None,
    as_json: Json = False,
) -> None:
    """Explain why a symbol was traded or not: scores, weight, override, gate, what-if, order."""
    story = why_command.explain(_settings(mode), symbol, day)
    say_json(story) if as_json else why_command.render(story, console.Terminal())


@app.command(rich_help_panel=DAILY)
def doctor(mode: ModeOption = None, as_json: Json = False) -> None:
    """Check packages, settings, watch-list, gateway, vendors, calendar, disk and journal."""
    findings = doctor_command.run_checks(_settings(mode))
    if as_json:
        say_json([finding.plain() for finding in findings])
    else:
        doctor_command.render(findings, console.Terminal())
    raise typer.Exit(1 if any(finding.failed for finding in findings) else 0)


@journal_app.command("verify")
def journal_verify(mode: ModeOption = None, as_json: Json = False) -> None:
    """Verify that nothing recorded has changed: every segment, artefact and hash of the chain."""
    paths = folders.Paths.of(_settings(mode))
    found = journal.verify(paths.journal, paths.home)
    if as_json:
        say_json({"entries": found.entries, "rows": found.rows, "artefacts": found.artefacts,
                     "head": found.head})  # fmt: skip
    else:
        say(
            f"verified: {count(found.entries, 'entry', 'entries')}, {count(found.rows, 'row')}, "
            f"{count(found.artefacts, 'artefact')}\n"
            f"latest hash {found.head}\n"
            "store this hash off-site: without it a rollback of the journal cannot be detected"
        )


watch.register(app)
desk.register(app)
replay.register(app)
simulator.register(app)
app.add_typer(journal_app, name="journal", rich_help_panel=RECORDS)
agent.register(app)


def main() -> None:
    """Run the command line; the one place that catches everything."""
    debug = "--debug" in sys.argv
    gc.set_threshold(*GC_THRESHOLDS)
    show_logs(debug=debug)  # before any library warns in a form of its own
    TYPED.set(sys.stdin is not None and sys.stdin.isatty())
    try:
        code = app(prog_name="daybook", standalone_mode=False)
    except DaybookError as error:
        code = _failed(error, error.exit_code, debug=debug)
    except TyperException as error:
        code = _failed(usage_text(error, sys.argv[1:]), 2, debug=debug)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted; finished stages are kept", err=True)
        code = 130
    except Exception as error:  # noqa: BLE001 - the process edge
        text = f"this is a defect: {type(error).__name__}: {error}\nfinished stages are kept; "
        code = _failed(text + "add --debug for the traceback", 1, debug=debug)
    sys.exit(code or 0)


def _failed(error: object, code: int, *, debug: bool) -> int:
    if debug:
        say_traceback()
    if "--json" in sys.argv:
        say_json({"error" if code else "message": shown(str(error)), "exit_code": code})
    else:
        say(str(error) if code == 0 else f"error: {error}", err=code != 0)
    return code


def _settings(
    mode: Mode | None, *, auto: bool = False, bars: Path | None = None
) -> config.Settings:
    given: dict[str, Any] = {"mode": mode}
    if auto:
        given["submit"] = "auto"
    file = bars_file(bars)
    if file is not None:
        return config.with_bars(file, **given)
    return config.load_settings(**given)
