"""Connecting: the account, the link, and what is said when it does not work."""

import asyncio
import gc
import logging
import re
import socket
import threading
import time

import pytest

from core.errors import (
    ConfigurationError,
    GatewayError,
    GatewayTimeout,
    GatewayUnreachable,
    WrongAccount,
)
from core.settings import Mode
from ibkr.orders.trading import TradingTools
from ibkr.wire import ports
from ibkr.wire.connection import Connection
from ibkr.wire.paper_or_live import choose_account
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import DETAILS, START, TIME, error


def connect(port, *, mode=Mode.SIM, **settings):
    return Connection.open(gateway_settings(**settings), mode=mode, port=port)


@pytest.mark.parametrize("mode", [Mode.SIM, Mode.PAPER])
def test_a_live_account_is_refused_whatever_the_port_says(mode):
    with pytest.raises(WrongAccount, match=f"says {mode.value}, account U…21 is live. Refused"):
        choose_account(("U7654321",), mode=mode, wanted=None)


def test_a_paper_account_is_refused_in_live_mode():
    with pytest.raises(WrongAccount, match=r"paper account\. Refused"):
        choose_account(("DU1",), mode=Mode.LIVE, wanted=None)


def test_the_configured_account_must_be_one_of_the_gateways():
    with pytest.raises(WrongAccount, match=r"gateway.account is DU9, .* only DU1, DU2"):
        choose_account(("DU1", "DU2"), mode=Mode.PAPER, wanted="DU9")


def test_several_accounts_are_never_chosen_from_by_chance():
    with pytest.raises(ConfigurationError, match=r"2 accounts \(DU1, DU2\)"):
        choose_account(("DU1", "DU2"), mode=Mode.PAPER, wanted=None)
    assert choose_account(("DU1", "DU2"), mode=Mode.PAPER, wanted="DU2") == "DU2"


def test_a_live_account_is_refused_over_the_wire_and_nothing_is_asked_of_it(a_gateway):
    gateway = a_gateway(accounts="U7654321")
    with pytest.raises(WrongAccount):
        connect(gateway.port)
    assert [fields[0] for fields in gateway.received] == [START]


@pytest.mark.world
def test_a_closed_port_is_named_with_the_ports_that_are_open(monkeypatch):
    with socket.socket() as free, socket.socket() as other:
        free.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        other.listen()
        port, open_port = free.getsockname()[1], other.getsockname()[1]
        monkeypatch.setattr(ports, "USUAL_PORTS", {port: "nothing", open_port: "TWS, paper"})
        free.close()
        said = rf"127.0.0.1:{port} \(Connection refused\); open API port there: {open_port}"
        with pytest.raises(GatewayUnreachable, match=said):
            connect(port)


def test_without_any_open_port_the_message_says_what_to_start(monkeypatch):
    monkeypatch.setattr(ports, "open_ports", lambda _host: ())
    assert "4002, 4001, 7497, 7496, 8888" in ports.what_listens("127.0.0.1", besides=4002)
    assert "start IB Gateway" in ports.what_listens("127.0.0.1", besides=4002)


def test_an_unknown_host_is_unreachable_not_a_crash():
    with pytest.raises(GatewayUnreachable, match=r"nowhere.invalid:4002"):
        connect(4002, host="nowhere.invalid")


def test_a_silent_gateway_is_a_time_out_that_names_the_likely_window(a_gateway):
    gateway = a_gateway({START: None})
    with pytest.raises(GatewayTimeout, match="Accept incoming connection"):
        connect(gateway.port, connect_timeout=0.3)


def test_a_gateway_that_greets_and_then_falls_silent_is_not_connected(a_gateway):
    gateway = a_gateway({TIME: None})
    with pytest.raises(GatewayTimeout, match="the gateway's time: no answer"):
        connect(gateway.port, request_timeout=0.3)


def test_a_client_id_in_use_is_noticed_at_once_and_a_free_one_is_named(a_gateway):
    def start(gateway, fields):
        if fields[2] == "11":
            gateway.say(error(-1, 326, "Unable to connect as the client id is already in use."))
            gateway._writers[-1].close()
        else:
            gateway.say([15, 1, "DU1"], [9, 1, 1])

    gateway = a_gateway({START: start})
    with pytest.raises(GatewayUnreachable, match=r"client id 11 is already in use.*free: 31"):
        connect(gateway.port, connect_timeout=WITHOUT_END)


def test_a_gateway_that_hangs_up_during_the_greeting_is_noticed_at_once(a_gateway):
    gateway = a_gateway({START: lambda g, _f: g.drop()})
    with pytest.raises(GatewayUnreachable, match="trusted addresses"):
        connect(gateway.port, connect_timeout=WITHOUT_END)


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xff\xff\xff1", b"\0\0\0\4ab\0\0"]
)
def test_something_that_is_no_gateway_is_noticed_at_once(a_gateway, greeting):
    # Read as a length, "HTTP" announces 1.2 GB, for which ib_async would wait.
    gateway = a_gateway(greeting=greeting)
    with pytest.raises(GatewayUnreachable, match=r"not an IBKR gateway|does not speak TWS"):
        connect(gateway.port, connect_timeout=WITHOUT_END)


def test_a_connection_that_breaks_fails_the_request_at_once(connected):
    _, connection = connected(
        {DETAILS: lambda g, _f: g.drop()}, settings=gateway_settings(request_timeout=WITHOUT_END)
    )
    with pytest.raises(GatewayUnreachable, match="broke"):
        connection.run(
            connection.line.requests.by_id(
                lambda request: connection.line.client.send(9, 8, request),
                what="contract",
                within=WITHOUT_END,
            )
        )
    with pytest.raises(GatewayUnreachable, match="open a new one"):
        connection.server_time()


def test_the_socket_can_be_dropped_and_opened_again_with_the_same_client_id(a_gateway):
    gateway = a_gateway()
    for _ in range(3):
        with connect(gateway.port) as connection:
            assert connection.account == "DU1"


def test_a_closed_connection_says_so(connected):
    _, connection = connected()
    connection.close()
    connection.close()
    with pytest.raises(GatewayUnreachable, match="closed"):
        connection.server_time()


def test_closing_while_another_thread_waits_frees_that_thread(connected):
    answers = iter([lambda g: g.say([49, 1, 1781521200])])
    _, connection = connected(
        {TIME: lambda g, _f: next(answers, lambda _g: None)(g)},
        settings=gateway_settings(request_timeout=30.0),
    )
    raised = []

    def wait():
        try:
            connection.server_time()
        except GatewayError as error:
            raised.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.1)
    connection.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert re.search("broke|closed", raised[0])


def test_it_works_from_inside_a_running_event_loop(connected):
    # ib_async's blocking methods raise "This event loop is already running" here.
    _, connection = connected()

    async def a_task():
        return connection.server_time()

    assert asyncio.run(a_task()).isoformat() == "2026-06-15T11:00:00+00:00"


def test_many_threads_may_ask_at_once(connected):
    # ib_async keeps one future per kind: of three questions for the time, two hang for ever.
    gateway, connection = connected()
    times = []
    threads = [
        threading.Thread(target=lambda: times.append(connection.server_time())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(times) == 8
    assert len(gateway.asked(TIME)) == 9


def test_a_call_from_the_connections_own_thread_is_refused_not_a_deadlock(connected):
    _, connection = connected()

    async def progress():
        connection.server_time()

    with pytest.raises(RuntimeError, match="own thread"):
        connection.run(progress())


def test_the_time_is_asked_again_when_tws_ignores_a_second_question_within_a_second(connected):
    seen = []

    def answer(gateway, _fields):
        seen.append(None)
        if len(seen) != 2:
            gateway.say([49, 1, 1781521200])

    _, connection = connected({TIME: answer}, settings=gateway_settings(request_timeout=5.0))
    assert connection.server_time()
    assert len(seen) == 3


def test_a_connection_for_market_data_sends_no_orders(connected):
    _, connection = connected()
    with pytest.raises(ConfigurationError, match="for_orders=True"):
        TradingTools(connection)


def test_nothing_is_fetched_at_the_start_that_could_be_missing_later(connected):
    gateway, _ = connected(for_orders=True)
    assert [fields[0] for fields in gateway.received] == [START, TIME]


def test_nothing_is_logged_above_debug_whatever_goes_wrong(a_gateway, connected, caplog, capfd):
    caplog.set_level(logging.INFO)
    _, connection = connected()
    silent, broken = a_gateway({START: None}), a_gateway(greeting=b"\0\0\0\4ab\0\0")
    for port in (1, silent.port, broken.port):
        with pytest.raises(GatewayError):
            connect(port, connect_timeout=0.3)
    connection.close()
    gc.collect()  # asyncio complains of errors that nobody looked at when they are collected
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr() == ("", "")


def test_an_unreadable_error_message_does_not_hang_its_request(connected):
    # Without its last field ib_async drops the message, and the request waits for ever.
    _, connection = connected({DETAILS: lambda g, f: g.say([4, 2, f[2], 200, "no such"])})
    with pytest.raises(GatewayError, match=r"message 4 .* cannot be read"):
        connection.run(
            connection.line.requests.by_id(
                lambda request: connection.line.client.send(9, 8, request),
                what="contract",
                within=5.0,
            )
        )
