"""A day that is killed, twice, and a third run that ends it as if nothing had happened."""

import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import journal
from tasks.trade.fills import fills
from tasks.trade.submit import submit
from tests.flows.conftest import THIRTY
from tests.flows.days.days import (
    DAY,
    command_environment,
    decided,
    orders_placed,
    paths_of,
    resumed,
    run,
    settings_for,
    ticket_of,
    verify,
)

PATIENCE = 60  # seconds for one command to come to the stage it is killed after


@dataclass
class Killed:
    """What a killed day left behind at each step."""

    home: Path
    kept: tuple[str, ...]  # stages in the run book after the first kill
    resumed: tuple[str, ...]  # stages that the second command took from there
    placed: int  # orders at the exchange after the second kill
    outcome: object  # of the third run, which nobody killed


def killed_after(warm_daybook, home, title, *arguments):
    """Run the command, kill it with SIGKILL as soon as it prints a stage; return its lines."""
    process = warm_daybook.start(
        ("run", "--date", str(DAY), *arguments),
        folder=home,
        environment=command_environment(home, DAYBOOK_SIMULATOR__SYMBOLS="30"),
    )
    lines = []
    with process:
        for line in process.stdout:
            lines.append(line.decode())
            if lines[-1].startswith(title):
                break
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, f"it ended before {title!r}: {lines}"
    wait_for_the_world_to_end(home)
    return lines


def wait_for_the_world_to_end(home):
    """The embedded simulator ends by itself when its parent dies: then its ledger is free."""
    deadline = time.monotonic() + PATIENCE
    (ledger,) = paths_of(home).world.glob("*/ledger.jsonl")
    with ledger.open("r+b") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                assert time.monotonic() < deadline, "the simulator outlives its parent"
                time.sleep(0.05)
            else:
                return


@pytest.fixture(scope="module")
def killed(tmp_path_factory, warm_daybook):
    home = tmp_path_factory.mktemp("killed") / "home"
    home.mkdir()
    killed_after(warm_daybook, home, "1 features", "--auto")
    (book,) = (paths_of(home).data / "runs").rglob("*.json")
    kept = tuple(record["stage"] for record in json.loads(book.read_bytes())["stages"])
    lines = killed_after(warm_daybook, home, "8 submit", "--auto")
    taken = tuple(line.split()[1] for line in lines if "resumed" in line)
    placed = len(orders_placed(home))
    settings = settings_for(home, submit="auto", universe={"history": "2 Y"}, **THIRTY)
    return Killed(home, kept, taken, placed, run(settings))


def test_what_earlier_stages_wrote_is_kept_and_resumed_after_a_kill(killed):
    assert killed.kept[0] == "universe"
    assert set(killed.kept) >= {"universe", "market", "fundamentals", "news", "macro"}
    assert set(killed.resumed) >= {"universe", "market", "fundamentals", "news", "macro"}


def test_a_day_that_was_killed_ends_with_the_same_bytes_as_one_that_was_not(killed, first_day):
    assert decided(killed.home) == decided(first_day[0])
    assert {"features", "signals", "optimise"} <= resumed(killed.outcome)


def test_a_day_killed_after_sending_never_sends_again(killed):
    lines = ticket_of(killed.outcome)["lines"]
    assert killed.placed == len(lines) > 10
    assert killed.outcome.records[submit].result.sent == 0
    placed = [order["terms"]["order_ref"] for order in orders_placed(killed.home)]
    assert sorted(placed) == sorted(line["order"]["order_ref"] for line in lines)


def test_no_order_of_a_killed_day_is_uncertain(killed):
    states = killed.outcome.records[fills].result.states
    assert len(states) == killed.placed
    assert "uncertain" not in {state.status for state in states}


def test_a_killed_day_is_sealed_once_and_verifies(killed):
    verify(killed.home)
    kinds = [sealed.entry.kind for sealed in journal.entries(paths_of(killed.home).journal)]
    assert sorted(kinds) == ["decision", "execution"]
