from __future__ import annotations

import os
import shutil

import pytest

from core.errors import JournalError, JournalTampered
from journal import entries, log, verify
from journal.checkpoint import parse
from tests.fixtures.tiers import size


def intact(journal):
    """Say whether the journal passes; a journal that seems absent does not."""
    try:
        verify(journal, journal.parent)
    except JournalError:
        return False
    return True


def segments(journal):
    return sorted((journal / "segments").iterdir())


def flips(path, *, every=1):
    """Flip one bit of a file at a time, in place, and put it back: all bits, or every n-th."""
    content = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for number in range(0, 8 * len(content), every):
            position, bit = divmod(number, 8)
            file.seek(position)
            file.write(bytes([content[position] ^ (1 << bit)]))
            yield number
            file.seek(position)
            file.write(content[position : position + 1])


@pytest.mark.parametrize("which", ["segment", "checkpoint"])
def test_every_flipped_bit_is_detected(first_day, which):
    path = {"segment": segments(first_day)[0], "checkpoint": first_day / "checkpoint"}[which]
    passed = [number for number in flips(path, every=size(1, 7)) if intact(first_day)]
    assert passed == []
    assert intact(first_day)


def test_flipped_bits_of_an_older_segment_are_detected(journal):
    # A prime: every position of a bit in its byte comes up.
    passed = [
        number for number in flips(segments(journal)[0], every=61 * size(1, 7)) if intact(journal)
    ]
    assert passed == []
    assert intact(journal)


@pytest.mark.parametrize("which", ["segment", "checkpoint"])
def test_every_truncation_is_detected(first_day, which):
    path = {"segment": segments(first_day)[0], "checkpoint": first_day / "checkpoint"}[which]
    content = path.read_bytes()
    passed = []
    for length in range(len(content) - 1, -1, -size(1, 7)):
        os.truncate(path, length)
        passed += [length] if intact(first_day) else []
    path.write_bytes(content + b"\n")
    assert passed == []
    assert not intact(first_day)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_nothing_is_appended_behind_a_segment_that_was_changed(journal, an_entry, number):
    path = segments(journal)[number]
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with pytest.raises(JournalTampered, match=f"segments/{path.name} was changed"):
        log(journal, an_entry(run_id="run-9"))
    assert len(segments(journal)) == 3
    path.write_bytes(before)
    log(journal, an_entry(run_id="run-9"))
    assert intact(journal)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_segment_is_detected(journal, number):
    segments(journal)[number].unlink()
    with pytest.raises(JournalTampered, match=f"1 of 3 segments missing: 00000{number + 1}"):
        verify(journal, journal.parent)
    with pytest.raises(JournalTampered):
        entries(journal)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (0, 2)])
def test_exchanged_segments_are_detected(journal, one, other):
    first, second = segments(journal)[one], segments(journal)[other]
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(JournalTampered, match=second.name):
        verify(journal, journal.parent)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (0, 2)])
def test_renumbered_segments_are_detected(journal, one, other):
    first, second = segments(journal)[one], segments(journal)[other]
    swapped = [
        first.with_name(second.name[:6] + first.name[6:]),
        second.with_name(first.name[:6] + second.name[6:]),
    ]
    first.rename(swapped[0])
    second.rename(swapped[1])
    assert not intact(journal)


@pytest.mark.parametrize("name", ["000002-000000000000.parquet", "000004-000000000000.parquet"])
def test_an_extra_segment_is_detected(journal, name):
    shutil.copy(segments(journal)[1], journal / "segments" / name)
    with pytest.raises(JournalTampered, match=name):
        verify(journal, journal.parent)


def test_a_foreign_file_among_the_segments_is_detected(journal):
    (journal / "segments" / "notes.txt").write_text("hello")
    with pytest.raises(JournalTampered, match=r"notes\.txt is not a segment"):
        verify(journal, journal.parent)


def test_a_tail_cut_off_with_the_checkpoint_lowered_is_detected(journal):
    # Without the hashes of that earlier state nobody can lower the counts alone.
    content = (journal / "checkpoint").read_bytes()
    segments(journal)[-1].unlink()
    (journal / "checkpoint").write_bytes(
        content.replace(b"segments 3", b"segments 2").replace(b"rows 9", b"rows 6")
    )
    with pytest.raises(JournalTampered, match=segments(journal)[-1].name):
        verify(journal, journal.parent)


def test_a_whole_journal_put_back_shows_only_in_a_head_kept_elsewhere(tmp_path, journal, an_entry):
    shutil.copytree(journal, tmp_path / "yesterday")
    kept = log(journal, an_entry(run_id="run-4")).head
    shutil.rmtree(journal)
    shutil.copytree(tmp_path / "yesterday", journal)
    assert verify(journal, tmp_path).head != kept


def test_a_segment_of_another_journal_is_detected(tmp_path, journal, an_entry):
    other = tmp_path / "other"
    log(other, an_entry(run_id="run-1", facts={"verdict": "something else"}))
    shutil.copy(segments(other)[0], segments(journal)[0])
    with pytest.raises(JournalTampered, match="was changed"):
        verify(journal, tmp_path)


def test_every_flipped_bit_of_an_artefact_is_detected(tmp_path, journal):
    for _ in flips(tmp_path / "data/ticket.json"):
        with pytest.raises(JournalTampered, match=r"data/ticket\.json was changed.*decision of"):
            verify(journal, tmp_path)
    assert verify(journal, tmp_path).artefacts == 1


def test_a_missing_artefact_is_detected(tmp_path, journal):
    (tmp_path / "data/ticket.json").unlink()
    with pytest.raises(JournalTampered, match=r"data/ticket\.json is gone"):
        verify(journal, tmp_path)


def test_all_findings_are_reported_at_once(tmp_path, journal):
    (tmp_path / "data/ticket.json").unlink()
    segments(journal)[0].write_bytes(b"")
    (journal / "segments" / "notes.txt").write_text("hello")
    with pytest.raises(JournalTampered) as caught:
        verify(journal, tmp_path)
    assert len(caught.value.findings) == 3


def test_a_forged_count_neither_passes_nor_takes_the_machine_down(journal):
    path = journal / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"segments 3", b"segments 999999999999"))
    with pytest.raises(JournalTampered, match="999999999996 of 999999999999 segments missing"):
        verify(journal, journal.parent)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"segments 3", b"segments 03"),
        (b"segments 3", "segments ٣".encode()),
        (b"rows 9\n", b"rows 9\r\n"),
        (b"head ", b"head  "),
    ],
)
def test_a_checkpoint_has_one_spelling_only(journal, old, new):
    content = (journal / "checkpoint").read_bytes()
    assert parse(content) is not None
    assert parse(content.replace(old, new)) is None


def test_a_journal_copied_without_its_lock_can_be_verified(tmp_path, journal):
    shutil.copytree(journal, tmp_path / "copy", ignore=shutil.ignore_patterns("lock"))
    assert verify(tmp_path / "copy", tmp_path) == verify(journal, tmp_path)
