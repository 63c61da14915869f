"""Connected is not healthy: time, account, quote and bars each have to come."""

import time

import pytest

from core.errors import GatewayError, GatewayUnreachable, WrongAccount
from ibkr.account.tools import AccountTools
from ibkr.health import Health
from ibkr.market.market_data import MarketData
from tests.ibkr.account_messages import held, page, positions, valued
from tests.ibkr.fake_gateway import (
    ACCOUNT,
    BARS,
    DETAILS,
    POSITIONS,
    QUOTE,
    SCAN,
    START,
    TIME,
    contract_details,
    error,
)


def quoted(gateway, fields):
    gateway.say([1, 6, fields[2], 4, 100.5, 10, 0], [57, 1, fields[2]])


def bars(gateway, fields):
    gateway.say([17, fields[1], "", "", 1, "20260612", 99, 101, 98, 100, 5000, 100, 10])


ALIVE = {
    POSITIONS: positions(held()),
    ACCOUNT: page(valued()),
    QUOTE: quoted,
    BARS: bars,
    DETAILS: lambda g, f: g.say(contract_details(f[2], symbol=f[4]), [52, 1, f[2]]),
}


@pytest.fixture
def health(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(ALIVE if answers is None else answers, **kinds)
        account = AccountTools(connection)
        return gateway, Health(connection, MarketData(connection), account)

    return connect


def verdicts(report):
    return {probe.name: probe.passed for probe in report.probes}


def test_a_gateway_whose_data_flows_is_healthy(health):
    _, tools = health()
    report = tools.check()
    assert report.healthy
    assert verdicts(report) == {"time": True, "account": True, "quote": True, "bars": True}
    told = [probe.detail for probe in report.probes]
    assert told[0] == "2026-06-15 14:00:00 Bucharest"
    assert told[2:] == [
        "AAPL 100.5, live",
        "AAPL 1 bar to 2026-06-12",
    ]
    assert report.as_of.isoformat() == "2026-06-15T11:00:00+00:00"


@pytest.mark.parametrize(
    ("silent", "failing"),
    [({QUOTE: None}, {"quote"}), ({BARS: None}, {"bars"}), ({QUOTE: None, BARS: None},
     {"quote", "bars"}), ({POSITIONS: None}, {"account", "quote", "bars"})],
)  # fmt: skip
def test_a_connected_gateway_that_serves_no_data_is_not_healthy(health, silent, failing):
    # ml4t/live#87: hand-shake fine, snapshots unanswered for 75 minutes.
    _, tools = health(ALIVE | silent, impatient=True)
    report = tools.check()
    assert report.status.connected
    assert not report.healthy
    assert {name for name, passed in verdicts(report).items() if not passed} == failing


@pytest.mark.timeout(30)
def test_a_mute_gateway_is_told_within_one_time_out_and_nothing_more_is_asked(health):
    gateway, tools = health(impatient=True)
    gateway._answers.pop(TIME)
    report = tools.check()
    assert (report.as_of, report.healthy, report.status.connected) == (None, False, True)
    assert not gateway.asked(POSITIONS)
    assert [probe.detail for probe in report.probes[1:]] == ["not asked: the time failed"] * 3


def test_without_positions_the_most_active_stock_is_asked_about(health):
    def scan(gateway, fields):
        row = [0, 700, "BUSY", "STK", "", 0, "", "SMART", "USD", "BUSY", "NMS", "NMS",
               "", "", "", ""]  # fmt: skip
        gateway.say([20, 3, fields[1], 1, *row])

    _, tools = health(ALIVE | {POSITIONS: positions(), ACCOUNT: page(), SCAN: scan})
    report = tools.check()
    assert report.healthy
    assert report.probes[2].detail.startswith("BUSY ")


def test_a_named_stock_that_does_not_exist_is_the_reason_not_a_crash(health):
    unknown = {DETAILS: lambda g, f: g.say(error(f[2], 200, "No security definition"))}
    _, tools = health(ALIVE | unknown)
    report = tools.check("NOPE")
    assert verdicts(report) == {"time": True, "account": True, "quote": False, "bars": False}
    assert "No security definition" in report.probes[2].detail


@pytest.mark.parametrize("code", [2103, 2105, 2157])
def test_a_broken_farm_is_unhealthy_until_it_is_back(health, code):
    said = [error(-1, code, "farm connection is broken:usfarm")]

    def account_page(gateway, fields):
        gateway.say(*said)
        page(valued())(gateway, fields)

    _, tools = health(ALIVE | {ACCOUNT: account_page})
    report = tools.check()
    assert not report.healthy
    assert [(farm.name, farm.state) for farm in report.status.farms] == [("usfarm", "broken")]
    said[:] = [error(-1, code + 1, "farm connection is OK:usfarm")]
    assert tools.check().healthy


def test_what_the_gateway_said_of_its_own_links_is_in_the_status(health):
    said = [error(-1, 1100, "Connectivity has been lost."),
            error(-1, 2108, "inactive but should be available upon demand.ushmds")]  # fmt: skip

    def account_page(gateway, fields):
        gateway.say(*said)
        page(valued())(gateway, fields)

    _, tools = health(ALIVE | {ACCOUNT: account_page})
    report = tools.check()
    assert not report.healthy
    assert report.status.upstream_lost == "1100: Connectivity has been lost."
    assert [(farm.name, farm.state) for farm in report.status.farms] == [("ushmds", "idle")]
    said[:] = [error(-1, 1101, "restored - data lost.")]
    report = tools.check()
    assert report.healthy
    assert report.status.upstream_lost == ""
    assert report.status.data_losses > 0


# A new line


def test_a_lost_line_is_replaced_and_everything_works_again(health):
    gateway, tools = health()
    gateway._loop.call_soon_threadsafe(gateway.drop)
    while tools.status().connected:
        time.sleep(0.01)
    assert not tools.check().healthy
    status = tools.reconnect(patience=5)
    assert (status.connected, status.account, status.client_id) == (True, "DU1", 11)
    assert tools.check().healthy


def test_reconnecting_waits_for_a_gateway_that_is_still_restarting(health):
    calls = []

    def start(gateway, _fields):
        calls.append(time.monotonic())
        if len(calls) == 2:  # the session of the old line is not torn down yet
            gateway.say(error(-1, 326, "client id is already in use"))
            gateway._writers[-1].close()
        else:
            gateway.say([15, 1, "DU1"], [9, 1, 1])

    gateway, tools = health(ALIVE | {START: start})
    gateway._loop.call_soon_threadsafe(gateway.drop)
    assert tools.reconnect(patience=5).connected
    assert len(calls) == 3


@pytest.mark.timeout(30)
def test_reconnecting_gives_up_when_its_patience_ends_and_can_be_tried_again(health):
    gateway, tools = health()
    listening, gateway._answers[START] = gateway._answers[START], lambda g, _f: g.drop()
    with pytest.raises(GatewayUnreachable):
        tools.reconnect(patience=0.5)
    assert not tools.status().connected
    gateway._answers[START] = listening
    assert tools.reconnect(patience=5).connected


def test_a_gateway_that_comes_back_with_another_account_is_refused_at_once(health):
    gateway, tools = health()
    gateway._answers[START] = lambda g, _f: g.say([15, 1, "U7"], [9, 1, 1])
    with pytest.raises(WrongAccount):
        tools.reconnect(patience=30)


def test_what_was_under_way_on_the_old_line_is_an_error_never_an_answer(health):
    gateway, tools = health(ALIVE | {POSITIONS: lambda g, _f: g.drop()})
    report = tools.check()
    assert verdicts(report)["account"] is False
    gateway._answers[POSITIONS] = positions(held())
    tools.reconnect(patience=5)
    gateway._answers[POSITIONS] = lambda g, _f: g.drop()
    with pytest.raises(GatewayError):
        tools._account.positions()
