"""The market of the conformance tests: forty stocks and the benchmarks, on one Monday."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import count

from ib_async import Stock

from core.calendar import next_session, session
from core.settings import SimulatorSettings
from core.types import Order, OrderType, Side
from simulator.market.scenarios import open_market
from tests.simulator.gateway_harness import run_scenario

DAY = date(2026, 6, 15)
SETTINGS = SimulatorSettings(symbols=40)
REFS = (f"contract:{number}" for number in count())
MONDAY = session(DAY)
MORNING, DURING = MONDAY.decision_time, MONDAY.open + timedelta(hours=1)
EVENING = MONDAY.close + timedelta(minutes=30)


@cache
def a_market():
    return open_market(SETTINGS)


def conform(tmp_path, scenario, *, at=DURING, **options):
    """Run a scenario in this market, by default an hour after the open."""
    run_scenario(tmp_path, scenario, market=a_market(), at=at, **options)


def most_traded(gateway, count=1):
    """Return the stocks that trade most: they surely have options and news."""
    view, now = gateway.view, gateway.clock.now()

    def traded(item):
        found = view.summary(item.con_id, now)
        return found.average_value if found else 0.0

    stocks = [i for i in view.market.instruments if i.sec_type == "STK" and i.currency == "USD"]
    return sorted(stocks, key=traded, reverse=True)[:count]


@contextmanager
def fault(simulator, name, **options):
    simulator.fault(name, **options)
    try:
        yield
    finally:
        simulator.fault(name, on=False, **options)


def an_order(stock, **changes):
    contract, price = stock
    plain = Order(
        con_id=contract.con_id,
        symbol=contract.symbol,
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        limit_price=round(price * 0.5, 2),  # rests: far below the market
        time_in_force="DAY",
        order_ref=next(REFS),
    )
    return replace(plain, **changes)


def to_next_decision_time(simulator):
    here = simulator.state()["clock"]
    today = next_session(date.fromisoformat(here[:10]))
    simulator.advance_to(today.decision_time)
    return today


async def qualified(harness, ib, count=1):
    found = [Stock(i.symbol, "SMART", "USD") for i in most_traded(harness.gateway, count)]
    return await ib.qualifyContractsAsync(*found)


async def until(done):
    for _ in range(300):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def price_of(ib, contract):
    (ticker,) = await ib.reqTickersAsync(contract)
    return ticker.marketPrice()
