import asyncio
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from core.errors import ConfigurationError
from simulator.faults.request import FaultRequest, OnAnswer, OnRequest, OnWorld, Standing
from simulator.faults.schedule import Faults
from simulator.tws.fault_script import FaultScript, random_script, read_script
from simulator.tws.rate_limits import Limits
from tests.simulator.gateway_harness import buy, play, settle, stock
from tests.simulator.tiny_market import BEFORE_OPEN, CLOSE, OPEN

TIME = 49


def fault(name, **options):
    return FaultRequest(fault=name, **options)


def switch(stage, name, **options):
    stage.gateway.outages.switch(fault(name, **options))


def strikes(faults, count, number=TIME, payload=b""):
    return [len(faults.on_request(number, payload)) for _ in range(count)]


# When a fault strikes


def test_a_fault_begins_with_the_nth_matching_request_and_ends_after_its_times():
    faults = Faults([fault("refuse", code=201, after=3, times=2)])
    assert strikes(faults, 7) == [0, 0, 1, 1, 0, 0, 0]
    assert faults.armed == []


def test_a_fault_of_a_symbol_strikes_only_requests_that_name_it():
    faults = Faults([fault("refuse", code=201, symbol="ACME")])
    assert strikes(faults, 1, payload=b"3\0001\0000\0ACME\0STK\0") == [1]
    assert strikes(faults, 1, payload=b"3\0001\0000\0ACMEX\0STK\0") == [0]


def test_a_fault_with_a_moment_waits_for_it():
    now = BEFORE_OPEN
    faults = Faults([fault("refuse", code=201, at=OPEN)], now=lambda: now)
    assert strikes(faults, 2) == [0, 0]
    now = OPEN
    assert strikes(faults, 1) == [1]


def test_the_same_seed_strikes_the_same_requests_and_another_seed_others():
    def pattern(seed):
        return strikes(Faults([fault("refuse", code=201, chance=0.5)], seed=seed), 40)

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert 5 < sum(pattern(1)) < 35


def test_a_certain_fault_beside_one_of_chance_does_not_change_when_that_strikes():
    chance = fault("refuse", code=201, chance=0.5)
    alone = Faults([chance], seed=3)
    beside = Faults([chance, fault("warn", code=399, times=4)], seed=3)
    for _ in range(20):
        struck = beside.on_request(TIME, b"")
        assert [f for f in struck if f.fault == "refuse"] == alone.on_request(TIME, b"")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fault": "drop", "after": 2, "answer": [3]}, "drop has no answer"),
        ({"fault": "swallow"}, "swallow needs answer"),
        ({"fault": "garbage", "kind": "soup", "after": 1}, "noise, short, truncated, huge"),
        ({"fault": "refuse"}, "refuse needs code"),
        ({"fault": "mute", "times": 2}, "mute has no times"),
        ({"fault": "drop"}, "drop needs after"),
    ],
)
def test_a_condition_that_would_be_ignored_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        FaultRequest.model_validate(wrong)


# Scripts


def test_a_script_is_read_from_a_file_and_everything_wrong_in_it_is_named(tmp_path):
    path = tmp_path / "script.json"
    path.write_text('{"seed": 3, "faults": [{"fault": "mute", "after": 4}]}')
    assert read_script(path) == FaultScript(seed=3, faults=(fault("mute", after=4),))
    path.write_text('{"seed": "x", "faults": [{"fault": "mutee"}, {"fault": "late"}]}')
    with pytest.raises(ConfigurationError) as error:
        read_script(path)
    assert "seed" in str(error.value)
    assert "faults.0.fault" in str(error.value)
    assert "late needs seconds" in str(error.value)
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_script(tmp_path / "absent.json")


def test_a_random_script_is_the_same_for_the_same_seed():
    span = {"start": BEFORE_OPEN, "end": CLOSE}
    one, same, other = (random_script(seed, faults=50, **span) for seed in (1, 1, 2))
    assert one == same != other
    assert all(BEFORE_OPEN <= entry.at <= CLOSE for entry in one.faults)
    assert FaultScript.model_validate_json(one.model_dump_json(exclude_unset=True)) == one


# What it does


def test_a_refused_request_is_answered_with_the_code_and_its_own_id_and_not_acted_on(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "refuse", code=201, message=3, times=1)
        trade = ib.placeOrder(stock(), buy(1))
        await settle()
        assert stage.errors[-1][:2] == (trade.order.orderId, 201)
        assert await ib.reqAllOpenOrdersAsync() == []

    play(tmp_path, scene)


def test_a_warning_follows_an_order_that_lives_on(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "warn", code=10349, message=3, times=1)
        trade = ib.placeOrder(stock(), buy(1))
        await settle()
        assert (trade.order.orderId, 10349) in [error[:2] for error in stage.errors]
        assert len(await ib.reqAllOpenOrdersAsync()) == 1

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "placed", "acknowledged"),
    [("answers", 1, False), ("request", 0, False), ("nothing", 1, True)],
)
def test_a_dropped_connection_loses_the_answer_the_request_or_nothing(
    tmp_path, kind, placed, acknowledged
):
    async def scene(stage):
        ib = await stage.connect()
        seen = []
        ib.openOrderEvent += seen.append
        switch(stage, "drop", kind=kind, message=3, after=1)
        ib.placeOrder(stock(), buy(1))
        await settle()
        assert not ib.isConnected()
        assert bool(seen) is acknowledged
        assert len(stage.gateway.broker.exchange.orders) == placed

    play(tmp_path, scene)


def test_every_connection_is_dropped_at_a_moment_of_the_clock(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "drop", at=OPEN)
        await stage.advance(OPEN - timedelta(seconds=1))
        assert ib.isConnected()
        await stage.advance(CLOSE)  # passes the moment
        assert not ib.isConnected()

    play(tmp_path, scene)


def test_a_late_answer_comes_whole_and_later(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "late", seconds=0.2, message=TIME, times=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting := ib.reqCurrentTimeAsync()), 0.1)
        assert await waiting == BEFORE_OPEN

    play(tmp_path, scene)


def test_frames_are_swallowed_doubled_and_sent_out_of_turn_by_their_number(tmp_path):
    async def scene(stage):
        wire = await stage.started()
        switch(stage, "duplicate", answer=[15])
        wire.send(17, 1)
        assert [(await wire.receive())[0] for _ in range(2)] == ["15", "15"]
        stage.gateway.faults.switch(fault("duplicate", on=False))
        switch(stage, "swallow", answer=[15], times=1)
        wire.send(17, 1)
        wire.send(8, 1, 1)
        assert (await wire.receive())[0] == "9"
        switch(stage, "swap", answer=[62])
        wire.send(61, 1)
        wire.send(8, 1, 1)
        assert [(await wire.receive())[0] for _ in range(2)] == ["9", "62"]

    play(tmp_path, scene)


def test_garbage_before_an_answer_does_not_take_the_answer_away(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "garbage", kind="noise", message=TIME, after=1)
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "received"), [("short", ["49", "1"]), ("huge", None), ("truncated", None)]
)
def test_an_answer_is_spoilt_as_asked(tmp_path, kind, received):
    async def scene(stage):
        wire = await stage.started()
        switch(stage, "garbage", kind=kind, message=TIME, after=1)
        wire.send(TIME, 1)
        if received:
            assert await wire.receive() == received
        else:
            with pytest.raises((asyncio.IncompleteReadError, TimeoutError)):
                await wire.receive()

    play(tmp_path, scene)


def test_a_restart_closes_the_port_and_opens_it_again_with_ids_rolled_back(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        for _ in range(5):
            ib.placeOrder(stock(), buy(1))
        await settle()
        before = stage.gateway.next_order_id
        switch(stage, "restart", seconds=0.2, ids=3)
        await settle()
        assert not ib.isConnected()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", stage.port)
        await asyncio.sleep(0.3)
        wire = await stage.raw()
        await wire.receive()
        wire.send(71, 2, 21, "")
        assert (await wire.receive())[0] == "15"
        assert await wire.receive() == ["9", "1", str(before - 3)]

    play(tmp_path, scene)


def test_while_the_line_to_ibkr_is_lost_only_the_gateway_itself_answers(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "link")
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN
        ib.placeOrder(stock(), buy(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.reqPositionsAsync(), 0.1)
        switch(stage, "link", on=False, kind="kept")
        await settle()
        assert stage.codes() == [1100, 1102]
        assert await ib.reqAllOpenOrdersAsync() == []  # the order never reached IBKR

    play(tmp_path, scene)


@pytest.mark.parametrize(("kind", "code", "ticks"), [("lost", 1101, 0), ("kept", 1102, 1)])
def test_a_line_restored_keeps_the_streams_or_not(tmp_path, kind, code, ticks):
    async def scene(stage):
        ib = await stage.connect()
        (contract,) = await ib.qualifyContractsAsync(stock())
        ib.reqMktData(contract)
        await settle()
        switch(stage, "link")
        switch(stage, "link", on=False, kind=kind)
        changes = []
        ib.pendingTickersEvent += changes.append
        await stage.advance(OPEN)
        assert stage.codes() == [1100, code]
        assert bool(changes) is bool(ticks)

    play(tmp_path, scene)


def test_a_client_id_stays_in_use_as_often_as_asked(tmp_path):
    async def scene(stage):
        switch(stage, "id_in_use", client=7, times=1)
        wire = await stage.raw()
        await wire.receive()
        wire.send(71, 2, 7, "")
        assert (await wire.receive())[3] == "326"
        assert await wire.ended()
        ib = await stage.connect(7)
        assert ib.isConnected()

    play(tmp_path, scene)


def test_a_gateway_whose_clock_is_wrong_says_the_wrong_time_and_nothing_else_changes(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "skew", seconds=-300)
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN - timedelta(minutes=5)
        assert stage.gateway.broker.now == BEFORE_OPEN

    play(tmp_path, scene)


def test_a_notice_reaches_every_client_and_ends_nothing(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        switch(stage, "notice", code=2103, text="Market data farm connection is broken:usfarm")
        await settle()
        assert stage.errors[-1][:2] == (-1, 2103)
        assert ib.isConnected()

    play(tmp_path, scene)


def test_every_frame_is_in_the_wire_log(tmp_path):
    async def scene(stage):
        import json

        from simulator.tws.protocol.frame_log import WireLog

        path = tmp_path / "log" / "wire.jsonl"
        stage.gateway.log = WireLog(path, now=stage.gateway.clock.now)
        wire = await stage.started()
        wire.send(TIME, 1)
        answer = await wire.receive()
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[-2]["fields"] == ["49", "1"]
        assert (lines[-2]["way"], lines[-2]["client"]) == ("in", 21)
        assert lines[-1]["fields"] == answer
        assert (lines[-1]["way"], lines[-1]["clock"]) == ("out", BEFORE_OPEN.isoformat())

    play(tmp_path / "state", scene)


def test_the_manual_has_every_fault_limit_and_option():
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()
    names = [get_args(group) for group in (OnRequest, OnAnswer, OnWorld, Standing)]
    faults = {name for group in names for name in group}
    assert {name for name in faults if f"`{name}`" not in manual} == set()
    assert {name for name in Limits.model_fields if f"`{name}`" not in manual} == set()
    assert {f"F{number}" for number in range(1, 27)} <= set(manual.replace("|", " ").split())
