"""Whole days for the tests: where they run, how they are run, and what they left behind."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

import journal
from core.settings import load_settings
from core.storage.paths import Paths
from flows.cli import main
from flows.run.day import run_session
from flows.run.environment import with_port, with_vendors
from flows.run.runner import Threads
from tasks.day import silent
from tasks.decide.order_ticket import order_ticket
from tests.fixtures.pace import hurried

DAY, NEXT_DAY = date(2026, 6, 15), date(2026, 6, 16)
COMMAND = Path(sys.executable).with_name("daybook")
COMMAND_SECONDS = 120
RESUME = "daybook run"

# As fast as IBKR allows; one year of bars is enough for every limit.
QUICK = {"gateway": {"messages_per_second": 50.0}, "universe": {"history": "1 Y"}}
# Twelve symbols that trade: without its tail term the target of so few names is not empty.
TRADING = {"optimiser": {"cvar_aversion": 0.0}}


class Watcher:
    """Does something of the test's after a stage, by its title."""

    def __init__(self, after=None):
        self.after = after or {}

    def begins(self, world):
        pass

    def started(self, title):
        pass

    def finished(self, title, record):
        self.after.get(title, lambda: None)()


@contextmanager
def clean_environment():
    """Hide the settings of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith("DAYBOOK_")]:
            patch.delenv(name)
        yield patch


def settings_for(home, **sections):
    """Return settings with a home of their own; a section given adds to `QUICK`."""
    merged = {
        name: {**QUICK.get(name, {}), **given} if isinstance(given, Mapping) else given
        for name, given in {**QUICK, **sections}.items()
    }
    home.mkdir(parents=True, exist_ok=True)
    with clean_environment() as patch:
        patch.chdir(home)
        return load_settings(home=home, **merged)


def settings_at(world, home, **sections):
    """Return settings that talk to a started simulator."""
    settings = settings_for(home, **{**TRADING, **sections})
    return with_vendors(with_port(settings, world.tws_port), world.http_url)


def environment_at(world):
    """Return the same as variables, for the command."""
    return {
        "DAYBOOK_GATEWAY__PORT": str(world.tws_port),
        "DAYBOOK_GATEWAY__MESSAGES_PER_SECOND": "50",
        "DAYBOOK_UNIVERSE__HISTORY": "1 Y",
        "DAYBOOK_OPTIMISER__CVAR_AVERSION": "0",
        "DAYBOOK_VENDORS__FUNDAMENTALS_URL": f"{world.http_url}/stable",
        "DAYBOOK_VENDORS__FUNDAMENTALS_KEY": "a-key-of-the-tests",
        "DAYBOOK_VENDORS__NEWS_URLS": json.dumps(
            [f"{world.http_url}/rss/markets.xml", f"{world.http_url}/rss/companies.xml"]
        ),
        "DAYBOOK_VENDORS__SLACK_WEBHOOK": f"{world.http_url}/slack/a-token-of-the-tests",
    }


def run(settings, day=DAY, *, after=None, fresh=False):
    """Take a day through `run_session`, in threads, without any Prefect server."""
    with closing(Threads()) as threads, hurried():
        return run_session(
            settings,
            day,
            start=threads,
            watch=Watcher(after),
            resume=RESUME,
            progress=silent,
            fresh=fresh,
        )


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def command_environment(home, **variables):
    """Return the variables of a process that runs days under ``home``."""
    plain = {name: v for name, v in os.environ.items() if not name.startswith("DAYBOOK_")}
    # Nothing of a Prefect that the machine may have, and nothing outside the test's own folder.
    plain = {name: value for name, value in plain.items() if not name.startswith("PREFECT_")}
    own = {"DAYBOOK_HOME": str(home), "PREFECT_HOME": str(home.parent / "prefect")}
    return {**plain, **own, **variables}


def command(home, *arguments, **variables):
    """Run the real command in a process of its own."""
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=home,
        env=command_environment(home, **variables),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def typing_at(home):
    """Give a function that runs the command line in this process, in ``home``."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with clean_environment() as patch:
        patch.chdir(home)

        def typed(*arguments, world=None, **variables):
            for name, value in {**(environment_at(world) if world else {}), **variables}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["daybook", *arguments])
            out, err = io.StringIO(), io.StringIO()
            said = redirect_stdout(out), redirect_stderr(err)
            with hurried(), said[0], said[1], pytest.raises(SystemExit) as ended:
                main()
            return Said(ended.value.code, out.getvalue(), err.getvalue())

        yield typed
    root.handlers[:], root.level = handlers, level


def paths_of(home):
    return Paths(home=home, mode="sim")


def decided(home, day=DAY):
    """Return the bytes of everything that a day decided, by path below the home folder."""
    paths = paths_of(home)
    tables = ("features", "scores", "score_parts", "optimal", "targets")
    files = [*(paths.table(kind, day) for kind in tables), paths.ticket(day)]
    return {file.relative_to(home).as_posix(): file.read_bytes() for file in files}


def ticket_of(outcome):
    """Return the ticket of a day as plain JSON values."""
    artefact = outcome.records[order_ticket].artefacts["ticket"]
    return json.loads((outcome.day.paths.home / artefact.path).read_bytes())


def resumed(outcome):
    return {record.stage for record in outcome.records if record.resumed}


def revisions(home):
    """Return the files that were written beside an earlier one of the same name."""
    return {path.name for path in home.rglob("*.r[0-9]*.*")}


def orders_placed(home):
    """Return the lines of the embedded simulator's ledger that accept an order."""
    ledgers = paths_of(home).world.glob("*/ledger.jsonl")
    lines = [json.loads(line) for ledger in ledgers for line in ledger.read_bytes().splitlines()]
    return [line for line in lines if line["event"] == "placed"]


def verify(home):
    return journal.verify(paths_of(home).journal, home)


def flip(path, at):
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0x01
    path.write_bytes(bytes(content))
