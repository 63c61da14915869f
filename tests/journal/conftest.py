from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.storage.artefacts import Store
from journal import Entry, log


@pytest.fixture
def an_entry(tmp_path):
    """Build a valid entry whose artefact exists; each test changes only what it is about."""
    artefact = Store(tmp_path).put(tmp_path / "data/ticket.json", b"{}\n", schema="json", rows=1)
    entry = Entry(
        run_id="2026-06-15-sim-1a2b3c",
        kind="decision",
        timestamp=datetime(2026, 6, 15, 11, 25, tzinfo=UTC),
        session=date(2026, 6, 15),
        facts={"verdict": "proposed", "expected_vol": 0.012, "constraints_ok": True},
        artefacts=(artefact,),
        decisions=({"symbol": "MSFT", "con_id": 272093, "payload": {"quantity": 120}},),
    )
    return lambda **changes: dataclasses.replace(entry, **changes)


@pytest.fixture
def journal(tmp_path, an_entry) -> Path:
    """Return a journal of three days, sealed under ``tmp_path``."""
    folder = tmp_path / "decision_log"
    for run in ("run-1", "run-2", "run-3"):
        log(folder, an_entry(run_id=run))
    return folder


@pytest.fixture
def first_day(tmp_path, an_entry) -> Path:
    """Return a journal of one day: small enough to try every bit of it."""
    folder = tmp_path / "decision_log"
    log(folder, an_entry())
    return folder
