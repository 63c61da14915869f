"""Failures speak: one message in Slack for each cause, whatever else is down."""

import os
import socket
import sys
from asyncio import CancelledError
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.calendar import session
from core.errors import DaybookError, StorageError
from core.settings import Mode
from core.storage.attempts import attempts, begun
from core.storage.paths import Paths
from flows.run.alerts import watched
from flows.run.closing import close
from flows.run.execution import execute
from flows.run.watchdog import watch
from flows.terminal.usage_errors import TYPED
from tests.flows.days.days import DAY, RESUME, paths_of, run, settings_at

SESSION = session(DAY)
CUT_OFF = SESSION.finish_line
AT_14_19 = SESSION.decision_time + timedelta(minutes=19)
AT_14_20 = SESSION.decision_time + timedelta(minutes=20)
HOLIDAY = datetime(2026, 11, 26, 20, tzinfo=UTC)  # Thanksgiving
TOKEN = "a-token-of-the-tests"


def unused_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def without_gateway(settings):
    gateway = settings.gateway.model_copy(update={"port": unused_port()})
    return settings.model_copy(update={"gateway": gateway})


@pytest.mark.parametrize("gateway", ["refuses", "is mute"])
def test_a_gateway_that_fails_is_told_once_with_orders_and_both_commands(
    gateway, daybook, small, fault, heard
):
    there = {"DAYBOOK_GATEWAY__CONNECT_TIMEOUT": "0.5", "world": small}
    if gateway == "is mute":
        fault("mute")
    else:
        there |= {"DAYBOOK_GATEWAY__HOST": "127.0.0.2"}  # nothing of ours listens there
    said = daybook("run", "--date", str(DAY), **there)
    assert (said.code, daybook("run", "--date", str(DAY), **there).code) == (1, 1)
    (text,) = heard()
    assert text.startswith(f"⚠ daybook {DAY} · SIMULATED · run failed\n")
    assert ("no answer in 0.5 s" if gateway == "is mute" else "127.0.0.2") in text
    assert f"Orders: no order of session {DAY} was sent" in text
    assert f"To continue: daybook run --date {DAY}" in text
    assert "To stop all trading: daybook stop" in text


def test_the_same_failure_is_told_again_only_after_the_day_has_succeeded(proposed, heard):
    def fails():
        with pytest.raises(DaybookError):
            run(without_gateway(proposed))

    fails()
    fails()
    assert [alert.title for alert, _ in watch(proposed, DAY, now=AT_14_20).alerts] == ["run failed"]
    assert len(heard()) == 1
    run(proposed)
    assert watch(proposed, DAY, now=AT_14_20).alerts == ()
    fails()
    assert len(heard()) == 2


def test_a_failing_channel_is_said_and_changes_neither_exit_code_nor_reason(daybook, small, heard):
    deaf = {"DAYBOOK_VENDORS__SLACK_WEBHOOK": f"http://127.0.0.1:{unused_port()}/slack/{TOKEN}"}
    there = {"DAYBOOK_GATEWAY__HOST": "127.0.0.2", "DAYBOOK_GATEWAY__CONNECT_TIMEOUT": "0.5"}
    said = daybook("run", "--date", str(DAY), world=small, **(there | deaf))
    assert said.code == 1
    assert "no alert sent for 'run failed'" in said.err
    assert "error: cannot reach" in said.err
    assert TOKEN not in said.err
    # The watch tells what the run could not, with the words of the run.
    looked = daybook("watch", "--date", str(DAY), world=small, DAYBOOK_GATEWAY__HOST="127.0.0.2")
    assert looked.code == 1
    assert "message: sent to Slack" in looked.out
    (text,) = heard()
    assert "127.0.0.2" in text


@pytest.mark.parametrize("command", ["run", "execute", "close", "watch"])
def test_wrong_settings_are_told_on_a_session_and_not_on_a_holiday(
    command, daybook, small, heard, monkeypatch
):
    wrong = {"DAYBOOK_LIMITS__MAX_SINGLE": "12"}
    monkeypatch.setattr(clock, "now", lambda: HOLIDAY)
    assert daybook(command, world=small, **wrong).code == 2
    assert heard() == []
    monkeypatch.setattr(clock, "now", lambda: AT_14_20)
    for _ in range(2):
        assert daybook(command, world=small, **wrong).code == 2
    (text,) = heard()
    assert f"{command} could not start" in text
    assert "limits.max_single = 12" in text


@pytest.mark.parametrize(("command", "go_on"), [(execute, "execute "), (close, "close --date ")])
def test_a_gateway_that_fails_under_execute_and_close_is_told(command, go_on, proposed, heard):
    for _ in range(2):
        with pytest.raises(DaybookError):
            command(without_gateway(proposed), DAY)
    (text,) = heard()
    assert f"To continue: daybook {go_on}" in text
    assert "is waiting" in text  # the ticket


def test_a_refusal_answers_who_asked_and_nobody_else(proposed, heard):
    with pytest.raises(DaybookError, match="approve"):
        execute(proposed, DAY)
    assert heard() == []


def test_what_cannot_be_remembered_is_still_told(settings, heard):
    Paths.of(settings).data.mkdir(parents=True)
    Paths.of(settings).data.joinpath("alerts").write_text("a file where the folder should be")
    Paths.of(settings).data.joinpath("attempts").write_text("the same")
    with suppress(RuntimeError), watched(settings, "run", DAY, go_on="daybook run"):
        raise RuntimeError("a defect of ours")
    (text,) = heard()
    assert "this is a defect: RuntimeError: a defect of ours" in text


def test_an_attempt_that_goes_on_is_running_and_one_that_ended_is_not(tmp_path):
    paths = paths_of(tmp_path)
    with begun(paths, "run", DAY) as running:
        assert attempts(paths, DAY)[0].running
        running.ended("done")
    (ended,) = attempts(paths, DAY)
    assert (ended.end, ended.running, ended.killed) == ("done", False, False)


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Type the commands of a test at a real terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield
    os.close(ours)
    TYPED.set(False)


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["run", "--bars", "nothing.parquet"], {}),
        (["run", "--mode", "live"], {}),
        (["run", "--date", "2026-06-16"], {}),  # not the gateway's day
        (["close"], {"DAYBOOK_LIMITS__MAX_SINGLE": "12"}),
    ],
)
def test_what_is_typed_wrong_at_a_terminal_is_answered_there_and_told_to_nobody(
    arguments, wrong, daybook, at_a_terminal, small, heard, tmp_path, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: AT_14_20)
    said = daybook(*arguments, world=small, **wrong)
    assert (said.code, said.err.startswith("error: ")) == (2, True)
    assert heard() == []
    # That no run has ended in time is told, whoever typed what.
    assert len(watch(settings_at(small, tmp_path), DAY, now=CUT_OFF).alerts) == 1


def test_a_second_cause_of_the_same_kind_is_told_and_other_numbers_are_not_another_cause(
    daybook, small, heard, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: AT_14_20)
    for name, value in [("MAX_SINGLE", "12"), ("MAX_SINGLE", "15"), ("MAX_GROSS", "nan")]:
        assert daybook("run", world=small, **{f"DAYBOOK_LIMITS__{name}": value}).code == 2
    assert ["max_gross" in text for text in heard()] == [False, True]


def test_a_home_that_is_not_there_is_told_and_not_made(
    daybook, small, heard, tmp_path, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: AT_14_20)
    for _ in range(
        2
    ):  # made by the first message, the second run would begin an empty journal there
        assert daybook("run", world=small, DAYBOOK_HOME=str(tmp_path / "typo")).code == 2
    assert not (tmp_path / "typo").exists()
    assert all("Orders: NOT KNOWN" in text for text in heard())


def test_wrong_settings_are_told_on_a_session_of_ones_own_exchange(
    daybook, small, heard, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: HOLIDAY)  # in New York, not in London
    wrong = {"DAYBOOK_EXCHANGE": "XLON", "DAYBOOK_LIMITS__MAX_SINGLE": "12"}
    assert daybook("run", world=small, **wrong).code == 2
    assert len(heard()) == 1


def test_a_watch_that_cannot_look_says_so(settings, heard):
    unreadable = Paths.of(settings).data / "attempts" / str(DAY) / "1-run.json"
    unreadable.parent.mkdir(parents=True)
    unreadable.write_text("{")
    for _ in range(2):
        with pytest.raises(StorageError):
            watch(settings, DAY, now=AT_14_20)
    (text,) = heard()
    assert "watch failed" in text


def test_a_command_that_prefect_ends_for_taking_too_long_is_told(proposed, heard):
    with suppress(CancelledError), watched(proposed, "close", DAY, go_on="daybook close"):
        raise CancelledError
    (text,) = heard()
    assert "close failed" in text
    assert "time-out was exceeded" in text


def test_the_command_that_goes_on_names_the_mode_of_the_run_that_failed(settings, heard):
    paper = settings.model_copy(update={"mode": Mode.PAPER})
    with pytest.raises(DaybookError):
        run(without_gateway(paper))
    (text,) = heard()
    assert f"To continue: {RESUME} --mode paper\n" in text
    assert "To stop all trading: daybook stop --mode paper" in text


def test_stop_while_the_gateway_is_away_names_the_mode_in_what_to_type_next(daybook):
    away = {"DAYBOOK_GATEWAY__HOST": "127.0.0.2", "DAYBOOK_GATEWAY__CONNECT_TIMEOUT": "0.5"}
    said = daybook("stop", "--mode", "paper", "--by", "ann", **away)
    assert said.code == 1
    assert "to resume trading: daybook resume --by NAME --mode paper\n" in said.out
    assert "once that is fixed: daybook stop --mode paper\n" in said.out
