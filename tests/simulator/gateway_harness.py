"""A gateway in this process, the real ib_async in front of it, and a bare socket beside it."""

import asyncio
import socket
import struct
from contextlib import suppress

from ib_async import IB, LimitOrder, MarketOrder, Stock

from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.tws.gateway import Gateway
from simulator.tws.rate_limits import Limits
from tests.simulator.tiny_market import BEFORE_OPEN, TinyMarket

SCENARIO_SECONDS = 20


class GatewayHarness:
    """Holds a gateway and its clients for one test."""

    def __init__(
        self, state, *, market=None, at=BEFORE_OPEN, cash=1_000_000.0, delay=0.0, accounts=1
    ):
        broker = Broker(market or TinyMarket(), state=state, now=at, cash=cash, accounts=accounts)
        self.gateway = Gateway(broker, VirtualClock(at), limits=Limits(snapshot_seconds=delay))
        self.errors = []
        self._clients = []
        self._wires = []
        self.port = 0

    async def __aenter__(self):
        self.port = await self.gateway.start()
        return self

    async def __aexit__(self, *_):
        for client in self._clients:
            client.disconnect()
        for wire in self._wires:
            await wire.close()
        await self.gateway.stop()

    async def connect(self, client_id=7, *, within=3):
        """Connect the real ib_async, unthrottled; its errors are collected here."""
        ib = IB()
        ib.client.MaxRequests = 0
        ib.errorEvent += lambda number, code, text, _: self.errors.append((number, code, text))
        self._clients.append(ib)
        await ib.connectAsync(
            "127.0.0.1", self.port, clientId=client_id, timeout=within, raiseSyncErrors=True
        )
        return ib

    async def raw(self, hello=b"v157..178", *, receive_buffer=None):
        """Connect a bare socket and say hello.

        Unless told, the kernel lets the receive buffer grow: on some machines beyond 30 MB.
        """
        # asyncio sends small frames at once only where it sees that the socket is TCP.
        bare = socket.socket(proto=socket.IPPROTO_TCP)
        bare.settimeout(0.0)
        if receive_buffer is not None:
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(bare, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=bare)
        wire = Wire(reader, writer)
        self._wires.append(wire)
        if hello is not None:
            writer.write(b"API\0" + struct.pack(">I", len(hello)) + hello)
        return wire

    async def started(self, client_id=21, *, receive_buffer=None):
        """Connect a bare socket up to the end of the start messages."""
        wire = await self.raw(receive_buffer=receive_buffer)
        await wire.receive()
        wire.send(71, 2, client_id, "")
        while (await wire.receive())[3:4] != ["2158"]:
            pass
        return wire

    async def advance(self, moment):
        """Move the clock and let the clients read what follows."""
        await self.gateway.advance_to(moment)
        await settle()

    def codes(self):
        """Return the codes of the errors so far, the farms' greetings left out."""
        return [code for _, code, _ in self.errors if code not in {2104, 2106, 2158}]

    def text(self, code):
        """Return the text of the newest error of a code."""
        return next(text for _, found, text in reversed(self.errors) if found == code)


class Wire:
    """Frames in, frames out, nothing hidden."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    def send(self, *fields):
        self.send_bytes("".join(f"{field}\0" for field in fields).encode())

    def send_bytes(self, payload):
        self._writer.write(struct.pack(">I", len(payload)) + payload)

    def send_unframed(self, content):
        self._writer.write(content)

    async def receive(self):
        """Return the fields of the next frame. Raises IncompleteReadError at the end."""
        async with asyncio.timeout(3):
            (length,) = struct.unpack(">I", await self._reader.readexactly(4))
            return (await self._reader.readexactly(length)).decode().split("\0")[:-1]

    async def ended(self):
        """Tell whether the other side has closed the connection."""
        try:
            async with asyncio.timeout(3):
                return await self._reader.read() == b""
        except ConnectionError:
            return True

    async def close(self):
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


async def settle():
    """Let everything that was written be read, acted on, answered, and read on the other side.

    Turns of the event loop are counted, not time: a busy machine makes them slower, not fewer.
    """
    for _ in range(12):
        await asyncio.sleep(0.001)


def run_scenario(state, scenario, **options):
    """Run a scenario on a fresh harness."""

    async def run():
        async with asyncio.timeout(SCENARIO_SECONDS), GatewayHarness(state, **options) as harness:
            await scenario(harness)

    asyncio.run(run())


def stock(symbol="ACME", **changes):
    return Stock(symbol, "SMART", "USD", **changes)


def buy(quantity=100, **changes):
    return MarketOrder("BUY", quantity, tif="DAY", **changes)


def sell(quantity=100, **changes):
    return MarketOrder("SELL", quantity, tif="DAY", **changes)


def buy_limit(quantity=100, price=99.0, **changes):
    return LimitOrder("BUY", quantity, price, tif="DAY", **changes)


async def place(ib, order, symbol="ACME"):
    trade = ib.placeOrder(stock(symbol), order)
    await settle()
    return trade
