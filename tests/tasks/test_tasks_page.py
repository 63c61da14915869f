"""The records of a day, gathered into what people see."""

from core.artefacts import Artefact
from core.runs import StageRecord
from desk.ticket import TicketStatus
from flows.runner import RESUMED
from review.day import Verdict
from tasks.page import day_verdict, next_step
from tasks.page_stages import NUMBERS, artefacts_of, stage_line_of, stage_lines
from tests.tasks.a_day import a_ticket, an_order

SENT = {"submit": StageRecord("submit", {}, {"states": [{"order_ref": "DB1:X"}]})}
FAILED = ({"name": "VaR", "passed": False},)


def test_a_verdict_follows_from_the_ticket_and_from_what_was_sent():
    waiting, empty = a_ticket(an_order()), a_ticket()
    refused = a_ticket(an_order(), status=TicketStatus.RECOMMENDATION_ONLY, failed_checks=FAILED)
    assert day_verdict(waiting, {}) is Verdict.PROPOSED
    assert day_verdict(waiting, SENT) is Verdict.EXECUTED
    assert day_verdict(empty, {}) is Verdict.NO_ORDERS
    assert day_verdict(refused, {}) is Verdict.RECOMMENDATION_ONLY


def test_only_orders_that_wait_can_be_approved():
    for verdict in Verdict:
        told = next_step(verdict, a_ticket())
        assert ("daybook approve 2026-06-15" in told) == (verdict is Verdict.PROPOSED)


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
