import asyncio
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from simulator.control import Control
from simulator.faults.request import FaultRequest
from simulator.faults.schedule import Faults
from tests.simulator.gateway_harness import buy, run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, CLOSE, MONDAY, NEXT_MORNING, OPEN


def control_of(harness):
    """Return an HTTP client of the harness's control routes."""
    app = Starlette(routes=[Mount("/control", routes=Control(harness.gateway).routes())])
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://test/control")


def test_the_state_names_world_clock_account_and_clients(tmp_path):
    async def scenario(harness):
        await harness.connect(7)
        async with control_of(harness) as control:
            state = (await control.get("/state")).json()
        assert state["world_id"] == "00000000a1b2"
        assert state["clock"] == BEFORE_OPEN.isoformat()
        assert state["account"].startswith("DU")
        assert state["clients"] == [7]
        assert state["orders"] == {"working": 0, "accepted": 0}

    run_scenario(tmp_path, scenario)


def test_moving_the_clock_plays_opens_and_closes_in_order_and_pushes_what_follows(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = ib.placeOrder(stock(), buy(100))
        await settle()
        async with control_of(harness) as control:
            answer = await control.post("/clock", json={"to": NEXT_MORNING.isoformat()})
        await settle()
        assert answer.json()["clock"] == NEXT_MORNING.isoformat()
        assert trade.fills[0].execution.time == OPEN
        (item,) = ib.portfolio()
        assert item.marketPrice == 102.0

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("by", [300, "PT5M", "00:05:00"])
def test_the_clock_can_be_moved_by_a_duration(tmp_path, by):
    async def scenario(harness):
        async with control_of(harness) as control:
            answer = await control.post("/clock", json={"by": by})
        assert answer.json()["clock"] == (BEFORE_OPEN + timedelta(minutes=5)).isoformat()

    run_scenario(tmp_path, scenario)


def test_limits_can_be_looked_at_and_replaced(tmp_path):
    async def scenario(harness):
        async with control_of(harness) as control:
            assert (await control.get("/limits")).json()["messages_per_second"] is None
            answer = await control.post("/limits", json={"messages_per_second": 2})
            assert answer.json()["messages_per_second"] == 2
            assert (await control.post("/limits", json={"speed": 2})).status_code == 400
        wire = await harness.started()
        wire.send(49, 1)
        wire.send(49, 1)
        assert [(await wire.receive())[0] for _ in range(2)] == ["49", "4"]

    run_scenario(tmp_path, scenario)


def test_permissions_can_be_looked_at_and_replaced(tmp_path):
    async def scenario(harness):
        async with control_of(harness) as control:
            assert (await control.get("/permissions")).json()["symbols"] == {}
            await control.post("/permissions", json={"symbols": {"ACME": "none"}})
            assert (await control.post("/permissions", json={"ACME": "none"})).status_code == 400
        ib = await harness.connect()
        await ib.reqTickersAsync(stock(conId=ACME))
        assert harness.codes() == [10168]

    run_scenario(tmp_path, scenario)


def test_what_is_on_and_what_has_struck_can_be_looked_at(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        async with control_of(harness) as control:
            once = {"fault": "refuse", "code": 201, "message": 49, "times": 1}
            await control.post("/faults", json=once)
            assert (await control.get("/faults")).json() == {"on": [once], "struck": []}
            wire.send(49, 1)
            assert (await wire.receive())[3] == "201"
            assert (await control.get("/faults")).json() == {"on": [], "struck": [once]}

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"to": "2026-06-14T09:00:00+00:00"}, "cannot go back"),
        ({"to": "2026-06-16T09:00:00"}, "timezone"),
        ({"to": "soon"}, "datetime"),
        ({"to": "2099-06-16T09:00:00+00:00"}, "outside the exchange calendar"),
        ({}, "Field required"),
        ({"by": "PT5M", "to": "2026-06-16T09:00:00+00:00"}, "not both"),
        ({"by": "-PT5M"}, "cannot go back"),
        ({"to": "2026-06-16T09:00:00+00:00", "step": 1}, "step"),
    ],
)
def test_a_wrong_time_is_refused_and_moves_nothing(tmp_path, body, said):
    async def scenario(harness):
        async with control_of(harness) as control:
            answer = await control.post("/clock", json=body)
        assert answer.status_code == 400
        assert said in answer.json()["error"]
        assert harness.gateway.clock.now() == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "unheard-of"},
        {"fault": "nan_bars"},
        {"fault": "drop"},
        {"fault": "drop", "after": 0},
        {"fault": "mute", "colour": "red"},
        {"fault": "late"},
        {"fault": "quotes", "symbol": "ACME", "kind": "striped"},
        {"fault": "split", "symbol": "ACME", "ratio": 10},
        {"fault": "refuse", "code": 201, "chance": 0},
        {"fault": "skew", "seconds": "NaN"},
        {"fault": "link", "on": False},
    ],
)
def test_a_wrong_fault_is_refused(tmp_path, body):
    async def scenario(harness):
        async with control_of(harness) as control:
            assert (await control.post("/faults", json=body)).status_code == 400

    run_scenario(tmp_path, scenario)


def test_a_mute_gateway_accepts_connections_and_answers_nothing_until_switched_back(tmp_path):
    async def scenario(harness):
        async with control_of(harness) as control:
            await control.post("/faults", json={"fault": "mute"})
            with pytest.raises(TimeoutError):
                await harness.connect(within=0.3)
            await control.post("/faults", json={"fault": "mute", "on": False})
        ib = await harness.connect(8)
        assert ib.isConnected()

    run_scenario(tmp_path, scenario)


def test_a_dropped_connection_loses_the_answer_and_not_the_order(tmp_path):
    async def scenario(harness):
        ib = await harness.connect(7)
        async with control_of(harness) as control:
            await control.post("/faults", json={"fault": "drop", "after": 2, "message": 3})
        trades = [ib.placeOrder(stock(), buy(1, orderRef=f"r{n}")) for n in range(3)]
        await settle()
        assert not ib.isConnected()
        assert trades[1].order.permId == 0
        again = await harness.connect(7)
        references = [trade.order.orderRef for trade in again.openTrades()]
        assert references == ["r0", "r1"]  # the third was never read

    run_scenario(tmp_path, scenario)


def test_drop_counts_requests_of_the_asked_number_and_happens_once():
    faults = Faults()
    faults.switch(FaultRequest(fault="drop", after=2, message=3))
    struck = [len(faults.on_request(number, b"")) for number in (3, 49, 3, 3)]
    assert struck == [0, 0, 1, 0]


def test_a_fault_of_one_symbol_leaves_the_others_alone():
    faults = Faults()
    faults.switch(FaultRequest(fault="nan_bars", symbol="ACME"))
    assert faults.hits("nan_bars", "ACME")
    assert not faults.hits("nan_bars", "BOLT")
    assert not faults.hits("refuse_history", "ACME")
    faults.switch(FaultRequest(fault="nan_bars", symbol="ACME", on=False))
    assert not faults.hits("nan_bars", "ACME")


def test_a_client_that_vanishes_does_not_stop_the_clock(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(61, 1)
        wire._writer.transport.abort()
        await asyncio.wait_for(harness.advance(CLOSE), 5)
        assert harness.gateway.clock.now() == CLOSE
        assert harness.gateway.broker.now.date() == MONDAY

    run_scenario(tmp_path, scenario)


def test_a_client_that_does_not_read_is_cut_off_and_does_not_stop_the_clock(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.tws.client_connection.DRAIN_SECONDS", 0.1)

    async def scenario(harness):
        wire = await harness.started(receive_buffer=4_096)
        contract = (ACME, "", "", "", 0.0, "", "", "SMART", "", "", "", "")
        for number in range(4_000):  # answers of about 20 MB, far more than all buffers on the way
            asked = ("", "1 day", "1 Y", 1, "TRADES", 1, 0, "")
            wire.send(20, number, *contract, 0, *asked)
        transport = harness.gateway.clients[21]._writer.transport
        # Below this mark a writer does not wait, and so nobody is cut off.
        _low, high = transport.get_write_buffer_limits()
        while transport.get_write_buffer_size() <= high:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.01)
        other = await harness.connect()
        await asyncio.wait_for(harness.advance(OPEN), 5)
        assert list(harness.gateway.clients) == [7]
        assert await other.reqCurrentTimeAsync() == OPEN

    run_scenario(tmp_path, scenario)
