from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from core.errors import JournalError, JournalTampered, StorageError
from core.storage.artefacts import Artefact
from journal import Decision, entries, log, verify


def test_what_is_sealed_is_read_back_as_it_was_given(tmp_path, an_entry):
    entry = an_entry()
    sealed = log(tmp_path / "log", entry)
    (read,) = entries(tmp_path / "log")
    assert (read.entry.run_id, read.entry.kind) == (entry.run_id, entry.kind)
    assert read.entry.timestamp == entry.timestamp
    assert read.entry.session == entry.session
    assert read.entry.facts == entry.facts
    assert read.entry.artefacts == entry.artefacts
    assert read.entry.decisions == entry.decisions
    assert (read.seq, read.head, read.segment) == (0, sealed.head, sealed.segment.name)


def test_a_segment_is_a_plain_parquet_table_with_the_agreed_columns(tmp_path, an_entry):
    sealed = log(tmp_path / "log", an_entry())
    table = pq.read_table(sealed.segment)
    assert table.column_names == [
        "seq", "run_id", "ts_utc", "kind", "symbol", "con_id",
        "payload", "payload_sha256", "prev_root",
    ]  # fmt: skip
    assert table["kind"].to_pylist() == ["decision", "decision.item", "manifest"]
    assert table["symbol"].to_pylist() == [None, "MSFT", None]


def test_sequence_numbers_have_no_gaps_and_heads_are_never_the_same(tmp_path, an_entry):
    sealed = [log(tmp_path / "log", an_entry(run_id=f"run-{n}")) for n in range(4)]
    assert [s.seq for s in sealed] == [0, 3, 6, 9]
    assert len({s.head for s in sealed}) == 4
    assert verify(tmp_path / "log", tmp_path).head == sealed[-1].head


def test_the_same_content_again_writes_nothing_even_at_another_time(journal, an_entry):
    before = {path: path.read_bytes() for path in journal.rglob("*") if path.is_file()}
    later = an_entry().timestamp + timedelta(hours=3)
    again = log(journal, an_entry(run_id="run-2", timestamp=later))
    assert again.already_there
    assert again.seq == 3
    assert [s.head for s in entries(journal)][1] == again.head
    assert {path: path.read_bytes() for path in journal.rglob("*") if path.is_file()} == before


def test_one_run_seals_a_decision_and_an_execution(journal, an_entry):
    assert not log(journal, an_entry(run_id="run-2", kind="execution")).already_there
    assert [s.entry.kind for s in entries(journal)] == ["decision"] * 3 + ["execution"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"facts": {"verdict": "executed"}}, "facts.constraints_ok, facts.expected_vol, facts.v"),
        ({"session": date(2026, 6, 16)}, "differs in session"),
        ({"artefacts": ()}, "differs in artefacts"),
        ({"decisions": ()}, "differs in decisions"),
        (
            {"decisions": ({"symbol": "AAPL", "con_id": 272093, "payload": {"quantity": 120}},)},
            "differs in decisions",
        ),
    ],
)
def test_other_content_under_a_sealed_name_is_refused(tmp_path, an_entry, change, said):
    log(tmp_path / "log", an_entry())
    with pytest.raises(JournalError, match=said):
        log(tmp_path / "log", an_entry(**change))
    assert verify(tmp_path / "log", tmp_path).entries == 1


def test_everything_that_keeps_an_entry_from_being_sealed_is_said_at_once(tmp_path, an_entry):
    entry = an_entry(
        run_id="two words",
        kind="manifest",
        timestamp=datetime(2026, 6, 15, 14, 0),  # noqa: DTZ001 - the point
        session=datetime(2026, 6, 15, tzinfo=UTC),
        artefacts=(Artefact("../outside", "abc", "raw", 1),),
        decisions=({"symbol": "", "con_id": True, "payload": {}}, {"symbol": "MSFT"}),
    )
    with pytest.raises(JournalError) as caught:
        log(tmp_path / "log", entry)
    for said in ("run_id", "kind", "no zone", "not a day", "not a sha256", "not below the home",
                 "symbol ''", "con_id True", "needs symbol, con_id and payload"):  # fmt: skip
        assert said in str(caught.value)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {(1, 2): 3}, "\ud800"])
def test_what_json_cannot_say_is_not_sealed(tmp_path, an_entry, value):
    with pytest.raises(JournalError, match="cannot be recorded"):
        log(tmp_path / "log", an_entry(facts={"value": value}))


@pytest.mark.parametrize("read", [lambda f: verify(f, f), entries])
def test_a_journal_that_is_absent_or_empty_is_not_a_pass(tmp_path, an_entry, read):
    with pytest.raises(JournalError, match=r"no journal at .*run a day first"):
        read(tmp_path / "log")
    log(tmp_path / "log", an_entry())
    for path in (tmp_path / "log" / "segments").iterdir():
        path.unlink()
    (tmp_path / "log" / "checkpoint").unlink()
    with pytest.raises(JournalError, match="no journal at"):
        read(tmp_path / "log")


def test_a_removed_checkpoint_does_not_look_like_a_journal_never_begun(journal, an_entry):
    (journal / "checkpoint").unlink()
    with pytest.raises(JournalTampered, match="checkpoint is missing"):
        log(journal, an_entry(run_id="run-4"))
    assert len(list((journal / "segments").iterdir())) == 3


def test_nothing_is_appended_behind_a_tail_that_was_changed(journal, an_entry):
    newest = max((journal / "segments").iterdir())
    content = newest.read_bytes()
    newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(JournalTampered, match="changed after it was recorded"):
        log(journal, an_entry(run_id="run-4"))
    newest.write_bytes(content)
    assert not log(journal, an_entry(run_id="run-4")).already_there


def test_an_orphan_is_set_aside_and_never_read(journal, an_entry):
    before = (journal / "checkpoint").read_bytes()
    orphan = log(journal, an_entry(run_id="run-4", facts={"verdict": "first try"})).segment
    (journal / "checkpoint").write_bytes(before)  # as a crash before the commit leaves it
    with pytest.raises(JournalTampered, match=f"{orphan.name} is beyond the checkpoint"):
        verify(journal, journal.parent)
    sealed = log(journal, an_entry(run_id="run-4", facts={"verdict": "second try"}))
    (aside,) = sealed.set_aside
    assert aside.parent.name == "quarantine"
    assert [s.entry.facts["verdict"] for s in entries(journal)][-1] == "second try"
    assert verify(journal, journal.parent).entries == 4


def test_appenders_at_the_same_time_lose_nothing(tmp_path, an_entry):
    with ThreadPoolExecutor(8) as pool:
        runs = [an_entry(run_id=f"run-{n % 20}") for n in range(40)]
        sealed = list(pool.map(lambda entry: log(tmp_path / "log", entry), runs))
    assert sum(s.already_there for s in sealed) == 20
    assert verify(tmp_path / "log", tmp_path).entries == 20
    assert {s.entry.run_id for s in entries(tmp_path / "log")} == {f"run-{n}" for n in range(20)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_so(tmp_path, an_entry):
    (tmp_path / "log").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="permit"):
        log(tmp_path / "log", an_entry())


def test_a_file_in_the_place_of_the_folder_is_said_so(tmp_path, an_entry):
    (tmp_path / "log").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot write the journal"):
        log(tmp_path / "log", an_entry())


def test_an_appender_that_keeps_the_lock_is_named_after_half_a_minute(
    journal, an_entry, monkeypatch
):
    monkeypatch.setattr("journal.lock.PATIENCE_S", 0.1)
    from journal.lock import exclusive

    with exclusive(journal), pytest.raises(JournalError, match="another process has held"):
        log(journal, an_entry(run_id="run-4"))


def test_a_decision_is_read_by_name_and_what_other_versions_say_is_left_alone(an_entry):
    facts = {"run_key": "key", "verdict": "proposed", "of_a_later_version": [1.0]}
    assert Decision.of(an_entry(facts=facts)) == Decision(run_key="key", verdict="proposed")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "execution"}, r"the execution of 2026-06-15 .* is not a decision"),
        ({"facts": {"verdict": "proposed"}}, r"the decision of 2026-06-15 .*run_key"),
        ({"facts": {"run_key": "key", "verdict": None}}, r"cannot be read: .*verdict"),
    ],
)
def test_an_entry_that_does_not_say_what_was_decided_is_refused_by_name(an_entry, changes, why):
    with pytest.raises(JournalError, match=why):
        Decision.of(an_entry(**changes))


def test_a_fact_that_one_of_two_decisions_of_a_run_lacks_is_named(journal, an_entry):
    facts = {**an_entry().facts, "headline": None}
    with pytest.raises(JournalError, match=r"differs in facts\.headline\)"):
        log(journal, an_entry(run_id="run-2", facts=facts))
