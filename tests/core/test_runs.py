from datetime import date

import pytest

from core.errors import DataError
from core.settings import load_settings
from core.storage.artefacts import Store
from core.storage.paths import Paths
from core.storage.runs import RunBook, StageRecord, book_path, read_records

DAY = date(2026, 6, 15)


@pytest.fixture
def paths(tmp_path):
    return Paths.of(load_settings(home=tmp_path))


def a_record(paths, content=b"{}"):
    artefact = Store(paths.home).put(paths.record("gate", DAY), content, schema="json", rows=1)
    return StageRecord(stage="check", artefacts={"gate": artefact}, facts={"passed": True})


def test_a_stage_that_is_done_is_found_again(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    again = RunBook.open(paths, DAY, "key")
    assert again.done == ("check",)
    assert again.intact("check") == a_record(paths)
    assert again.intact("other") is None


def test_a_stage_whose_artefact_changed_is_not_resumed(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    paths.record("gate", DAY).write_bytes(b"[]")
    assert RunBook.open(paths, DAY, "key").intact("check") is None


def test_fresh_forgets_and_another_key_never_knew(paths):
    RunBook.open(paths, DAY, "key").put(a_record(paths))
    assert RunBook.open(paths, DAY, "key", fresh=True).done == ()
    assert RunBook.open(paths, DAY, "other").done == ()


def test_a_broken_book_is_a_clear_error(paths):
    path = book_path(paths, DAY, "key")
    path.parent.mkdir(parents=True)
    path.write_text('{"stages": [{"stage": 1')
    with pytest.raises(DataError, match="run with --fresh"):
        read_records(path)
