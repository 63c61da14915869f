import asyncio
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from simulator.faults.request import FaultRequest, OnAnswer, OnRequest, OnWorld, Standing
from simulator.tws.rate_limits import Limits
from tests.simulator.gateway_harness import buy, run_scenario, settle, stock
from tests.simulator.tiny_market import BEFORE_OPEN, CLOSE, OPEN

TIME = 49


def fault(name, **options):
    return FaultRequest(fault=name, **options)


def switch(harness, name, **options):
    harness.gateway.gateway_faults.switch(fault(name, **options))


# What a fault does


def test_a_refused_request_is_answered_with_the_code_and_its_own_id_and_not_acted_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "refuse", code=201, message=3, times=1)
        trade = ib.placeOrder(stock(), buy(1))
        await settle()
        assert harness.errors[-1][:2] == (trade.order.orderId, 201)
        assert await ib.reqAllOpenOrdersAsync() == []

    run_scenario(tmp_path, scenario)


def test_a_warning_follows_an_order_that_lives_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "warn", code=10349, message=3, times=1)
        trade = ib.placeOrder(stock(), buy(1))
        await settle()
        assert (trade.order.orderId, 10349) in [error[:2] for error in harness.errors]
        assert len(await ib.reqAllOpenOrdersAsync()) == 1

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "placed", "acknowledged"),
    [("answers", 1, False), ("request", 0, False), ("nothing", 1, True)],
)
def test_a_dropped_connection_loses_the_answer_the_request_or_nothing(
    tmp_path, kind, placed, acknowledged
):
    async def scenario(harness):
        ib = await harness.connect()
        seen = []
        ib.openOrderEvent += seen.append
        switch(harness, "drop", kind=kind, message=3, after=1)
        ib.placeOrder(stock(), buy(1))
        await settle()
        assert not ib.isConnected()
        assert bool(seen) is acknowledged
        assert len(harness.gateway.broker.exchange.orders) == placed

    run_scenario(tmp_path, scenario)


def test_every_connection_is_dropped_at_a_moment_of_the_clock(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "drop", at=OPEN)
        await harness.advance(OPEN - timedelta(seconds=1))
        assert ib.isConnected()
        await harness.advance(CLOSE)  # passes the moment
        assert not ib.isConnected()

    run_scenario(tmp_path, scenario)


def test_a_late_answer_comes_whole_and_later(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "late", seconds=0.2, message=TIME, times=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting := ib.reqCurrentTimeAsync()), 0.1)
        assert await waiting == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


def test_frames_are_swallowed_doubled_and_sent_out_of_turn_by_their_number(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        switch(harness, "duplicate", answer=[15])
        wire.send(17, 1)
        assert [(await wire.receive())[0] for _ in range(2)] == ["15", "15"]
        harness.gateway.faults.switch(fault("duplicate", on=False))
        switch(harness, "swallow", answer=[15], times=1)
        wire.send(17, 1)
        wire.send(8, 1, 1)
        assert (await wire.receive())[0] == "9"
        switch(harness, "swap", answer=[62])
        wire.send(61, 1)
        wire.send(8, 1, 1)
        assert [(await wire.receive())[0] for _ in range(2)] == ["9", "62"]

    run_scenario(tmp_path, scenario)


def test_garbage_before_an_answer_does_not_take_the_answer_away(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "garbage", kind="noise", message=TIME, after=1)
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "received"), [("short", ["49", "1"]), ("huge", None), ("truncated", None)]
)
def test_an_answer_is_corrupted_as_asked(tmp_path, kind, received):
    async def scenario(harness):
        wire = await harness.started()
        switch(harness, "garbage", kind=kind, message=TIME, after=1)
        wire.send(TIME, 1)
        if received:
            assert await wire.receive() == received
        else:
            with pytest.raises((asyncio.IncompleteReadError, TimeoutError)):
                await wire.receive()

    run_scenario(tmp_path, scenario)


def test_a_restart_closes_the_port_and_opens_it_again_with_ids_rolled_back(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for _ in range(5):
            ib.placeOrder(stock(), buy(1))
        await settle()
        before = harness.gateway.next_order_id
        switch(harness, "restart", seconds=0.2, ids=3)
        await settle()
        assert not ib.isConnected()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", harness.port)
        await asyncio.sleep(0.3)
        wire = await harness.raw()
        await wire.receive()
        wire.send(71, 2, 21, "")
        assert (await wire.receive())[0] == "15"
        assert await wire.receive() == ["9", "1", str(before - 3)]

    run_scenario(tmp_path, scenario)


def test_while_the_line_to_ibkr_is_lost_only_the_gateway_itself_answers(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "link")
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN
        ib.placeOrder(stock(), buy(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.reqPositionsAsync(), 0.1)
        switch(harness, "link", on=False, kind="kept")
        await settle()
        assert harness.codes() == [1100, 1102]
        assert await ib.reqAllOpenOrdersAsync() == []  # the order never reached IBKR

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(("kind", "code", "ticks"), [("lost", 1101, 0), ("kept", 1102, 1)])
def test_a_line_restored_keeps_the_streams_or_not(tmp_path, kind, code, ticks):
    async def scenario(harness):
        ib = await harness.connect()
        (contract,) = await ib.qualifyContractsAsync(stock())
        ib.reqMktData(contract)
        await settle()
        switch(harness, "link")
        switch(harness, "link", on=False, kind=kind)
        changes = []
        ib.pendingTickersEvent += changes.append
        await harness.advance(OPEN)
        assert harness.codes() == [1100, code]
        assert bool(changes) is bool(ticks)

    run_scenario(tmp_path, scenario)


def test_a_client_id_stays_in_use_as_often_as_asked(tmp_path):
    async def scenario(harness):
        switch(harness, "id_in_use", client=7, times=1)
        wire = await harness.raw()
        await wire.receive()
        wire.send(71, 2, 7, "")
        assert (await wire.receive())[3] == "326"
        assert await wire.ended()
        ib = await harness.connect(7)
        assert ib.isConnected()

    run_scenario(tmp_path, scenario)


def test_a_gateway_whose_clock_is_wrong_says_the_wrong_time_and_nothing_else_changes(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "skew", seconds=-300)
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN - timedelta(minutes=5)
        assert harness.gateway.broker.now == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


def test_a_notice_reaches_every_client_and_ends_nothing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        switch(harness, "notice", code=2103, text="Market data farm connection is broken:usfarm")
        await settle()
        assert harness.errors[-1][:2] == (-1, 2103)
        assert ib.isConnected()

    run_scenario(tmp_path, scenario)


def test_every_frame_is_in_the_wire_log(tmp_path):
    async def scenario(harness):
        import json

        from simulator.tws.protocol.frame_log import FrameLog

        path = tmp_path / "log" / "wire.jsonl"
        harness.gateway.log = FrameLog(path, now=harness.gateway.clock.now)
        wire = await harness.started()
        wire.send(TIME, 1)
        answer = await wire.receive()
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[-2]["fields"] == ["49", "1"]
        assert (lines[-2]["way"], lines[-2]["client"]) == ("in", 21)
        assert lines[-1]["fields"] == answer
        assert (lines[-1]["way"], lines[-1]["clock"]) == ("out", BEFORE_OPEN.isoformat())

    run_scenario(tmp_path / "state", scenario)


def test_the_manual_has_every_fault_limit_and_option():
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()
    names = [get_args(group) for group in (OnRequest, OnAnswer, OnWorld, Standing)]
    faults = {name for group in names for name in group}
    assert {name for name in faults if f"`{name}`" not in manual} == set()
    assert {name for name in Limits.model_fields if f"`{name}`" not in manual} == set()
    assert {f"F{number}" for number in range(1, 27)} <= set(manual.replace("|", " ").split())
