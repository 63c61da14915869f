"""Whole days in untidy worlds, in this process or through the socket, and what has to hold."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from core.calendar import previous_session, session, sessions_between
from core.settings import SimulatorSettings
from flows.replay.date_range import Range
from flows.replay.replay import replay
from simulator.process import start
from simulator.untidy.oddities import untidiness
from tests.flows.days.days import run, settings_at, settings_for, ticket_of
from tests.flows.untidy.untidy_accounts import (
    beginning,
    broken_limits,
    impossible_orders,
    misnamed,
    refused_orders,
    unnamed,
)

SESSIONS = sessions_between(datetime(2026, 3, 2).date(), datetime(2026, 7, 17).date())  # noqa: DTZ001
NOW = datetime(2026, 8, 1, tzinfo=UTC)
LEVEL, SYMBOLS = "3", 20
# Without its tail term the target of so few names is not empty.
TRADING = {"optimiser": {"cvar_aversion": 0.0}, "universe": {"history": "1 Y"}}


@dataclass(frozen=True)
class UntidyDay:
    """What came of one day."""

    seed: int
    day: object
    opened: datetime  # when the account began
    code: int  # 0: orders proposed or none to propose; 3: recommendation only
    ticket: dict
    failed_checks: tuple
    held_back: str = ""  # why the desk did not send, where it did not

    def __str__(self):
        odd = ", ".join(sorted(untidiness(LEVEL, self.seed).names))
        return f"seed {self.seed}, {self.day}, exit {self.code} ({odd}): {self.failed_checks}"


def session_of(seed):
    return SESSIONS[seed * 7 % len(SESSIONS)]


def simulator_of(seed):
    return {"seed": seed, "symbols": SYMBOLS, "untidy": LEVEL}


def in_process(seed, home):
    """Replay one session of the untidy world of a seed."""
    day = session_of(seed)
    settings = settings_for(home, simulator=simulator_of(seed), **TRADING)
    done = replay(settings, Range(day, day), now=NOW, resume="again")
    replayed = done.home.get(day)
    ticket = json.loads(done.home.ticket(day).read_bytes())
    code = 3 if replayed.failed_checks or replayed.held_back else 0
    opened = previous_session(day).close
    return UntidyDay(seed, day, opened, code, ticket, replayed.failed_checks, replayed.held_back)


def over_the_socket(seed, home, *, submit="auto"):
    """Run a whole day against the simulator of the untidy world of a seed."""
    day = session_of(seed)
    with start(SimulatorSettings(**simulator_of(seed)), day=day, state=home / "state") as world:
        outcome = run(settings_at(world, home / "home", submit=submit, **TRADING), day)
        ticket = ticket_of(outcome)
    failed = tuple(check["name"] for check in ticket["failed_checks"])
    opened = session(day).decision_time
    return UntidyDay(seed, day, opened, outcome.exit_code, ticket, failed)


def assert_ends_right(found):
    """Hold a day against what every day has to do, however untidy its world."""
    ticket, failed = found.ticket, set(found.failed_checks)
    account = beginning(SimulatorSettings(**simulator_of(found.seed)), found.day, found.opened)
    assert found.code in {0, 3}, str(found)
    assert (found.code == 3) == bool(failed or found.held_back), str(found)
    assert (ticket["status"] == "proposed") == (not failed), str(found)
    assert {check["name"] for check in ticket["failed_checks"]} == failed, str(found)
    assert ticket["net_asset_value"] == pytest.approx(account.equity, abs=0.02), str(found)
    for line in ticket["lines"]:
        order = line["order"]
        assert order["quantity"] == int(order["quantity"]) > 0, str(found)
        assert order["limit_price"] > 0, str(found)
    assert not unnamed(ticket, account), str(found)
    assert not misnamed(ticket, account), str(found)
    assert not impossible_orders(ticket, account), str(found)
    if found.code == 0:  # where nothing is sent the broker was not asked what it would take
        assert not refused_orders(ticket, account), str(found)
    assert broken_limits(ticket, account).keys() <= failed, str(found)
