"""What a newcomer does: each command starts the simulator anew, on the same ledger."""

import json

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests.fixtures.pace import hurried


@pytest.mark.slow
def test_the_embedded_world_goes_on_where_the_last_command_left_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def daybook_plain(*arguments):
        with hurried():
            result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output or result.exception
        return result.output

    def daybook(*arguments):
        return json.loads(daybook_plain(*arguments, "--json"))

    monkeypatch.setenv("DAYBOOK_SIMULATOR__SYMBOLS", "15")
    day = daybook("run", "--date", "2026-06-15")
    # The ticket remembers its world: other settings of the simulator do not lead elsewhere.
    monkeypatch.setenv("DAYBOOK_SIMULATOR__SYMBOLS", "16")
    executed = daybook("approve", "--by", "ana")
    assert executed["sent"] == day["orders"] > 0
    assert {state["status"] for state in executed["states"]} == {"filled"}
    # What has filled is not open again for the next command to cancel.
    stopped = daybook("stop", "--by", "ana")
    assert stopped["cancellation"]["asked"] == []
    daybook_plain("resume", "--by", "ana")
    closed = daybook("close")
    filled = sum(fill["quantity"] for fill in closed["costs"]["fills"])
    assert filled == sum(state["filled"] for state in closed["states"]) > 0
    assert closed["mismatches"] == []
    shown = daybook("orders")
    assert [ticket["state"] for ticket in shown["tickets"]] == ["committed"]
    again = daybook("execute")
    assert (again["sent"], len(again["states"])) == (0, day["orders"])
