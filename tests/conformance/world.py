"""The world of the conformance tests: forty stocks and everything beside them, on one Monday."""

from datetime import date, timedelta
from functools import cache

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.market.scenarios import open_market
from tests.simulator.gateway_harness import play

MONDAY = session(date(2026, 6, 15))
MORNING, DURING = MONDAY.decision_time, MONDAY.open + timedelta(hours=1)
EVENING = MONDAY.close + timedelta(minutes=30)


@cache
def a_market():
    return open_market(SimulatorSettings(symbols=40))


def conform(tmp_path, scene, *, at=DURING, **world):
    """Run a scene in the world, by default an hour after the open."""
    play(tmp_path, scene, market=a_market(), at=at, **world)


def most_traded(gateway, count=1):
    """Return the stocks that trade most: they surely have options and news."""
    view, now = gateway.view, gateway.clock.now()

    def traded(item):
        found = view.summary(item.con_id, now)
        return found.average_value if found else 0.0

    stocks = [i for i in view.market.instruments if i.sec_type == "STK" and i.currency == "USD"]
    return sorted(stocks, key=traded, reverse=True)[:count]
