"""The vendors over a real socket, and real clients on the other end."""

import asyncio
import threading
from datetime import UTC, datetime

import feedparser
import httpx
import pytest
import uvicorn
from slack_sdk.webhook import WebhookClient

from simulator.clock import VirtualClock
from simulator.vendors import Fault, build_vendors
from tests.simulator.synthetic_markets import synthetic_market

pytestmark = pytest.mark.world

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def address():
    app = build_vendors(
        synthetic_market(7, 30),
        VirtualClock(NOW),
        seed=7,
        faults=[Fault("/rss/markets.xml", "drop")],
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_a_dropped_answer_is_an_error_to_the_client_and_the_next_one_is_whole(address):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{address}/rss/markets.xml")
    answer = httpx.get(f"{address}/rss/markets.xml")
    assert not feedparser.parse(answer.content).bozo


def test_the_real_slack_client_is_answered_ok(address):
    answer = WebhookClient(f"{address}/slack/token").send(text="orders")
    assert (answer.status_code, answer.body) == (200, "ok")
    kept = httpx.get(f"{address}/slack/messages").json()
    assert kept[-1]["message"] == {"text": "orders"}


def test_the_constituents_come_over_the_wire(address):
    rows = httpx.get(f"{address}/stable/sp500-constituent", params={"apikey": "k"}).json()
    assert len(rows) >= 25


def test_an_unknown_address_is_not_found(address):
    assert httpx.get(f"{address}/stable/nothing", params={"apikey": "k"}).status_code == 404
