import json
from dataclasses import dataclass, replace
from datetime import date

import pytest

from core.canonical import canonical_json
from core.errors import DataError
from core.settings import load_settings
from core.storage.artefacts import Store
from core.storage.paths import Paths
from core.storage.runs import RunBook, StageRecord, book_path

DAY = date(2026, 6, 15)


@pytest.fixture
def paths(tmp_path):
    return Paths.of(load_settings(home=tmp_path))


@dataclass(frozen=True)
class Verdict:
    passed: bool


@dataclass(frozen=True)
class Gate:
    """How a stage is declared, as far as its record goes."""

    name: str = "risk_gate"
    result: type = Verdict


GATE = Gate()


def a_record(paths, content=b"{}"):
    artefact = Store(paths.home).put(paths.record("gate", DAY), content, schema="json", rows=1)
    return StageRecord("risk_gate", Verdict(passed=True), {"gate": artefact})


def test_a_stage_that_is_done_is_found_again(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    again = RunBook.open(paths, DAY, "key")
    assert again.done == ("risk_gate",)
    assert again.intact(GATE) == again[GATE] == a_record(paths)
    assert again.intact(Gate("other")) is None


def test_a_stage_whose_artefact_changed_is_not_resumed(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    paths.record("gate", DAY).write_bytes(b"[]")
    assert RunBook.open(paths, DAY, "key").intact(GATE) is None


def test_a_book_is_the_canonical_json_of_its_records_however_often_it_was_opened(paths):
    for name in ("overlay", "risk_gate", "what_if", "overlay"):
        RunBook.open(paths, DAY, "key").put(
            replace(a_record(paths), stage=name, notes="a\nb\u2028")
        )
    content = book_path(paths, DAY, "key").read_bytes()
    stages = json.loads(content)["stages"]
    assert [each["stage"] for each in stages] == ["risk_gate", "what_if", "overlay"]
    assert content == canonical_json({"stages": stages}, indent=1)


def test_fresh_forgets_and_another_key_never_knew(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    assert RunBook.open(paths, DAY, "key", fresh=True).done == ()
    assert RunBook.open(paths, DAY, "other").done == ()


def test_a_broken_book_is_a_clear_error(paths):
    path = book_path(paths, DAY, "key")
    path.parent.mkdir(parents=True)
    path.write_text('{"stages": [{"stage": 1')
    with pytest.raises(DataError, match=r"daybook run --date \d{4}-\d\d-\d\d --fresh"):
        RunBook.open(paths, DAY, "key")


@dataclass(frozen=True)
class Later:
    passed: bool
    measured: float


def test_a_record_that_this_code_cannot_read_is_never_resumed_and_its_place_is_named(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    book, later = RunBook.open(paths, DAY, "key"), Gate(result=Later)
    assert book.intact(later) is None
    with pytest.raises(DataError, match=r"stage risk_gate: .*result\.measured is missing"):
        book[later]
    with pytest.raises(DataError, match="has no stage other; to write it again: daybook run"):
        book[Gate("other")]


def test_a_book_of_the_names_before_is_read_under_those_of_today(paths):
    artefact = {"path": "gate.json", "sha256": "1" * 64, "schema": "json", "rows": 1}
    before = {
        "artefacts": {"verdict": artefact}, "facts": {"passed": False}, "notes": "FAILED",
        "rests_on": "2" * 64, "resumed": False, "rows_in": 3, "rows_out": None, "seconds": 0.1,
        "stage": "override",
    }  # fmt: skip
    path = book_path(paths, DAY, "key")
    path.parent.mkdir(parents=True)
    path.write_bytes(canonical_json({"stages": [before]}))
    record = RunBook.open(paths, DAY, "key")[Gate("overlay")]
    assert (record.result, record.notes, record.rows_in) == (Verdict(passed=False), "FAILED", 3)
    assert record.artefacts["verdict"].path == "gate.json"
