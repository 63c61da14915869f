"""One changed byte anywhere in a sealed day, and the journal no longer verifies."""

import shutil

import pytest

import journal
from core.errors import JournalTampered
from tests.fixtures.tiers import size
from tests.flows.days.days import flip, paths_of, verify


@pytest.fixture(scope="module")
def sealed(traded_day, tmp_path_factory):
    """A copy of a home with two sealed runs of a day, the second with orders and fills."""
    home = tmp_path_factory.mktemp("sealed") / "home"
    shutil.copytree(traded_day[0], home)
    return home


def artefacts(home):
    entries = list(journal.entries(paths_of(home).journal))
    return {artefact.path for sealed in entries for artefact in sealed.entry.artefacts}


def found_by(home, path, at):
    """Return what verify says of one changed byte; nothing when it does not notice."""
    flip(path, at)
    try:
        verify(home)
    except JournalTampered as error:
        return str(error)
    finally:
        flip(path, at)
    return ""


def test_a_day_as_it_was_sealed_verifies(sealed):
    found = verify(sealed)
    assert found.entries == 3  # the proposed day, the execution, the day that sent
    assert found.artefacts == len(artefacts(sealed))


def test_every_file_a_day_wrote_is_sealed(sealed):
    # No evidence, or the journal itself: how an attempt ended is noted after its seal.
    elsewhere = {"attempts", "runs", "decision_log", "desk", "simulator"}
    below = [path.relative_to(sealed) for path in sealed.rglob("*") if path.is_file()]
    assert artefacts(sealed) == {
        path.as_posix() for path in below if path.parts[2] not in elsewhere
    }


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
def test_a_flipped_byte_in_any_artefact_is_found(sealed, place):
    paths = [sealed / path for path in sorted(artefacts(sealed))]
    assert len(paths) > 30
    missed = [
        path.name
        for path in paths
        if path.name not in found_by(sealed, path, int(place * (path.stat().st_size - 1)))
    ]
    assert missed == []


def test_a_flipped_byte_anywhere_in_the_checkpoint_is_found(sealed):
    checkpoint = paths_of(sealed).journal / "checkpoint"
    places = range(0, checkpoint.stat().st_size, size(1, 5))
    assert [at for at in places if not found_by(sealed, checkpoint, at)] == []


def test_a_flipped_byte_in_any_segment_is_found(sealed):
    segments = sorted((paths_of(sealed).journal / "segments").iterdir())
    assert len(segments) == 3
    for segment in segments:
        step = max(1, segment.stat().st_size // size(50, 12))
        places = range(0, segment.stat().st_size, step)
        assert [at for at in places if not found_by(sealed, segment, at)] == []


def test_the_command_verifies_a_day_and_names_what_was_changed(sealed, daybook):
    home = str(sealed)
    sound = daybook("journal", "verify", DAYBOOK_HOME=home)
    assert sound.code == 0
    assert "3 entries" in sound.out
    assert daybook("journal", "verify", "--json").json["entries"] == 3
    ticket = paths_of(sealed).reports / "order_ticket_2026-06-15.json"
    flip(ticket, 100)
    try:
        changed = daybook("journal", "verify")
        as_json = daybook("journal", "verify", "--json")
    finally:
        flip(ticket, 100)
    assert changed.code == as_json.code == 1
    assert ticket.name in changed.err
    assert ticket.name in as_json.json["error"]
