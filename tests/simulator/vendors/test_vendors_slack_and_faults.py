from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from core.errors import ConfigurationError
from simulator.clock import VirtualClock
from simulator.vendors import Fault, build_vendors
from tests.simulator.synthetic_markets import synthetic_market

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
FEED, OTHER = "/rss/companies.xml", "/rss/markets.xml"


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, 20)


def client_of(market, *faults):
    return TestClient(build_vendors(market, VirtualClock(NOW), seed=7, faults=faults))


def test_slack_keeps_what_it_got_with_the_simulated_time_and_without_the_token(market):
    client = client_of(market)
    answer = client.post(
        "/slack/T0-secret", json={"text": "hello", "blocks": [{"type": "divider"}]}
    )
    assert (answer.status_code, answer.text) == (200, "ok")
    listed = client.get("/slack/messages")
    assert listed.json() == [
        {
            "received_at": "2026-06-15T11:00:00+00:00",
            "message": {"text": "hello", "blocks": [{"type": "divider"}]},
        }
    ]
    assert "secret" not in listed.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b"\xff", "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": ""}', "no_text"),
        (b'{"text": 7}', "invalid_payload"),
        (b'{"text": "a", "blocks": "b"}', "invalid_blocks"),
    ],
)
def test_slack_refuses_what_is_no_message_and_keeps_nothing_of_it(market, body, said):
    client = client_of(market)
    answer = client.post("/slack/token", content=body)
    assert (answer.status_code, answer.text) == (400, said)
    assert client.get("/slack/messages").json() == []


@pytest.mark.parametrize("status", ["402", "429", "500"])
def test_a_status_fault_happens_as_often_as_told_and_nowhere_else(market, status):
    client = client_of(market, Fault(FEED, status, times=2))
    assert client.get(OTHER).status_code == 200
    got = [client.get(FEED).status_code for _ in range(3)]
    assert got == [int(status), int(status), 200]


def test_a_malformed_answer_ends_in_the_middle(market):
    client = client_of(market, Fault(FEED, "malformed"))
    spoilt, sound = client.get(FEED), client.get(FEED)
    assert spoilt.status_code == 200
    assert spoilt.content == sound.content[: len(sound.content) // 2]


def test_an_empty_answer_has_no_body(market):
    client = client_of(market, Fault(FEED, "empty"))
    assert (client.get(FEED).status_code, client.get(FEED).content != b"") == (200, True)
    client = client_of(market, Fault(FEED, "empty"))
    assert client.get(FEED).content == b""


def test_a_slow_answer_is_whole(market):
    client = client_of(market, Fault(FEED, "slow", seconds=0.01))
    assert client.get(FEED).content == client.get(FEED).content


def test_faults_of_one_path_come_in_order(market):
    client = client_of(market, Fault(FEED, "500"), Fault(FEED, "429"))
    assert [client.get(FEED).status_code for _ in range(3)] == [500, 429, 200]


def test_a_fault_can_be_asked_for_while_running(market):
    client = client_of(market)
    path = "/stable/ratios-ttm-bulk"
    asked = client.post("/vendors/fault", json={"path": path, "kind": "500", "times": 1})
    assert (asked.status_code, asked.json()) == (200, {"ok": True})
    got = [client.get(path, params={"apikey": "k"}).status_code for _ in range(2)]
    assert got == [500, 200]


def test_slack_can_fail_too_and_what_failed_was_not_received(market):
    client = client_of(market, Fault("/slack", "500"))
    assert client.get("/slack/messages").json() == []
    assert client.post("/slack/token", json={"text": "lost"}).status_code == 500
    assert client.post("/slack/token", json={"text": "kept"}).status_code == 200
    assert [m["message"]["text"] for m in client.get("/slack/messages").json()] == ["kept"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "Expecting"),
        (b"[]", "an object with path, kind and times"),
        (b'{"path": 7, "times": true}', "no kind; path = 7 has the wrong type; times = True has"),
        (b'{"path": "/x", "kind": "500", "time": 1}', "unknown field 'time'"),
        (b'{"path": "/x", "kind": "hm", "times": 0}', "'/x' is not one of"),
    ],
)
def test_a_fault_that_would_never_happen_is_refused_with_the_reason(market, body, said):
    answer = client_of(market).post("/vendors/fault", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_everything_wrong_with_a_fault_is_said_at_once(market):
    with pytest.raises(ConfigurationError) as caught:
        client_of(market, Fault("/x", "hm", times=0, seconds=-1))
    for said in ("'/x'", "'hm'", "times = 0", "seconds = -1"):
        assert said in str(caught.value)


def test_mounted_under_a_prefix_everything_works_the_same(market):
    vendors = build_vendors(market, VirtualClock(NOW), seed=7, faults=[Fault(FEED, "500")])
    client = TestClient(Starlette(routes=[Mount("/vendors-here", vendors)]))
    got = [client.get(f"/vendors-here{FEED}").status_code for _ in range(2)]
    assert got == [500, 200]
    assert client.post("/vendors-here/slack/token", json={"text": "a"}).text == "ok"
