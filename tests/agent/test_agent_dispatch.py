"""Calls without any broker: nothing listens where these settings point."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.auth import is_token, required_token
from agent.catalogue import CATALOGUE
from agent.client_lock import one_at_a_time
from agent.dispatch import AuditTrail
from agent.rate_limit import RateLimit, TooManyCalls
from core import clock
from core.errors import ConfigurationError, GatewayTimeout, StorageError
from core.settings import load_settings
from flows.commands.tool_services import dispatcher_of

SECRET = "canary-0123456789-0123456789-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def settings_of(tmp_path):
    def made(**agent):
        return load_settings(
            home=tmp_path,
            gateway={"port": free_port(), "connect_timeout": 1.0},
            vendors={"fundamentals_key": SECRET},
            agent={"token": SECRET[::-1]} | agent,
        )

    return made


def trail(tmp_path):
    (file,) = (tmp_path / "data" / "sim" / "audit").glob("tools-*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_broker_that_is_not_there_is_an_error_and_never_an_empty_answer(settings_of):
    dispatcher = dispatcher_of(settings_of())
    for name in ("positions", "order_states", "portfolio_snapshot", "server_time"):
        reply = dispatcher.call(name, {}, caller="test")
        assert reply.body["error"]["kind"] == "GatewayUnreachable"
        assert "data" not in reply.body


def test_the_status_of_a_broker_that_is_not_there_is_an_answer(settings_of):
    reply = dispatcher_of(settings_of()).call("gateway_status", {}, caller="test")
    assert reply.error is None
    assert reply.body["data"]["connected"] is False
    assert reply.body["data"]["problem"]["trust"] == "untrusted"


def test_every_call_leaves_a_trace_of_who_what_and_how_it_ended(settings_of, tmp_path):
    dispatcher = dispatcher_of(settings_of())
    dispatcher.call("list_tickets", {}, caller="ann")
    dispatcher.call("quotes", {"symbols": [float("nan")]}, caller="bob")
    dispatcher.call("place_order", {"token": "x" * 32}, caller="eve")
    lines = trail(tmp_path)
    assert [line["event"] for line in lines] == ["begins", "ends"] * 3
    assert [(line["caller"], line["tool"], line["outcome"]) for line in lines[1::2]] == [
        ("ann", "list_tickets", "ok"),
        ("bob", "quotes", "BadArguments"),
        ("eve", "place_order", "UnknownTool"),
    ]
    assert all(len(line["arguments_sha256"]) == 64 for line in lines)


def test_a_defect_leaves_a_trace_as_well(settings_of, tmp_path):
    class Broken:
        def why(self, symbol, session):
            raise ZeroDivisionError

    dispatcher = dispatcher_of(settings_of())
    dispatcher._context_for = lambda caller: Broken().why("", None)
    with pytest.raises(ZeroDivisionError):
        dispatcher.call("server_time", {}, caller="ann")
    assert trail(tmp_path)[-1]["outcome"] == "defect"


def test_no_tool_runs_without_a_trace(settings_of, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sim").write_text("in the way")
    with pytest.raises(StorageError, match="without an audit record"):
        dispatcher_of(settings_of()).call("list_tickets", {}, caller="ann")


def test_no_secret_is_in_an_answer_an_error_or_the_trail(settings_of, tmp_path):
    settings = settings_of(allow="approve")
    dispatcher = dispatcher_of(settings)
    replies = [
        dispatcher.call("stop", {"reason": f"because {SECRET}"}, caller="ann"),
        dispatcher.call("switch_state", {}, caller="ann"),
        dispatcher.call(SECRET, {SECRET: SECRET}, caller="ann"),
        dispatcher.call("quotes", {SECRET: SECRET}, caller="ann"),
        dispatcher.call("place_order", {"token": settings.agent.token.get_secret_value()},
                        caller="ann"),
    ]  # fmt: skip
    told = json.dumps([reply.body for reply in replies])
    assert told.count("[secret]") >= 3
    for text in (told, json.dumps(trail(tmp_path))):
        assert SECRET not in text
        assert SECRET[::-1] not in text


def test_the_trail_keeps_whole_lines_from_many_threads(tmp_path):
    audit = AuditTrail(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: audit.add(clock.now(), number=n, filler="x" * 500), range(100)))
    assert sorted(json.loads(line)["number"] for file in tmp_path.iterdir()
                  for line in file.read_text().splitlines()) == list(range(100))  # fmt: skip


def test_a_caller_who_calls_too_often_has_to_wait_and_others_do_not(settings_of):
    dispatcher = dispatcher_of(settings_of(calls_per_minute=3))
    kinds = [
        dispatcher.call("switch_state", {}, caller="ann").body.get("error", {}).get("kind")
        for _ in range(4)
    ]
    assert kinds == [None, None, None, "TooManyCalls"]
    assert dispatcher.call("switch_state", {}, caller="bob").error is None


def test_the_rate_says_how_long_to_wait():
    rate = RateLimit(1)
    rate.take("ann")
    with pytest.raises(TooManyCalls, match=r"call again in \d+\.\d s"):
        rate.take("ann")


def test_calls_take_turns_and_one_that_waits_too_long_says_so(tmp_path):
    lock = tmp_path / "client.lock"
    with (
        one_at_a_time(lock),
        pytest.raises(GatewayTimeout, match=r"client\.lock"),
        one_at_a_time(lock, within=0.05),
    ):
        pytest.fail("two at a time")
    with one_at_a_time(lock, within=0.05):
        pass


@pytest.mark.parametrize("token", [None, "", "short", "x" * 31])
def test_nothing_is_served_over_http_without_a_good_token(settings_of, token):
    with pytest.raises(ConfigurationError, match=r"agent\.token"):
        required_token(settings_of(token=token))


def test_a_secret_that_is_no_text_is_refused_without_being_repeated(tmp_path, monkeypatch):
    (tmp_path / "daybook.toml").write_text("[agent]\ntoken = 1234567890123456\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"agent\.token") as refused:
        load_settings()
    assert "1234567890123456" not in str(refused.value)


def test_a_token_is_compared_whole():
    token = required_token(load_settings(agent={"token": SECRET}))
    assert is_token(SECRET, token)
    assert not is_token(SECRET[:-1], token)
    assert not is_token("\u00e9" * 40, token)


def test_the_default_allows_reading_only():
    assert load_settings().agent.allow == "read"
    assert "place_order" not in dispatcher_of(load_settings()).tools
    assert len(CATALOGUE) > len(dispatcher_of(load_settings()).tools)
