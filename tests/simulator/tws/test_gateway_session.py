import asyncio
import socket

import pytest
from ib_async import IB

from simulator.broker.broker import account_id
from tests.simulator.gateway_harness import run_scenario, settle
from tests.simulator.tiny_market import BEFORE_OPEN, TinyMarket


def test_the_real_client_connects_and_finds_everything_answered(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert ib.client.serverVersion() == 178
        assert ib.managedAccounts() == [harness.gateway.broker.account]
        assert {value.tag for value in ib.accountValues()} >= {"NetLiquidation", "CashBalance"}
        assert ib.positions() == []
        assert {code for _, code, _ in harness.errors} == {2104, 2106, 2158}

    run_scenario(tmp_path, scenario)


def test_client_zero_may_bind_manual_orders_and_others_may_not(tmp_path):
    async def scenario(harness):
        await harness.connect(0)
        assert harness.codes() == []
        other = await harness.connect(1)
        other.client.reqAutoOpenOrders(bAutoBind=True)
        await settle()
        assert harness.codes() == [327]

    run_scenario(tmp_path, scenario)


def test_the_start_sequence_is_the_one_of_tws(tmp_path):
    async def scenario(harness):
        wire = await harness.raw()
        assert await wire.receive() == ["178", "20260615 07:00:00 US/Eastern"]
        wire.send(71, 2, 5, "")
        account = harness.gateway.broker.account
        assert await wire.receive() == ["15", "1", account]
        assert await wire.receive() == ["9", "1", "1"]
        codes = [(await wire.receive())[3] for _ in range(3)]
        assert codes == ["2104", "2106", "2158"]

    run_scenario(tmp_path, scenario)


def test_the_time_is_the_worlds_and_not_the_machines(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


def test_an_account_is_always_recognisable_as_simulated():
    assert account_id(TinyMarket.world_id) == "DU0041394"
    assert account_id("ffffffffffff")[:2] == "DU"
    assert len(account_id("000000000001")) == 9


def test_a_client_id_in_use_is_refused_with_326_and_the_first_client_stays(tmp_path):
    async def scenario(harness):
        first = await harness.connect(7)
        second = IB()
        second.errorEvent += lambda *error: harness.errors.append(error[:3])
        with pytest.raises(TimeoutError):
            await second.connectAsync("127.0.0.1", harness.port, clientId=7, timeout=0.3)
        assert 326 in harness.codes()
        assert first.isConnected()
        assert await first.reqCurrentTimeAsync()

    run_scenario(tmp_path, scenario)


def test_a_client_id_is_free_again_after_its_client_has_gone(tmp_path):
    async def scenario(harness):
        first = await harness.connect(7)
        first.disconnect()
        await settle()
        again = await harness.connect(7)
        assert again.isConnected()

    run_scenario(tmp_path, scenario)


def test_several_clients_are_served_at_once(tmp_path):
    async def scenario(harness):
        clients = await asyncio.gather(*(harness.connect(number) for number in range(1, 9)))
        times = await asyncio.gather(*(client.reqCurrentTimeAsync() for client in clients))
        assert len(times) == 8
        assert sorted(harness.gateway.clients) == list(range(1, 9))

    run_scenario(tmp_path, scenario)


def test_an_unknown_message_is_answered_with_505(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(999, 1, 2)
        answer = await wire.receive()
        assert answer[:4] == ["4", "2", "-1", "505"]
        assert len(answer) == 6  # the last field, advancedOrderRejectJson, must be there

    run_scenario(tmp_path, scenario)


def test_requests_before_start_api_are_refused(tmp_path):
    async def scenario(harness):
        wire = await harness.raw()
        await wire.receive()
        wire.send(61, 1)
        assert (await wire.receive())[3] == "504"

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    "payload",
    [
        b"49\0abc",  # not closed
        b"\xff\xfe\0",  # not text
        b"\0",  # no message id
        b"9\x008\x00not a number\0",
        b"9\x008\x0012\0",  # too short
        b"49\x001\x00too\x00many\0",
    ],
)
def test_a_bad_request_is_answered_with_320_and_the_next_one_is_served(tmp_path, payload):
    async def scenario(harness):
        wire = await harness.started()
        wire.send_bytes(payload)
        assert (await wire.receive())[3] == "320"
        wire.send(49, 1)
        assert (await wire.receive())[0] == "49"

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"API\0\xff\xff\xff\xff" + b"x" * 100,  # announces 4 GB
        b"API\0\x00\x00\x00\x09v100..156",  # too old
        b"API\0\x00\x00\x00\x09v179..200",  # too new
        b"API\0\x00\x00\x00\x05hello",
    ],
)
def test_garbage_ends_that_connection_only(tmp_path, garbage):
    async def scenario(harness):
        ib = await harness.connect()
        wire = await harness.raw(hello=None)
        wire.send_unframed(garbage)
        assert await wire.ended()
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


def test_a_frame_that_announces_four_gigabytes_ends_that_connection_only(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        wire = await harness.started()
        wire.send_unframed(b"\xff\xff\xff\xff")
        assert await wire.ended()
        assert 21 not in harness.gateway.clients
        assert await ib.reqCurrentTimeAsync() == BEFORE_OPEN

    run_scenario(tmp_path, scenario)


def test_only_the_loopback_address_listens(tmp_path):
    async def scenario(harness):
        with socket.socket() as other:
            # Another address of this machine: bound ports on 0.0.0.0 would refuse this.
            other.bind(("127.0.0.2", harness.port))

    run_scenario(tmp_path, scenario)


def test_ids_and_accounts_can_be_asked_for_again(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(8, 1, 1)
        assert await wire.receive() == ["9", "1", "1"]
        wire.send(17, 1)
        assert await wire.receive() == ["15", "1", harness.gateway.broker.account]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("hello", "shown"),
    [
        (b"v213..225", "v213..225"),  # wboayue/rust-ibapi 3 asks for no less than 213
        (b"v158..158", "v158..158"),
        (b"GET / HTTP/1.1\r\n", r"GET / HTTP/1.1\x0d\x0a"),
        (b"\xff\x1b" + b"v" * 90, r"\xff\x1b" + "v" * 38),
    ],
)
def test_a_client_of_another_version_is_closed_and_the_log_says_what_it_asked_for(
    tmp_path, caplog, hello, shown
):
    async def scenario(harness):
        wire = await harness.raw(hello)
        assert await wire.ended()

    run_scenario(tmp_path, scenario)
    expected = f"client asked for {shown}, this gateway serves 157 and 178; closed"
    assert [
        record.getMessage()
        for record in caplog.records
        if record.name == "simulator.tws.client_connection"
    ] == [expected]
