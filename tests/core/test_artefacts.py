import pytest

from core.errors import DataError, StorageError
from core.storage.artefacts import Store, write_atomically


def test_nothing_is_overwritten_other_bytes_become_a_revision(tmp_path):
    store = Store(tmp_path)
    first = store.put(tmp_path / "x.json", b"one", schema="json", rows=1)
    again = store.put(tmp_path / "x.json", b"one", schema="json", rows=1)
    second = store.put(tmp_path / "x.json", b"two", schema="json", rows=1)
    third = store.put(tmp_path / "x.json", b"one", schema="json", rows=1)
    assert first == again == third
    assert second.path == "x.r2.json"
    assert (tmp_path / "x.json").read_bytes() == b"one"


def test_a_changed_artefact_is_not_opened(tmp_path):
    store = Store(tmp_path)
    artefact = store.put(tmp_path / "x.json", b"one", schema="json", rows=1)
    (tmp_path / "x.json").write_bytes(b"onf")
    with pytest.raises(DataError, match="was changed after it was written"):
        store.open(artefact)
    (tmp_path / "x.json").unlink()
    with pytest.raises(DataError, match="is gone"):
        store.open(artefact)


def test_a_disk_that_refuses_is_a_clear_error_and_leaves_no_half_file(tmp_path):
    blocked = tmp_path / "file-not-folder"
    blocked.write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_atomically(blocked / "x.json", b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file-not-folder"]
