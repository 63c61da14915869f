"""The records of a day, gathered into what people see."""

from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from flows.run.runner import RESUMED
from tasks.page_stages import NUMBERS, artefacts_of, stage_line_of, stage_lines


def test_every_stage_that_can_be_resumed_has_its_place_among_the_nine():
    assert NUMBERS.keys() >= RESUMED
    assert {*NUMBERS.values()} == set(range(1, 10))


def test_stages_are_shown_in_the_order_of_the_day_whatever_order_they_ended_in():
    records = {name: StageRecord(name, {}) for name in ("seal", "news", "signals", "universe")}
    names = [line.name for line in stage_lines(records)]
    assert names == ["universe", "news", "signals", "journal"]


def test_a_resumed_stage_says_so_before_its_note():
    assert stage_line_of("news", StageRecord("news", {}, notes="n", resumed=True)).note == (
        "resumed; n"
    )
    assert stage_line_of("news", StageRecord("news", {}, resumed=True)).note == "resumed"


def test_an_artefact_of_two_stages_is_listed_once():
    shared = Artefact("a", "1" * 64, "raw", 1)
    other = Artefact("b", "2" * 64, "raw", 1)
    records = {
        "one": StageRecord("one", {"x": other, "y": shared}),
        "two": StageRecord("two", {"z": shared}),
    }
    assert artefacts_of(records) == (shared, other)
