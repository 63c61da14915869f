"""``python -m simulator``: run the local environment in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from core.errors import ConfigurationError, DataError, DaybookError
from core.settings import SimulatorSettings
from core.settings.problems import expected
from simulator.tws.gateway_options import GatewayOptions
from simulator.tws.rate_limits import PRESETS, Limits

DEFAULTS = SimulatorSettings()
FASTEST = 100_000.0  # a day in a second
MOST_ACCOUNTS = 50
_NAMES = ", ".join(Limits.model_fields)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, serve, and return the exit code: 0, 1 failed, 2 configuration."""
    try:
        options = _parser().parse_args(arguments)
        settings = _settings(options)
        # Imported late: `--help` and a wrong argument need neither market nor web server.
        from simulator.server import Address, serve  # noqa: PLC0415

        asyncio.run(
            serve(
                settings,
                day=options.session,
                state=options.state,
                address=Address(options.port, options.http_port),
                options=GatewayOptions(
                    limits=_limits(options),
                    faults=options.faults,
                    wire_log=options.wire_log,
                    master_client=options.master_client,
                    accounts=options.accounts,
                    most_of_volume=options.most_of_volume,
                    speed=options.speed,
                ),
                exit_with_parent=options.exit_with_parent,
            )
        )
    except DaybookError as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - a command's only voice
        # Its data is what the command line names: files, and a day they have.
        return ConfigurationError.exit_code if isinstance(error, DataError) else error.exit_code
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, like every other command."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(
            f"{message.removeprefix('argument ')} (see: daybook simulator --help)"
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="daybook simulator",
        description="Serve a TWS gateway, vendors and a Slack sink on loopback.",
        allow_abbrev=False,
    )
    _add_market(parser.add_argument_group("market"))
    _add_account(parser.add_argument_group("account"))
    _add_gateway(parser.add_argument_group("gateway"))
    return parser


def _add_market(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--session", type=_session, metavar="DATE", help="day to start on, at 14:00 Bucharest time")
    add("--seed", type=_whole, default=DEFAULTS.seed, help="seed of the synthetic market")
    add("--symbols", type=_whole, default=DEFAULTS.symbols, help="size of the synthetic market")
    add("--bars", type=Path, help="file of real daily bars (parquet, CSV), not a synthetic market")
    add("--fundamentals", type=Path, help="parquet file of real fundamentals")
    add("--macro", type=Path, help="parquet file of real macro gauges")
    add("--constituents", type=Path, help="CSV file of company names and sectors")
    add(
        "--assumed-spread",
        type=_number,
        default=DEFAULTS.assumed_spread,
        metavar="FRACTION",
        help="bid-ask spread of every quote when the bars are real",
    )
    add(
        "--untidy",
        default=DEFAULTS.untidy,
        metavar="LEVEL|LIST",
        help="oddities of real worlds: 0 to 3, or names (docs/untidy-world.md)",
    )
    add("--speed", type=_speed, default=0.0, metavar="FACTOR", help="clock speed; 0: stands still")


def _add_account(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--cash", type=_number, default=DEFAULTS.cash, help="opening cash, in base currency")
    add(
        "--base-currency",
        default=DEFAULTS.base_currency,
        metavar="CODE",
        help="base currency of the accounts",
    )
    add("--accounts", type=_accounts, default=1, metavar="N", help="number of managed accounts")
    add("--state", type=Path, default=Path("data/sim/simulator"), help="folder of the order logs")


def _add_gateway(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--port", type=_port, default=0, help="TWS port; 0: any free port")
    add("--http-port", type=_port, default=0, help="port of vendors and control; 0: any free port")
    add("--limits", choices=sorted(PRESETS), default="none", help="preset of IBKR's rate limits")
    add("--limit", action="append", default=[], metavar="NAME=VALUE", help=f"one of {_NAMES}")
    add("--snapshot-delay", type=_number, metavar="SECONDS", help="same as snapshot_seconds=…")
    add("--faults", type=Path, metavar="FILE", help="fault script (JSON)")
    add("--wire-log", type=Path, metavar="FILE", help="log every frame as one line of JSON")
    add("--master-client", type=_whole, metavar="ID", help="client that sees all clients' orders")
    add(
        "--most-of-volume",
        type=_fraction,
        metavar="FRACTION",
        help="largest part of a session's volume that one resting order may fill",
    )
    add("--exit-with-parent", action="store_true", help="end when standard input is closed")


def _session(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, such as 2026-06-15") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535, or 0 for a free one")
    return port


def _accounts(text: str) -> int:
    accounts = _whole(text)
    if not 1 <= accounts <= MOST_ACCOUNTS:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MOST_ACCOUNTS}")
    return accounts


def _fraction(text: str) -> float:
    fraction = _number(text)
    if not 0.0 < fraction <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a fraction above 0 and up to 1")
    return fraction


def _speed(text: str) -> float:
    speed = _number(text)
    if not (isfinite(speed) and 0.0 <= speed <= FASTEST):
        raise argparse.ArgumentTypeError(f"{text} is not a factor from 0 to {FASTEST:g}")
    return speed


def _limits(options: argparse.Namespace) -> Limits:
    bare = [pair for pair in options.limit if "=" not in pair]
    if bare:
        raise ConfigurationError(f"--limit {bare[0]} is not NAME=VALUE, such as lines=100")
    given = dict(pair.partition("=")[::2] for pair in options.limit)
    if options.snapshot_delay is not None:
        given["snapshot_seconds"] = options.snapshot_delay
    chosen = PRESETS[options.limits].model_dump() | {
        name: None if value == "none" else value for name, value in given.items()
    }
    try:
        return Limits(**chosen)
    except ValidationError as error:
        problems = (_limit_problem(dict(detail)) for detail in error.errors())
        raise ConfigurationError("; ".join(problems)) from error


def _limit_problem(detail: dict[str, Any]) -> str:
    name = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        return f"--limit {name}: there is no such limit; there are {_NAMES}"
    return f"--limit {name}={detail['input']}: {expected(detail)}"


def _settings(options: argparse.Namespace) -> SimulatorSettings:
    given = {name: getattr(options, name) for name in SimulatorSettings.model_fields}
    try:
        return SimulatorSettings(**given)
    except ValidationError as error:
        problems = (
            f"--{detail['loc'][0]} {detail['input']}: {expected(dict(detail))}"
            for detail in error.errors()
        )
        raise ConfigurationError("; ".join(problems)) from error


if __name__ == "__main__":
    sys.exit(main())
