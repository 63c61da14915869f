import asyncio
from datetime import timedelta

import httpx
import pytest
from ib_async.util import isNan
from starlette.applications import Starlette

from simulator.control import Control
from simulator.faults.request import FaultRequest
from simulator.tws.permissions import Access, Permissions
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    BOLT,
    CLOSE,
    MONDAY,
    NEXT_MORNING,
    OPEN,
    TinyMarket,
)


async def snapshot(ib, con_id=ACME, symbol="ACME"):
    (ticker,) = await asyncio.wait_for(ib.reqTickersAsync(stock(symbol, conId=con_id)), 2)
    return ticker


@pytest.mark.parametrize(
    ("access", "live", "delayed"),
    [
        (Access.LIVE, [], []),
        (Access.DELAYED, [354], [10167]),
        (Access.NOT_IN_API, [10089], [10167]),
        (Access.PARTLY, [10090], [10090]),
        (Access.NONE, [10168], [10168]),
    ],
)
def test_each_permission_has_its_answer_for_live_and_for_delayed_data(
    tmp_path, access, live, delayed
):
    async def scenario(harness):
        harness.gateway.permissions = Permissions(symbols={"ACME": access})
        for kind, codes in ((1, live), (3, delayed)):
            wire = await harness.started(30 + kind)
            wire.send(59, 1, kind)
            wire.send(1, 11, 5, ACME, *[""] * 3, 0.0, *[""] * 7, 0, "", 1, 0, "")
            heard, numbers = [], []
            while not numbers or numbers[-1] not in {"57", "end"}:
                answer = await wire.receive()
                if answer[0] == "4":
                    heard.append(int(answer[3]))
                numbers.append("end" if heard and heard[-1] in {354, 10089, 10168} else answer[0])
            assert heard == codes

    run_scenario(tmp_path, scenario)


def test_a_competing_session_takes_all_market_data(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.permissions = Permissions(competing_session=True)
        ticker = await snapshot(ib)
        assert isNan(ticker.bid)
        assert harness.codes() == [10197]

    run_scenario(tmp_path, scenario)


def test_a_stream_says_when_its_permission_is_gone_and_the_others_go_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqMktData(stock(conId=ACME))
        other = ib.reqMktData(stock("BOLT", conId=BOLT))
        await settle()
        harness.gateway.permissions = Permissions(symbols={"ACME": Access.DELAYED})
        await harness.advance(OPEN)
        assert harness.codes() == [354]
        assert other.last == 50.0

    run_scenario(tmp_path, scenario)


def test_delayed_data_are_a_quarter_of_an_hour_old(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqMarketDataType(3)
        await harness.advance(OPEN + timedelta(minutes=14))
        assert (await snapshot(ib)).last == 102.0
        await harness.advance(OPEN + timedelta(minutes=15))
        assert (await snapshot(ib)).last == 100.0

    run_scenario(tmp_path, scenario)


def test_frozen_data_are_those_of_the_close(tmp_path):
    today = {(ACME, MONDAY): (100.0, 107.0, 99.0, 105.0, 6_000_000)}

    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(CLOSE)
        at_close = await snapshot(ib)
        sides = at_close.bid, at_close.ask
        await harness.advance(NEXT_MORNING)
        frozen = await harness.connect(8)
        frozen.reqMarketDataType(2)
        ticker = await snapshot(frozen)
        assert (ticker.bid, ticker.ask) == sides
        assert ticker.marketDataType == 2

    run_scenario(tmp_path, scenario, market=TinyMarket(today))


def test_a_halted_share_says_so(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.faults.switch(FaultRequest(fault="quotes", symbol="ACME", kind="halted"))
        assert (await snapshot(ib)).halted == 1
        bolt = await snapshot(ib, BOLT, "BOLT")
        assert isNan(bolt.halted)

    run_scenario(tmp_path, scenario)


def test_generic_ticks_fill_what_they_promise(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        numbers = "100,101,104,105,106,165,221,233,236,293,294,295,318,411,456,595"
        ticker = ib.reqMktData(stock(conId=ACME), numbers)
        await settle()
        assert ticker.callVolume + ticker.putVolume == 20_000
        assert ticker.callOpenInterest > ticker.callVolume
        assert 0.05 < ticker.impliedVolatility < 2.0
        assert ticker.histVolatility == ticker.rtHistVolatility
        assert (ticker.low52week, ticker.high52week) == (96.0, 104.0)
        assert ticker.avVolume == 5_000_000
        assert ticker.markPrice == 102.0
        assert ticker.shortable == 3.0
        assert ticker.shortableShares > 0
        assert (ticker.tradeCount, ticker.volumeRate) == (25_000, pytest.approx(12_820.5128))
        assert ticker.lastRthTrade == 102.0
        assert ticker.rtTime == BEFORE_OPEN
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_an_illegal_generic_tick_is_refused_with_the_legal_ones(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqMktData(stock(conId=ACME), "233,999")
        await settle()
        assert harness.codes() == [321]
        assert "Legal ones for (STK) are: 100(Option Volume)" in harness.text(321)

    run_scenario(tmp_path, scenario)


def test_permissions_are_replaced_as_a_whole_over_the_control_port(tmp_path):
    async def scenario(harness):
        app = Starlette(routes=Control(harness.gateway).routes())
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as control:
            before = (await control.get("/permissions")).json()
            assert before == {"symbols": {}, "others": "live", "competing_session": False}
            asked = {"symbols": {"ACME": "delayed"}}
            said = await control.post("/permissions", json=asked)
            assert said.json()["symbols"] == {"ACME": "delayed"}
            odd = await control.post("/permissions", json={"symbols": {"ACME": "sometimes"}})
            assert odd.status_code == 400
        assert harness.gateway.permissions.symbols == {"ACME": Access.DELAYED}

    run_scenario(tmp_path, scenario)
