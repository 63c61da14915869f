"""A day and a night against a gateway that keeps failing: seeded, compressed into seconds.

`make soak` runs forty seeds; the short form is the first.
"""

import os
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import DataError, GatewayError
from core.types import OrderStatus, OrderType
from simulator.faults.request import FaultRequest
from simulator.tws.fault_script import FaultScript, random_script
from tests.desk.desk_harness import NOW
from tests.faults.fault_harness import FaultHarness
from tests.fixtures.tiers import size

SEEDS = range(1, 1 + size(40, 1))
STEP = timedelta(minutes=15)
STEPS = 96  # of a quarter of an hour: 24 hours
FAULTS = 14
NIGHTLY_RESET = timedelta(hours=16, minutes=40)  # after 07:00 in New York: 23:40
RECONNECT_SECONDS = 4.0
GROWTH = 40  # megabytes that the second half may need more than the first


class Trader:
    """A program that trades all day: it reconnects whenever it has to, and never sends twice."""

    def __init__(self, harness):
        self._harness = harness
        self._gateway = None
        self.reconnections = 0
        self.told = {}  # order_ref -> the last status it was told

    def gateway(self):
        deadline = time.monotonic() + RECONNECT_SECONDS
        while self._gateway is None:
            try:
                self._gateway = self._harness.gateway()
                self.reconnections += 1
            except GatewayError:
                assert time.monotonic() < deadline, "it does not come back"
        return self._gateway

    def lose(self):
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            gateway.__exit__(None, None, None)

    def attempt(self, work):
        """Do something with the gateway; after an error the next attempt begins anew."""
        try:
            return work(self.gateway())
        except GatewayError:
            self.lose()
            return None

    def order(self, order):
        """Send an order unless it was sent before; what is not known is asked for, not sent."""

        def send(gateway):
            with suppress(DataError):  # the broker knows it already
                for state in gateway.trading.place_orders([order], timeout=0.3):
                    self.told[state.order_ref] = state.status

        if order.order_ref not in self.told:
            self.attempt(send)

    def look(self):
        states = self.attempt(lambda gateway: gateway.trading.order_states())
        for ref, state in (states or {}).items():
            self.told[ref] = state.status

    def positions(self):
        for _ in range(20):
            snapshot = self.attempt(lambda gateway: gateway.portfolio.snapshot())
            if snapshot is not None:
                return {p.con_id: p.quantity for p in snapshot.positions}
        raise AssertionError("no answer in 20 attempts")


def a_script(seed):
    chosen = random_script(seed, start=NOW, end=NOW + STEPS * STEP, faults=FAULTS)
    reset = FaultRequest(fault="restart", at=NOW + NIGHTLY_RESET, seconds=0.1, ids=3)
    return FaultScript(seed=seed, faults=(*chosen.faults, reset))


def megabytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_of_faults_ends_with_the_exchanges_own_positions(tmp_path, seed):
    harness = FaultHarness(tmp_path, script=a_script(seed))
    trader = Trader(harness)
    orders = [
        replace(
            harness.an_order(number % 8),
            quantity=10 + number,
            order_type=OrderType.MARKET,
            limit_price=None,
            order_ref=f"S:{number}",
        )
        for number in range(STEPS // 4)
    ]
    sizes = []
    for step in range(1, STEPS + 1):
        if step % 4 == 0:
            trader.order(orders[step // 4 - 1])
        trader.look()
        harness.advance_to(NOW + step * STEP)
        sizes.append(megabytes())
    held = trader.positions()
    trader.look()
    there = [e.terms.order_ref for e in harness.broker.ledger.events if e.event == "placed"]
    truth = {con_id: h.quantity for con_id, h in harness.broker.exchange.holdings.items()}
    triggered = harness.triggered()
    trader.lose()
    harness.close()

    assert held == truth
    assert truth
    assert len(there) == len(set(there))  # never twice
    lost = {ref for ref, status in trader.told.items() if status is OrderStatus.UNCERTAIN}
    assert set(trader.told) - lost <= set(there)  # never said to be there without being there
    assert "restart" in triggered
    assert trader.reconnections >= 3
    assert sizes[-1] - sizes[STEPS // 2] < GROWTH
