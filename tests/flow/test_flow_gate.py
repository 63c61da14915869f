"""A gate that fails, and a day that begins too late: a recommendation, never an order."""

import json
from datetime import timedelta

import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.process import start
from tests.flow.days import DAY, paths_of, run, settings_at, ticket_of, verify

TINY = "0.000001"


@pytest.fixture
def refused(daybook, small, tmp_path):
    """A day with --auto whose portfolio cannot pass the limit on value at risk."""
    said = daybook("run", "--date", str(DAY), "--auto", world=small, DAYBOOK_LIMITS__MAX_VAR=TINY)
    ticket = json.loads(paths_of(tmp_path).ticket(DAY).read_bytes())
    return said, ticket, small


@pytest.fixture(scope="module")
def after_the_finish_line(tmp_path_factory):
    state = tmp_path_factory.mktemp("late")
    with start(SimulatorSettings(symbols=12), day=DAY, state=state) as world:
        world.advance_to(session(DAY).finish_line + timedelta(minutes=1))
        yield world


def test_a_failed_gate_ends_with_exit_code_3_and_names_limit_and_value(refused):
    said, _, _ = refused
    assert said.code == 3
    assert "RECOMMENDATION ONLY" in said.out
    assert "VaR" in said.out
    assert "limit 0.00 %" in said.out
    assert "Nothing was sent." in said.out
    assert "--auto the same orders would have been sent" not in said.out


def test_the_ticket_of_a_failed_gate_names_limit_and_value(refused):
    _, ticket, _ = refused
    assert ticket["status"] == "recommendation_only"
    assert ticket["lines"]
    failed = {check["name"]: check for check in ticket["failed_checks"]}
    assert failed
    for check in failed.values():
        assert check["limit"] == float(TINY)
        assert check["value"] > check["limit"]
        assert "VaR" in check["name"]


def test_nothing_is_sent_after_a_failed_gate_even_with_auto(refused, tmp_path):
    _, _, world = refused
    assert world.state()["orders"] == {"working": 0, "accepted": 0}
    assert not (paths_of(tmp_path).data / "desk").exists()


def test_the_message_of_a_failed_gate_says_recommendation_only(refused):
    _, _, world = refused
    message = world.messages()[-1]["message"]
    assert "RECOMMENDATION ONLY" in message["text"]
    assert "VaR" in json.dumps(message["blocks"])


def test_a_failed_gate_is_sealed_and_every_symbol_can_still_be_explained(
    refused, daybook, tmp_path
):
    _, ticket, _ = refused
    assert verify(tmp_path).entries == 1
    order = ticket["lines"][0]["order"]
    story = daybook("why", order["symbol"], "--date", str(DAY), "--json")
    assert story.code == 0
    assert story.json["gate"]["passed"] is False
    assert {check["limit"] for check in story.json["gate"]["failed"]} == {float(TINY)}
    assert story.json["order"]["quantity"] == order["quantity"]
    told = daybook("why", order["symbol"], "--date", str(DAY))
    assert "FAILED" in told.out
    assert "proposed" not in told.out  # nobody may read it as an order that waits


def test_the_recommendation_is_one_json_object_for_programs(daybook, small):
    said = daybook("run", "--date", str(DAY), "--json", world=small, DAYBOOK_LIMITS__MAX_VAR=TINY)
    assert said.code == said.json["exit_code"] == 3
    assert said.json["verdict"] == "recommendation only"
    assert [check["limit"] for check in said.json["failed_checks"]]


def test_a_day_that_begins_after_the_finish_line_is_a_recommendation_only(
    after_the_finish_line, tmp_path
):
    world = after_the_finish_line
    outcome = run(settings_at(world, tmp_path / "home", submit="auto"))
    assert outcome.exit_code == 3
    ticket = ticket_of(outcome)
    assert [check["name"] for check in ticket["failed_checks"]] == ["finish line"]
    assert ticket["failed_checks"][0]["value"] == 1.0  # minutes late
    assert "submit" not in outcome.records
    assert world.state()["orders"]["accepted"] == 0
    assert "RECOMMENDATION ONLY" in world.messages()[-1]["message"]["text"]
