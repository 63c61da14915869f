"""A home that the version before wrote, when each stage had several names and its facts no type."""

import json
import shutil

import pytest

from core.storage.old_records import OLD_NAMES
from core.storage.runs import record_of
from flows.commands.why import explain
from tasks.decide.order_ticket import order_ticket
from tasks.record.journal import JournalResult
from tests.flows.days.days import (
    DAY,
    decided,
    paths_of,
    resumed,
    run,
    settings_at,
    ticket_of,
    verify,
)
from tests.tasks.all_stages import RESUMED

BEFORE = {new: old for old, new in OLD_NAMES.items()}


def as_before(record):
    """Return a record as it was written: under the old name, its facts a bag, no number."""
    facts = dict(record["result"])
    if record["stage"] == "optimise":
        facts["binding"] = ["single ABC 0.120 of 0.120; one point (0.01) more would add 1 bp a day"]
    kept = {name: value for name, value in record.items() if name not in {"result", "number"}}
    return kept | {"stage": BEFORE.get(record["stage"], record["stage"]), "facts": facts}


@pytest.fixture
def earlier(undisturbed, small, tmp_path):
    """Settings of a copy of the undisturbed day's home, its run book as the version before had it.

    The version before wrote every other file as this one does.
    """
    home = tmp_path / "home"
    shutil.copytree(undisturbed.day.paths.home, home)
    (book,) = (paths_of(home).data / "runs").rglob("*.json")
    stages = json.loads(book.read_bytes())["stages"]
    written = [as_before(record) for record in stages if record["stage"] != "notify"]
    assert {"check", "rehearse", "override", "seal"} <= {record["stage"] for record in written}
    book.write_text(json.dumps({"stages": written}))
    return settings_at(small, home)


def test_why_and_verify_say_of_it_what_they_said(earlier, undisturbed):
    symbol = ticket_of(undisturbed)["lines"][0]["order"]["symbol"]
    told = explain(earlier, symbol, DAY)
    assert told == explain(undisturbed.day.settings, symbol, DAY)
    assert told["gate"]["quantity"]
    assert told["what_if"][0]["action"] == "kept"
    assert told["order"]["symbol"] == symbol
    assert verify(earlier.home).entries == 1


def test_a_rerun_takes_what_it_can_read_and_decides_the_same(earlier, undisturbed):
    again = run(earlier)
    assert resumed(again) == RESUMED - {"optimise"}  # whose binding limits were words
    assert decided(earlier.home) == decided(undisturbed.day.paths.home)
    original = undisturbed.records[order_ticket].result
    assert again.records[order_ticket].result == original


def test_where_a_day_was_sealed_is_read_in_either_form():
    plain = {"seq": 0, "entry": 1, "head": "ab", "segment": "000001.parquet"}
    facts = plain | {"unchanged_since": None}
    for stored in ({"stage": "seal", "facts": facts}, {"stage": "journal", "result": plain}):
        record = record_of(stored, JournalResult)
        assert record.stage == "journal"
        assert record.result == JournalResult(**plain)
