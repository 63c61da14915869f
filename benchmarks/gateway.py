"""What the simulated gateway serves, throttles off: bars and snapshots of 700 symbols.

The client is a bare socket that counts frames, so that nothing but the gateway is measured: with
ib_async in front a third of the time would be the client's. Run ``python -m benchmarks gateway``.
"""

import socket
import struct
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from core.settings import SimulatorSettings
from simulator.market.scenarios import open_market
from simulator.process import start

SYMBOLS = 700
DAY_BEFORE, SESSION = date(2026, 6, 12), date(2026, 6, 15)
BARS, SNAPSHOTS = 1.5, 0.3  # seconds allowed
HISTORICAL_DATA, SNAPSHOT_END, ERROR = b"17", b"57", b"4"


class Wire:
    """A TWS client of twenty lines."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        hello = b"v157..178"
        self._socket.sendall(b"API\0" + struct.pack(">I", len(hello)) + hello)
        self._incoming = self._socket.makefile("rb", buffering=1 << 20)
        self.receive()
        self.send([71, 2, 9, ""])

    def send(self, *requests: list[object]) -> None:
        bodies = ["".join(f"{field}\0" for field in request).encode() for request in requests]
        self._socket.sendall(b"".join(struct.pack(">I", len(body)) + body for body in bodies))

    def receive(self) -> bytes:
        (length,) = struct.unpack(">I", self._incoming.read(4))
        return self._incoming.read(length)

    def await_answers(self, number: bytes, count: int) -> None:
        while count:
            found, *fields = self.receive().split(b"\0", 4)
            if found == ERROR and int(fields[1]) >= 0:
                sys.exit(f"the gateway refused: {fields}")
            count -= found == number

    def close(self) -> None:
        self._incoming.close()
        self._socket.close()


def contract(con_id: int) -> list[object]:
    return [con_id, "", "", "", 0.0, "", "", "SMART", "", "", "", ""]


def bars(con_id: int, number: int, duration: str) -> list[object]:
    what = [0, "", "1 day", duration, 1, "TRADES", 1, 0, ""]
    return [20, number, *contract(con_id), *what]


def snapshot(con_id: int, number: int) -> list[object]:
    return [1, 11, number, *contract(con_id), 0, "", 1, 0, ""]


def timed(wire: Wire, requests: list[list[object]], answer: bytes) -> float:
    began = time.perf_counter()
    wire.send(*requests)
    wire.await_answers(answer, len(requests))
    return time.perf_counter() - began


def con_ids(settings: SimulatorSettings) -> list[int]:
    """Return stocks that had traded by the session before."""
    market = open_market(settings)
    listed = (item.con_id for item in market.instruments if item.sec_type == "STK")
    return [con_id for con_id in listed if market.bars(con_id, until=DAY_BEFORE)][:SYMBOLS]


def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        settings = SimulatorSettings(symbols=SYMBOLS + 50)  # some are listed later
        with start(settings, day=SESSION, state=Path(state)) as world:
            wire = Wire(world.tws_port)
            ids = con_ids(settings)
            cold = timed(wire, [bars(i, n, "6 M") for n, i in enumerate(ids)], HISTORICAL_DATA)
            warm = timed(wire, [bars(i, n, "6 M") for n, i in enumerate(ids)], HISTORICAL_DATA)
            years = timed(wire, [bars(i, n, "2 Y") for n, i in enumerate(ids)], HISTORICAL_DATA)
            first = timed(wire, [snapshot(i, n) for n, i in enumerate(ids)], SNAPSHOT_END)
            again = timed(wire, [snapshot(i, n) for n, i in enumerate(ids)], SNAPSHOT_END)
            memory = resident(world.pid)
            wire.close()
    print(f"{len(ids)} x 6 months of daily bars: {cold:.2f} s cold, {warm:.2f} s warm")
    print(f"{len(ids)} x 2 years: {years:.2f} s")
    print(f"{len(ids)} snapshots: {first:.2f} s cold, {again:.2f} s warm")
    print(f"memory of the simulator: {memory:.0f} MB")
    if cold > BARS or again > SNAPSHOTS:
        sys.exit(f"too slow: bars may take {BARS} s, snapshots {SNAPSHOTS} s")


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
