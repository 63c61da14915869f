"""Ingest at IBKR's physical limit: 700 symbols against the simulator with IBKR's limits on.

Run with ``python -m benchmarks.ingest [symbols]``. The first day looks up, quotes and fetches one
year of daily bars of every symbol; the day after refreshes quotes and bars only. The floor is
45 messages a second, and the 11 seconds after which IBKR ends a snapshot.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

from core.calendar import next_session, previous_session, session
from core.settings import GatewaySettings, Settings, SimulatorSettings
from ibkr.contracts.store import ContractStore
from ibkr.market.bar_store import BarStore
from ibkr.market.market_data import MarketData
from ibkr.socket_gateway import open_socket
from simulator.market.market import Market
from simulator.market.synthetic import SyntheticMarket
from simulator.process import SimulatorProcess, start

SYMBOLS = 700
SPARE = 40  # a few symbols of the synthetic market are ambiguous, or not listed yet
DAY = date(2026, 6, 15)
PACE = 45.0  # messages a second
SNAPSHOT_TAIL = 11.0  # seconds
SLOWEST = 1.10  # times the floor
MOST_IN_A_SECOND = 50


def ingest(
    market: MarketData, symbols: Sequence[str], folder: Path, *, as_of: datetime, release: bool
) -> list[str]:
    """Fetch all that a day needs of these symbols; return why something is missing."""
    found = market.stored_contracts(ContractStore(folder), symbols, today=as_of.date())
    with ThreadPoolExecutor(1) as pool:
        bars = pool.submit(
            market.stored_history, BarStore(folder), found.contracts, end=as_of, duration="1 Y"
        )
        quotes = market.bulk_quote(found.contracts, release=release, as_of=as_of)
        history = bars.result()
    return [*found.refused.values(), *quotes.missing.values(), *history.missing.values()]


def measured(
    world: SimulatorProcess, symbols: Sequence[str], folder: Path, *, as_of: datetime, release: bool
) -> tuple[float, int]:
    """Ingest once; return seconds and messages, after seeing that nothing was refused."""
    gateway = GatewaySettings(port=world.tws_port, messages_per_second=PACE, request_timeout=30.0)
    with open_socket(Settings(gateway=gateway)) as opened:
        before = world.state()["messages"]["received"]
        started = time.monotonic()
        missing = ingest(opened.market, symbols, folder, as_of=as_of, release=release)
        seconds = time.monotonic() - started
        after = world.state()["messages"]
    assert not missing, f"{len(missing)} missing, for example {missing[0]}"
    assert after["refused"] == 0, "the gateway refused messages for their rate"
    assert after["most_in_a_second"] <= MOST_IN_A_SECOND, after
    return seconds, after["received"] - before


def first_day(world: SimulatorProcess, symbols: Sequence[str], folder: Path) -> None:
    now = session(DAY).decision_time
    seconds, messages = measured(world, symbols, folder, as_of=now, release=True)
    asked = 3 * len(symbols)
    floor = asked / PACE + SNAPSHOT_TAIL
    print(f"first day, {len(symbols)} symbols: {asked} questions, {messages} messages")
    print(f"floor {floor:.1f} s, measured {seconds:.1f} s, ratio {seconds / floor:.2f}")
    assert seconds <= SLOWEST * floor, f"slower than {SLOWEST:g} times the floor"


def next_day(world: SimulatorProcess, symbols: Sequence[str], folder: Path) -> None:
    now = next_session(DAY).decision_time
    world.advance_to(now)
    seconds, messages = measured(world, symbols, folder, as_of=now, release=False)
    most = 2 * len(symbols)
    print(f"next day: {messages} messages, {seconds:.1f} s")
    assert messages <= most, f"more than {most} messages"


def traded(market: Market) -> list[str]:
    """Return the symbols that one US share has, and that has already traded."""
    shares = [share for share in market.instruments if share.currency == "USD"]
    times = Counter(share.symbol for share in shares)
    newest = previous_session(DAY).day
    return [
        share.symbol
        for share in shares
        if times[share.symbol] == 1 and market.bars(share.con_id, until=newest)
    ]


def main(count: int = SYMBOLS) -> None:
    simulated = SimulatorSettings(symbols=count + SPARE)
    symbols = traded(SyntheticMarket(simulated.seed, simulated.symbols))[:count]
    with tempfile.TemporaryDirectory() as folder:
        store, state = Path(folder) / "store", Path(folder) / "world"
        with start(simulated, day=DAY, state=state, gateway=["--limits=ibkr"]) as world:
            first_day(world, symbols, store)
            next_day(world, symbols, store)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SYMBOLS)
