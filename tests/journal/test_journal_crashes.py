from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StorageError
from journal import log, verify

pytestmark = pytest.mark.world

HERE = Path(__file__).resolve()
NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def crash_matrix(scenario, folder):
    done = subprocess.run(
        [sys.executable, HERE.with_name("crash_matrix.py"), scenario, folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[2],
        env={"PYTHONPATH": str(HERE.parents[2]), **NO_THREADS},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_any_step_and_repeated_nothing_is_lost_and_nothing_double(tmp_path):
    results = crash_matrix("crash", tmp_path)
    killed = [r for r in results if r["code"] == -9]
    assert len(killed) >= 30
    assert [r["code"] for r in results if r not in killed] == [0, 0, 0]
    for result in results:
        expected = ["run-1"] if result["state"] == "no journal yet" else ["run-0", "run-1"]
        assert result["runs"] == expected, result
        assert result["entries"] == len(expected)
    # The matrix reaches both sides of the commit, and the orphan between the two renames.
    assert {r["already_there"] for r in killed} == {True, False}
    assert any(r["set_aside"] for r in killed if r["state"] == "a journal")


def test_a_full_disk_leaves_the_old_journal_valid(tmp_path):
    results = crash_matrix("full-disk", tmp_path)
    assert [r["code"] for r in results] == [3] * (len(results) - 1) + [0]
    assert [r["entries"] for r in results] == [1] * (len(results) - 1) + [2]


def test_eight_processes_at_the_same_time_lose_nothing(tmp_path):
    (result,) = crash_matrix("together", tmp_path)
    assert result == {"codes": [0] * 8, "entries": 8 * 5 + 5}


@pytest.mark.parametrize("failing", range(1, 5))  # two files, each with its folder
def test_a_refused_sync_leaves_the_old_journal_valid(journal, an_entry, monkeypatch, failing):
    from core.storage import artefacts

    fsync, calls = artefacts.os.fsync, []

    def refuse(handle):
        calls.append(handle)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        fsync(handle)

    monkeypatch.setattr(artefacts.os, "fsync", refuse)
    with pytest.raises(StorageError, match="Input/output error"):
        log(journal, an_entry(run_id="run-4"))
    monkeypatch.undo()
    log(journal, an_entry(run_id="run-4"))
    assert verify(journal, journal.parent).entries == 4
