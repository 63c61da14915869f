from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from core.errors import VendorError
from core.settings import Mode
from review.day import Check
from review.slack import MAX_ROWS, post, ticket_message
from review.verdict import Verdict

SECRET = "T000/B000/s3cr3t-canary"
HEAD = "4f9fef1298e2"
REPORT = "reports/sim/2026-06-15.html"


class SlackSink(BaseHTTPRequestHandler):
    """Keep what was posted and answer as told."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.received.append((self.path, json.loads(self.rfile.read(length))))
        if self.server.status is None:
            return  # closes the connection without an answer
        if self.server.status == "nonsense":
            self.wfile.write(b"nonsense\r\n\r\n")
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments):
        pass


@contextmanager
def slack(status=200, body=b"ok"):
    server = HTTPServer(("127.0.0.1", 0), SlackSink)
    server.received, server.status, server.body, server.location = [], status, body, None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server, SecretStr(f"http://127.0.0.1:{server.server_port}/services/{SECRET}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kinds(message):
    return [block["type"] for block in message.blocks]


def words(message):
    return json.dumps(message.blocks, ensure_ascii=False)


def test_the_message_says_what_a_person_needs_to_decide(a_day):
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    assert kinds(message) == ["header", "section", "table", "section", "context"]
    assert "daybook approve 2026-06-15" in message.blocks[3]["text"]["text"]
    assert message.blocks[0]["text"]["text"] == (
        "daybook 2026-06-15 · SIMULATED · 12 orders proposed"
    )
    said = message.blocks[1]["text"]["text"]
    assert said.startswith(
        "gross 0.94 → 1.08 (max 1.20) · net +0.06 · VaR95 1.31 % (parametric) · "
        "CVaR95 1.87 % (historical) · "
        "cash without short proceeds 42.0 % (min 5.0 %) · turnover 9.8 % · "
        "6 of 6 checks passed · 12 orders: buy 68,992, sell 34,496 USD · opens in 2 h 04 m\n"
    )
    rows = [[cell["text"] for cell in row] for row in message.blocks[2]["rows"]]
    assert rows[0] == [
        "Side", "Symbol", "Qty", "Limit", "Weight", "Alpha", "%ADV", "ΔMargin", "Flag",
    ]  # fmt: skip
    assert rows[3] == [
        "BUY", "TSLA", "60", "143.73", "3.1 → 7.2 %", "+0.44", "0.06", "+2,940", "sized down 20 %",
    ]  # fmt: skip
    context = message.blocks[4]["elements"][0]["text"]
    assert context.startswith("6 of 6 checks passed · 1 override: PFE (sentiment")
    assert "31 stale fundamentals" in context
    assert "symbols without bars" not in context
    assert context.endswith("account DU****345 · run 2026-06-15-sim-9f3ce1")
    assert (
        message.blocks[4]["elements"][1]["text"] == f"report: {REPORT} · latest journal hash {HEAD}"
    )
    assert message.blocks[4]["elements"][2]["text"] == "synthetic market, seed 7, 250 symbols"


@pytest.mark.parametrize(
    ("mode", "said"), [(Mode.SIM, "SIMULATED"), (Mode.PAPER, "PAPER"), (Mode.LIVE, "⚠ ")]
)
@pytest.mark.parametrize("verdict", list(Verdict))
def test_header_and_notification_always_name_the_world(a_day, mode, said, verdict):
    message = ticket_message(a_day(mode=mode, verdict=verdict), report=REPORT, head=HEAD)
    assert said in message.blocks[0]["text"]["text"]
    assert said in message.text
    assert ("LIVE" in message.text) == (mode is Mode.LIVE)


def test_a_failed_gate_is_a_recommendation_only_with_limit_and_value(a_day):
    failed = Check(name="Largest weight", value=0.131, limit=0.12, passed=False, detail="NVDA")
    day = a_day(verdict=Verdict.RECOMMENDATION_ONLY, checks=(failed, *a_day().checks[1:]))
    message = ticket_message(day, report=REPORT, head=HEAD)
    assert "RECOMMENDATION ONLY: 1 check failed" in message.blocks[0]["text"]["text"]
    assert "RECOMMENDATION ONLY: 1 check failed" in message.text
    said = message.blocks[1]["text"]["text"]
    assert "Nothing was sent. Largest weight is 13.10 %, limit 12.00 % (NVDA)." in said
    assert "5 of 6 checks passed" in words(message)


def test_a_long_table_is_cut_and_says_how_many_are_left(a_day, some_orders):
    message = ticket_message(a_day(orders=some_orders(62)), report=REPORT, head=HEAD)
    assert len(message.blocks[2]["rows"]) == MAX_ROWS + 1
    assert "37 more in the report" in words(message)


def test_a_day_without_orders_has_no_table(a_day):
    message = ticket_message(a_day(verdict=Verdict.NO_ORDERS, orders=()), report=REPORT, head=HEAD)
    assert kinds(message) == ["header", "section", "context"]


def test_an_account_is_never_written_out(a_day):
    message = ticket_message(a_day(account="DU1234345"), report=REPORT, head=HEAD)
    assert "DU1234345" not in words(message) + message.text


def test_text_from_outside_can_neither_ping_nor_link_nor_outgrow_the_message(a_day):
    hostile = "<!channel> <https://evil.example|click> *now* \u202e" + "x" * 5000
    override = dataclasses.replace(a_day().overrides[0], reason=hostile)
    checks = tuple(dataclasses.replace(c, passed=False, detail=hostile) for c in a_day().checks)
    day = a_day(verdict=Verdict.RECOMMENDATION_ONLY, overrides=(override,) * 3, checks=checks)
    message = ticket_message(day, report=REPORT, head=HEAD)
    assert "mrkdwn" not in words(message)
    assert "<!channel>" not in message.text
    for block in message.blocks:
        for text in (block.get("text"), *block.get("elements", ())):
            assert text is None or len(text["text"]) < 3000
    assert len(message.blocks[0]["text"]["text"]) <= 150


@pytest.mark.world
def test_a_message_arrives_whole(a_day):
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with slack() as (server, webhook):
        post(webhook, message, timeout=5)
    ((path, body),) = server.received
    assert path == f"/services/{SECRET}"
    assert body == {"text": message.text, "blocks": list(message.blocks)}


@pytest.mark.world
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b"invalid_token", "status 403, it said 'invalid_token'"),
        (404, b"no_service", "status 404"),
        (429, b"", "status 429, it said 'nothing'"),
        (500, b"x" * 9999, "status 500"),
        (302, b"", "status 302"),
        (404, f"/services/{SECRET} was not found".encode(), "said '/[secret] was not found'"),
        ("nonsense", b"", "did not take the message: the answer is not HTTP"),
        (None, b"", "did not take the message: RemoteProtocolError: Server disconnected"),
    ],
)
def test_a_refused_message_says_why_once_and_never_where(a_day, caplog, status, body, said):
    caplog.set_level(logging.DEBUG)
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with slack(status, body) as (server, webhook), pytest.raises(VendorError) as caught:
        post(webhook, message, timeout=5)
    assert said in str(caught.value)
    assert len(server.received) == 1
    assert len(str(caught.value)) < 400
    for text in (str(caught.value), caplog.text, repr(caught.value.__cause__)):
        assert "s3cr3t-canary" not in text


@pytest.mark.world
def test_a_silent_slack_is_given_up_after_the_time_out(a_day):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = SecretStr(f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        with pytest.raises(VendorError, match="timed out"):
            post(webhook, ticket_message(a_day(), report=REPORT, head=HEAD), timeout=0.2)


def drip(listener):
    with listener.accept()[0] as connection, contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            time.sleep(0.02)
            connection.sendall(b"X: y\r\n")


@pytest.mark.world
@pytest.mark.timeout(30)
def test_a_slack_that_drips_its_answer_is_given_up_after_twice_the_time_out(a_day):
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with socket.create_server(("127.0.0.1", 0)) as dripping:
        thread = threading.Thread(target=drip, args=(dripping,))
        thread.start()
        webhook = SecretStr(f"http://127.0.0.1:{dripping.getsockname()[1]}/{SECRET}")
        with pytest.raises(VendorError, match=r"no complete answer within 0\.4 s"):
            post(webhook, message, timeout=0.2)
        thread.join()


@pytest.mark.world
def test_a_redirected_message_is_not_called_sent(a_day):
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with slack() as (elsewhere, webhook), slack(307) as (server, moved):
        server.location = webhook.get_secret_value()
        with pytest.raises(VendorError, match="status 307"):
            post(moved, message, timeout=5)
    assert elsewhere.received == []


@pytest.mark.parametrize("proxy", ["nonsense://user:s3cr3t-canary@127.0.0.1", "socks5://127.0.0.1"])
def test_a_proxy_that_cannot_be_used_is_said_and_not_repeated(a_day, monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with pytest.raises(VendorError, match="https proxy of the environment") as caught:
        post(SecretStr("https://hooks.example/T1"), message, timeout=1)
    assert "s3cr3t-canary" not in str(caught.value)


@pytest.mark.world
def test_a_message_goes_through_the_proxy_of_the_environment(a_day, monkeypatch):
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with slack() as (proxy, _):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        post(SecretStr(f"http://hooks.example/services/{SECRET}"), message, timeout=5)
    assert [path for path, _ in proxy.received] == [f"http://hooks.example/services/{SECRET}"]


@pytest.mark.world
def test_an_absent_slack_is_said_so(a_day):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    webhook = SecretStr(f"http://127.0.0.1:{port}/{SECRET}")
    message = ticket_message(a_day(), report=REPORT, head=HEAD)
    with pytest.raises(VendorError, match="refused"):
        post(webhook, message, timeout=1)


@pytest.mark.parametrize(
    "address", [SECRET, f"ftp://{SECRET}", f"http://[{SECRET}", f"http://a b/{SECRET}", ""]
)
def test_a_webhook_that_is_no_address_is_not_repeated_in_the_error(a_day, address, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(VendorError) as caught:
        post(SecretStr(address), ticket_message(a_day(), report=REPORT, head=HEAD), timeout=1)
    shown = f"{caught.value}{caplog.text}{caught.value.__cause__!r}"
    assert "s3cr3t-canary" not in shown
    assert "vendors.slack_webhook" in shown
