"""The records of a day, gathered into what people see."""

from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from review.page_parts.stages import artefacts_of, stage_line_of, stage_lines
from tests.tasks.all_stages import STAGES


def a_record(stage, number=None, **changes):
    return StageRecord(stage, None, number=number, **changes)


def test_every_stage_of_the_day_has_its_place_among_the_nine():
    assert {each.number for each in STAGES} == {None, *range(1, 10)}
    assert [each.name for each in STAGES if each.number is None] == ["close", "close_journal"]


def test_stages_are_shown_in_the_order_of_the_day_whatever_order_they_ended_in():
    ended = (("journal", 9), ("universe", 1), ("risk_gate", 6), ("news", 1), ("signals", 2))
    names = [line.name for line in stage_lines(a_record(*each) for each in ended)]
    assert names == ["universe", "news", "signals", "risk gate", "journal"]


def test_a_resumed_stage_says_so_before_its_note():
    assert stage_line_of(a_record("news", notes="n", resumed=True)).note == "resumed; n"
    assert stage_line_of(a_record("news", resumed=True)).note == "resumed"


def test_an_artefact_of_two_stages_is_listed_once():
    shared = Artefact("a", "1" * 64, "raw", 1)
    other = Artefact("b", "2" * 64, "raw", 1)
    records = [
        a_record("one", artefacts={"x": other, "y": shared}),
        a_record("two", artefacts={"z": shared}),
    ]
    assert artefacts_of(records) == (shared, other)
