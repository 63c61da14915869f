"""The kill switch: it turns the switch at once, whatever else the desk's file is used for."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from core.settings import GatewaySettings, Mode, Settings
from core.storage.paths import Paths
from desk import kill_switch
from desk.errors import DeskHeld
from desk.kill_switch import TradingState
from desk.records.store import DeskStore
from flows.run import halt as stopping


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, mode=Mode.PAPER, gateway=GatewaySettings(port=1))


def held(settings):
    """Return a connection that holds the desk's file as a database viewer does in an edit."""
    with DeskStore.of(Paths.of(settings)):
        pass
    file = Paths.of(settings).data / "desk" / "desk.sqlite"
    viewer = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    viewer.execute("BEGIN EXCLUSIVE")
    return closing(viewer)


def test_a_stop_never_fails_over_a_file_that_is_held_it_says_so_and_turns_when_it_is_free(
    settings, monkeypatch
):
    monkeypatch.setattr(stopping, "HELD_SECONDS", 0.1)
    told, twice = [], threading.Event()
    with held(settings) as viewer:

        def tell(line):
            told.append(line)
            if len(told) == 2:
                viewer.rollback()
                twice.set()

        report = stopping.stop(settings, by="ana", reason="odd prices", tell=tell)
    assert twice.is_set()
    assert told[0].startswith("NOT HALTED YET, retrying")
    assert "another program has held" in told[0]
    assert (report.switch.state, report.exit_code) == (TradingState.HALTED, 1)
    assert report.problem  # nobody answers at that port: the switch is turned all the same
    with DeskStore.of(Paths.of(settings)) as store:
        assert kill_switch.state(store) is TradingState.HALTED


def test_whoever_would_send_meanwhile_is_told_who_holds_the_file(settings):
    with held(settings), pytest.raises(DeskHeld, match="another program has held"):
        DeskStore.of(Paths.of(settings), patience=0.1)


def test_a_stop_turns_the_switch_before_anything_heavy_is_loaded():
    heavy = "{'pandas', 'pyarrow', 'ib_async', 'simulator', 'prefect'} & set(sys.modules)"
    code = f"import sys, flows.cli, flows.run.halt; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
