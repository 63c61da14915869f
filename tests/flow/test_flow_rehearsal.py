"""What the broker's rehearsal of the orders changes."""

import json

import pytest

from flows.why import explain
from tests.flow.days import run, settings_at, ticket_of


@pytest.fixture
def orders(undisturbed):
    """The orders of a day in which nothing goes wrong."""
    return [line["order"] for line in ticket_of(undisturbed)["lines"]]


def rehearsal_of(outcome):
    artefact = outcome.records["rehearse"].artefacts["rehearsal"]
    return json.loads((outcome.day.paths.home / artefact.path).read_bytes())


def test_an_order_without_margin_is_sized_down_then_removed_and_both_are_recorded(
    orders, small, fault, tmp_path
):
    victim = max((o for o in orders if o["side"] == "BUY"), key=lambda o: o["quantity"])
    fault("reject_margin", symbol=victim["symbol"])
    settings = settings_at(small, tmp_path / "home")
    outcome = run(settings)

    steps = [s for s in rehearsal_of(outcome)["steps"] if s["order_ref"] == victim["order_ref"]]
    assert [step["action"] for step in steps] == ["sized down", "removed"]
    first, second = (step["asked_quantity"] for step in steps)
    assert first == victim["quantity"]
    assert second <= 0.8 * first
    assert all("margin" in step["reason"] for step in steps)

    ticket = ticket_of(outcome)
    assert [removed["symbol"] for removed in ticket["removed"]] == [victim["symbol"]]
    assert "exceeds equity" in ticket["removed"][0]["reason"]
    kept = [line["order"]["symbol"] for line in ticket["lines"]]
    assert kept == [o["symbol"] for o in orders if o["symbol"] != victim["symbol"]]

    story = explain(settings, victim["symbol"], None)
    assert [step["action"] for step in story["what_if"]] == ["sized down", "removed"]
    assert story["order"] is None


@pytest.fixture(scope="module")
def unanswered(small_process, undisturbed, tmp_path_factory):
    """A day of three symbols, because each silence is waited for, and its message."""
    few = tuple(line["order"]["symbol"] for line in ticket_of(undisturbed)["lines"][:3])
    settings = settings_at(
        small_process,
        tmp_path_factory.mktemp("unanswered") / "home",
        gateway={"request_timeout": 2.0},
        universe={"watchlist": few, "include_movers": False},
    )
    small_process.fault("whatif_silent")
    try:
        outcome = run(settings)
    finally:
        small_process.fault("whatif_silent", on=False)
    return outcome, json.dumps(small_process.messages()[-1]["message"])


def test_orders_whose_rehearsal_is_not_answered_are_removed_and_flagged(unanswered):
    outcome, _ = unanswered
    rehearsal = rehearsal_of(outcome)
    assert rehearsal["orders"] == []
    assert rehearsal["removed"]
    assert {step["action"] for step in rehearsal["steps"]} == {"removed and flagged"}
    assert all("within 2 s" in step["reason"] for step in rehearsal["steps"])
    assert len(ticket_of(outcome)["removed"]) == len(rehearsal["removed"])
    assert ticket_of(outcome)["lines"] == []


def test_a_day_that_lost_its_orders_in_rehearsal_never_says_there_was_nothing_to_do(unanswered):
    outcome, message = unanswered
    page = outcome.records["seal"].artefacts["page"]
    for told in (message, (outcome.day.paths.home / page.path).read_text()):
        assert "already where it should be" not in told
        assert ticket_of(outcome)["removed"][0]["symbol"] in told
