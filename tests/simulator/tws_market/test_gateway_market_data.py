import asyncio

import pytest
from ib_async.util import isNan

from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    BOLT,
    CALM,
    CLOSE,
    INSTRUMENTS,
    MONDAY,
    OPEN,
    TinyMarket,
)


def qualified(con_id=ACME):
    symbol = next(item.symbol for item in INSTRUMENTS if item.con_id == con_id)
    return stock(symbol, conId=con_id)


async def snapshot(ib, con_id=ACME):
    (ticker,) = await asyncio.wait_for(ib.reqTickersAsync(qualified(con_id)), 2)
    return ticker


def test_before_the_open_quotes_stand_around_the_previous_close(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ticker = await snapshot(ib)
        assert ticker.bid < ticker.ask
        assert ticker.bid == pytest.approx(102.0, rel=0.005)
        assert (ticker.last, ticker.close) == (102.0, 102.0)
        assert (ticker.volume, ticker.marketDataType) == (0, 1)
        assert isNan(ticker.open)
        assert isNan(ticker.high)

    run_scenario(tmp_path, scenario)


def test_at_the_open_only_the_open_is_known(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(OPEN)
        ticker = await snapshot(ib)
        assert (ticker.open, ticker.high, ticker.low, ticker.last) == (100.0,) * 4
        assert ticker.close == 102.0
        assert isNan(ticker.volume)

    run_scenario(tmp_path, scenario)


def test_after_the_close_the_whole_bar_is_known(tmp_path):
    today = {(ACME, MONDAY): (100.0, 107.0, 99.0, 105.0, 6_000_000)}

    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(CLOSE)
        ticker = await snapshot(ib)
        assert (ticker.open, ticker.high, ticker.low, ticker.last) == (100.0, 107.0, 99.0, 105.0)
        assert (ticker.close, ticker.volume) == (102.0, 6_000_000)

    run_scenario(tmp_path, scenario, market=TinyMarket(today))


def test_the_spread_widens_with_illiquidity(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        liquid, illiquid = await snapshot(ib, BOLT), await snapshot(ib, CALM)
        if illiquid.bid > 0:
            relative = [(t.ask - t.bid) / t.bid for t in (liquid, illiquid)]
            assert relative[0] < relative[1]

    run_scenario(tmp_path, scenario)


def test_the_same_moment_always_has_the_same_quote(tmp_path):
    async def one(folder):
        seen = []

        async def scenario(harness):
            ib = await harness.connect()
            ticker = await snapshot(ib)
            seen.append((ticker.bid, ticker.ask, ticker.bidSize, ticker.askSize))

        await asyncio.to_thread(run_scenario, folder, scenario)
        return seen[0]

    async def both():
        return await one(tmp_path / "first"), await one(tmp_path / "second")

    first, second = asyncio.run(both())
    assert first == second


def test_a_name_that_never_traded_has_a_snapshot_without_prices(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ticker = await snapshot(ib, INSTRUMENTS[-1].con_id)
        assert isNan(ticker.bid)
        assert isNan(ticker.close)

    run_scenario(tmp_path, scenario)


def test_a_snapshot_ends_after_its_delay(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        begin = asyncio.get_running_loop().time()
        await snapshot(ib)
        assert asyncio.get_running_loop().time() - begin >= 0.2

    run_scenario(tmp_path, scenario, delay=0.2)


def test_an_unknown_contract_has_no_snapshot_but_error_200(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await asyncio.wait_for(ib.reqTickersAsync(stock("NOSUCH", conId=999)), 2)
        assert harness.codes() == [200]

    run_scenario(tmp_path, scenario)


def test_a_stream_gets_new_ticks_when_the_clock_moves_until_it_is_cancelled(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ticker = ib.reqMktData(qualified())
        await settle()
        assert ticker.last == 102.0
        await harness.advance(OPEN)
        assert ticker.last == 100.0
        ib.cancelMktData(qualified())
        await settle()
        await harness.advance(CLOSE)
        assert ticker.last == 100.0
        ib.client.cancelMktData(999)
        await settle()
        assert harness.codes() == [300]

    run_scenario(tmp_path, scenario)


def test_delayed_data_come_under_their_own_tick_numbers(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqMarketDataType(3)
        ticker = await snapshot(ib)
        assert ticker.marketDataType == 3
        assert ticker.last == 102.0
        wire = await harness.started()
        wire.send(59, 1, 3)
        wire.send(*market_data_request(8))
        numbers = {(await wire.receive())[3] for _ in range(6)}
        assert {"66", "67", "68", "75"} <= numbers

    run_scenario(tmp_path, scenario)


def test_frozen_data_are_frozen_only_while_the_market_is_closed(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqMarketDataType(2)
        assert (await snapshot(ib)).marketDataType == 2
        await harness.advance(OPEN)
        assert (await snapshot(ib)).marketDataType == 1
        ib.reqMarketDataType(9)
        await settle()
        assert harness.codes() == [321]

    run_scenario(tmp_path, scenario)


def market_data_request(request_id, *, ticks="", snapshot=1):
    contract = (ACME, "", "", "", 0.0, "", "", "SMART", "", "", "", "")
    return (1, 11, request_id, *contract, 0, ticks, snapshot, 0, "")


def test_the_hundred_and_first_line_is_refused(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        for request_id in range(101):
            wire.send(*market_data_request(request_id, snapshot=0))
        errors = []
        while not errors:
            answer = await wire.receive()
            if answer[0] == "4":
                errors.append(answer)
        assert errors[0][2:4] == ["100", "101"]

    run_scenario(tmp_path, scenario)


def test_snapshots_under_way_use_lines_and_finished_ones_do_not(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = qualified()
        for _ in range(3):
            await asyncio.gather(*(ib.reqTickersAsync(contract) for _ in range(60)))
        assert harness.codes() == []
        assert harness.gateway.clients[7].snapshots == {}

    run_scenario(tmp_path, scenario, delay=0.01)


@pytest.mark.parametrize(("ticks", "code"), [("233", "321")])
def test_generic_ticks_are_refused_for_a_snapshot(tmp_path, ticks, code):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(*market_data_request(5, ticks=ticks))
        assert (await wire.receive())[2:4] == ["5", code]

    run_scenario(tmp_path, scenario)


def test_a_request_id_in_use_is_refused_with_102(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(*market_data_request(5, snapshot=0))
        wire.send(*market_data_request(5, snapshot=0))
        answers = [await wire.receive() for _ in range(8)]
        assert ["4", "2", "5", "102", "Duplicate ticker id", ""] in answers

    run_scenario(tmp_path, scenario)


def test_every_tick_price_has_exactly_seven_fields(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(*market_data_request(5))
        answers = [await wire.receive() for _ in range(8)]
        prices = [answer for answer in answers if answer[0] == "1"]
        assert len(prices) == 4
        assert {len(answer) for answer in prices} == {7}
        assert answers[-1] == ["57", "1", "5"]

    run_scenario(tmp_path, scenario)


def test_an_illiquid_name_is_sometimes_without_a_quote_before_the_open():
    from simulator.prices.market_view import MarketView
    from simulator.prices.quotes import NOTHING, quote

    view = MarketView(TinyMarket())
    mornings = [
        BEFORE_OPEN.replace(month=month, day=day) for month in (4, 5) for day in range(1, 29)
    ]
    calm = [quote(view, CALM, morning) for morning in mornings]
    silent = [found for found in calm if found.bid == NOTHING]
    assert 0 < len(silent) < len(calm) / 2
    assert all((q.ask, q.bid_size, q.ask_size) == (NOTHING, 0, 0) for q in silent)
    assert all(quote(view, ACME, morning).bid > 0 for morning in mornings)
