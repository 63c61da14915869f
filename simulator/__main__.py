"""``python -m simulator``: run the local world in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from core.errors import ConfigurationError, DaybookError
from core.settings import SimulatorSettings

DEFAULTS = SimulatorSettings()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, serve, and return the exit code: 0, 1 failed, 2 configuration."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        # Imported late: `--help` and a wrong argument need neither market nor web server.
        from simulator.server import Address, serve  # noqa: PLC0415

        asyncio.run(
            serve(
                settings,
                day=options.session,
                state=options.state,
                address=Address(options.port, options.http_port),
                snapshot_delay=options.snapshot_delay,
                exit_with_parent=options.exit_with_parent,
            )
        )
    except DaybookError as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - a command's only voice
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    add = parser.add_argument
    add("--session", type=date.fromisoformat, metavar="DATE", help="the day to start at 14:00 of")
    add("--seed", type=int, default=DEFAULTS.seed, help="of the synthetic market")
    add("--symbols", type=int, default=DEFAULTS.symbols, help="how many the synthetic market has")
    add("--bars", type=Path, help="a parquet file of real bars instead")
    add("--fundamentals", type=Path, help="a parquet file of real fundamentals")
    add("--macro", type=Path, help="a parquet file of real macro gauges")
    add("--constituents", type=Path, help="a CSV file of names and sectors")
    add("--cash", type=float, default=DEFAULTS.cash, help="USD the account began with")
    add("--state", type=Path, default=Path("data/sim/simulator"), help="folder of the ledgers")
    add("--port", type=int, default=0, help="TWS port; 0: a free one")
    add("--http-port", type=int, default=0, help="vendors and control; 0: a free one")
    add("--snapshot-delay", type=float, default=0.0, metavar="SECONDS", help="real TWS: 11")
    add("--exit-with-parent", action="store_true", help="end when standard input is closed")
    return parser


def _settings(options: argparse.Namespace) -> SimulatorSettings:
    given = {name: getattr(options, name) for name in SimulatorSettings.model_fields}
    try:
        return SimulatorSettings(**given)
    except ValidationError as error:
        problems = (f"--{detail['loc'][0]}: {detail['msg']}" for detail in error.errors())
        raise ConfigurationError("; ".join(problems)) from error


if __name__ == "__main__":
    sys.exit(main())
