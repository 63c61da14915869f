"""The command line. Each command imports what it needs, so that ``--help`` is instant."""

from __future__ import annotations

import gc
import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from core.errors import ConfigurationError, DaybookError
from core.settings import Mode, Settings, load_settings, with_bars
from flows.commands import agent, desk, replay, simulator, watch
from flows.terminal.options import (
    HELP,
    Day,
    Debug,
    Json,
    ModeOption,
    bars_file,
    day_option,
    group,
    help_when_bare,
)
from flows.terminal.output import Terminal, say, say_json, say_traceback, show_logs, shown
from flows.terminal.usage_errors import TYPED, usage_text

# The imports of a run make some hundred thousand objects that stay: with Python's own thresholds
# the collector walks them again and again, a sixth of the CPU time of the imports.
GC_THRESHOLDS = (50_000, 20, 50)

app = typer.Typer(
    name="daybook",
    help="A daily portfolio pipeline for Interactive Brokers. The defaults trade nothing.",
    context_settings=HELP,
    pretty_exceptions_enable=False,
)
journal_app = group("The tamper-evident decision log.")
app.add_typer(journal_app, name="journal")
agent.register(app)
desk.register(app)
replay.register(app)
simulator.register(app)
watch.register(app)


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
        from importlib.metadata import version as installed  # noqa: PLC0415

        say(f"daybook {installed('daybook')}")
        raise typer.Exit
    help_when_bare(context)


@app.command()
def run(
    day: Day = None,
    auto: Annotated[bool, typer.Option("--auto", help="Send the orders that survive.")] = False,
    bars: Annotated[
        Path | None,
        typer.Option(help="Simulate on a parquet file of real bars instead of a made-up market."),
    ] = None,
    mode: ModeOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore cached stages.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run one day through all nine stages, from market data to a sealed journal.

    A rerun that changes nothing writes, seals and sends nothing again.

    Exit codes: 0 done, or no session; 1 failed, or somebody has to look; 2 usage or configuration;
    3 recommendation only, or refused; 4 stopped; 5 expired.
    """
    if sys.stderr.isatty():
        say("loading …", err=True)  # the imports below take seconds
    from flows.commands.day import run_command  # noqa: PLC0415
    from flows.run.alerts import settings_failures  # noqa: PLC0415

    show_logs(debug=debug)
    with settings_failures("run"):
        settings = _settings(mode, auto=auto, bars=bars)
    raise typer.Exit(
        run_command(settings, day, fresh=fresh, as_json=as_json, resume=_command_line())
    )


@app.command()
def why(
    symbol: str,
    day: Annotated[date | None, day_option("The session; default: the last run's.")] = None,
    mode: ModeOption = None,
    as_json: Json = False,
) -> None:
    """Say why a symbol was traded or not: scores, alpha, weight, override, gate, what-if, order."""
    from flows.commands.why import explain, render  # noqa: PLC0415

    if not symbol.strip():
        raise ConfigurationError(f"{symbol!r} is no symbol; write one, such as: daybook why AAPL")
    story = explain(_settings(mode), symbol, day)
    say_json(story) if as_json else render(story, Terminal())


@app.command()
def doctor(mode: ModeOption = None, as_json: Json = False) -> None:
    """Check packages, settings, gateway, vendors, calendar, disk and journal."""
    from flows.commands.doctor import examine, render  # noqa: PLC0415

    findings = examine(_settings(mode))
    if as_json:
        say_json([finding.plain() for finding in findings])
    else:
        render(findings, Terminal())
    raise typer.Exit(1 if any(finding.failed for finding in findings) else 0)


@journal_app.command("verify")
def journal_verify(mode: ModeOption = None, as_json: Json = False) -> None:
    """Prove that nothing sealed has changed: every segment, artefact and link of the chain."""
    import journal  # noqa: PLC0415
    from core.storage.paths import Paths  # noqa: PLC0415

    paths = Paths.of(_settings(mode))
    found = journal.verify(paths.journal, paths.home)
    if as_json:
        say_json({"entries": found.entries, "rows": found.rows, "artefacts": found.artefacts,
                     "head": found.head})  # fmt: skip
    else:
        say(
            f"verified: {found.entries} entries, {found.rows} rows, {found.artefacts} artefacts\n"
            f"head {found.head}\n"
            "keep the head somewhere else: only that shows a journal put back as a whole"
        )


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
        say("stopped; what was finished is kept", err=True)
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


def _settings(mode: Mode | None, *, auto: bool = False, bars: Path | None = None) -> Settings:
    given: dict[str, Any] = {"mode": mode}
    if auto:
        given["submit"] = "auto"
    file = bars_file(bars)
    if file is not None:
        return with_bars(file, **given)
    return load_settings(**given)


def _command_line() -> str:
    return shlex.join(["daybook", *sys.argv[1:]])
