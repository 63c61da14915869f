import json
import math
from dataclasses import dataclass, replace
from datetime import date

import pytest

from core.canonical import canonical_json, plain
from core.errors import DataError
from core.settings import load_settings
from core.storage.artefacts import Store
from core.storage.paths import Paths
from core.storage.runs import RunBook, StageRecord, book_path
from risk.limits import Check

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


@dataclass(frozen=True)
class Weighed:
    weights: dict[int, float]


def test_a_number_that_is_none_is_refused_at_writing_and_its_field_is_named(paths):
    book = RunBook.open(paths, DAY, "key")
    book.put(a_record(paths))
    with pytest.raises(DataError, match=r"stage other .*: result\.weights\.7 is nan, not a finite"):
        book.put(StageRecord(stage="other", result=Weighed({3: 0.1, 7: math.nan})))
    assert book.done == RunBook.open(paths, DAY, "key").done == ("risk_gate",)


@dataclass(frozen=True)
class Checked:
    checks: tuple[Check, ...]


@pytest.mark.parametrize("kept_as", ["result", "facts"])
def test_checks_of_an_earlier_version_are_read_under_the_names_of_today(paths, kept_as):
    names = ["emergency stop", "finish line", "gross"]
    checks = [plain(Check(name, None, None, passed=True, detail="")) for name in names]
    path = book_path(paths, DAY, "key")
    path.parent.mkdir(parents=True)
    record = {"stage": "what_if", kept_as: {"checks": checks}}
    path.write_bytes(canonical_json({"stages": [record]}))
    found = RunBook.open(paths, DAY, "key")[Gate("what_if", result=Checked)].result.checks
    assert [check.name for check in found] == ["kill switch", "order cut-off", "gross"]


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
