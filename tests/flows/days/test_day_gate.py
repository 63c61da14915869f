"""A gate that fails, and a day that begins too late: a recommendation, never an order."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.process import start
from tasks.trade.submit import submit
from tests.flows.days.days import (
    DAY,
    Said,
    paths_of,
    run,
    settings_at,
    ticket_of,
    typing_at,
    verify,
)

TINY = "0.000001"


@dataclass
class Refused:
    """A day with --auto whose portfolio cannot pass the limit on value at risk."""

    home: Path
    said: Said
    ticket: dict
    message: dict


@pytest.fixture(scope="module")
def refused(small_process, tmp_path_factory):
    home = tmp_path_factory.mktemp("refused")
    with typing_at(home) as daybook:
        arguments = ("run", "--date", str(DAY), "--auto")
        said = daybook(*arguments, world=small_process, DAYBOOK_LIMITS__MAX_VAR=TINY)
    ticket = json.loads(paths_of(home).ticket(DAY).read_bytes())
    return Refused(home, said, ticket, small_process.messages()[-1]["message"])


@pytest.fixture(scope="module")
def after_the_finish_line(tmp_path_factory):
    state = tmp_path_factory.mktemp("late")
    with start(SimulatorSettings(symbols=12), day=DAY, state=state) as world:
        world.advance_to(session(DAY).finish_line + timedelta(minutes=1))
        yield world


def test_a_failed_gate_ends_with_exit_code_3_and_names_limit_and_value(refused):
    out = refused.said.out
    assert refused.said.code == 3
    assert "RECOMMENDATION ONLY" in out
    assert "VaR" in out
    assert "limit 0.00 %" in out
    assert "Nothing was sent." in out
    assert "the same orders would have been sent" not in out


def test_the_ticket_of_a_failed_gate_names_limit_and_value(refused):
    assert refused.ticket["status"] == "recommendation_only"
    assert refused.ticket["lines"]
    assert refused.ticket["failed_checks"]
    for check in refused.ticket["failed_checks"]:
        assert check["limit"] == float(TINY)
        assert check["value"] > check["limit"]
        assert "VaR" in check["name"]


def test_nothing_is_sent_after_a_failed_gate_even_with_auto(refused, small):
    assert small.state()["orders"] == {"working": 0, "accepted": 0}
    with closing(sqlite3.connect(paths_of(refused.home).data / "desk/desk.sqlite")) as desk:
        assert desk.execute("SELECT count(*) FROM intents").fetchone() == (0,)


def test_the_message_of_a_failed_gate_says_recommendation_only(refused):
    assert "RECOMMENDATION ONLY" in refused.message["text"]
    assert "VaR" in json.dumps(refused.message["blocks"])


def test_a_failed_gate_is_sealed_and_every_symbol_can_still_be_explained(refused, daybook):
    assert verify(refused.home).entries == 1
    order = refused.ticket["lines"][0]["order"]
    asked = ("why", order["symbol"], "--date", str(DAY))
    story = daybook(*asked, "--json", DAYBOOK_HOME=str(refused.home))
    assert story.code == 0
    assert story.json["gate"]["passed"] is False
    assert {check["limit"] for check in story.json["gate"]["failed"]} == {float(TINY)}
    assert story.json["order"]["quantity"] == order["quantity"]
    told = daybook(*asked)
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
    assert [check["name"] for check in ticket["failed_checks"]] == ["order cut-off"]
    assert ticket["failed_checks"][0]["value"] == 1.0  # minutes late
    assert submit not in outcome.records
    assert world.state()["orders"]["accepted"] == 0
    assert "RECOMMENDATION ONLY" in " ".join(m["message"]["text"] for m in world.messages())
