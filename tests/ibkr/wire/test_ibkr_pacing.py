"""The pace of messages."""

import asyncio

import pytest

from ibkr.market.market_data import MarketData
from ibkr.wire.pacing import Pacer
from tests.ibkr.conftest import gateway_settings
from tests.ibkr.fake_gateway import DETAILS


def most_in_any(window, times):
    return max(sum(start <= t < start + window for t in times) for start in times)


@pytest.mark.parametrize("rate", [50.0, 45.0])
def test_no_window_ever_holds_more_messages_than_the_rate_allows(rate):
    async def send_many():
        pacer, times = Pacer(rate), []

        async def one():
            await pacer.turn()
            times.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(one() for _ in range(60)))
        return times

    times = asyncio.run(send_many())
    assert most_in_any(1.0, times) <= rate + 1
    assert times[-1] - times[0] < 60 / rate + 0.5  # and it is not much slower than it may be


def test_messages_pass_in_the_order_of_asking():
    async def send_in_order():
        pacer, passed = Pacer(50.0), []

        async def one(number):
            await pacer.turn()
            passed.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))
        return passed

    assert asyncio.run(send_in_order()) == list(range(20))


def test_a_slow_rate_is_not_exceeded_by_its_first_burst():
    assert Pacer(2.0).burst == 2
    assert Pacer(0.5).burst == 1
    assert Pacer(0.5).interval == 2.0


def test_the_gateway_never_sees_a_burst(connected):
    # ib_async's own pacing lets 45 messages go at once, and 90 within some windows of a second.
    arrivals = []

    def answer(gateway, fields):
        arrivals.append(asyncio.get_running_loop().time())
        gateway.say([4, 2, fields[2], 200, "unknown", ""])

    _, connection = connected(
        {DETAILS: answer}, settings=gateway_settings(messages_per_second=50.0)
    )
    MarketData(connection).resolve([f"S{i}" for i in range(60)])
    assert len(arrivals) == 60
    assert most_in_any(0.05, arrivals) <= 10
