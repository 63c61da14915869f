"""The whole local environment in one process: TWS port, vendors and control port."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from core import clock as wall_clock
from core.calendar import latest_session, next_session, session
from core.errors import ConfigurationError
from core.settings import SimulatorSettings
from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.control import Control
from simulator.exchange.matching import MatchingRules
from simulator.faults.scripted_market import scripted
from simulator.market.market import Market
from simulator.market.scenarios import MarketFiles, data_id, describe, find_files, open_market
from simulator.prices.exchange_rates import refuse_unknown_base
from simulator.prices.market_view import MarketView
from simulator.tws.fault_script import read_script
from simulator.tws.gateway import Gateway
from simulator.tws.gateway_options import GatewayOptions
from simulator.tws.listener import LOOPBACK
from simulator.tws.protocol.frame_log import FrameLog
from simulator.tws.running_clock import running_clock
from simulator.untidy.market import untidied
from simulator.vendors import build_vendors
from simulator.vendors.vendor_facts import VendorFacts

STOP_SECONDS = 3  # that a request under way is waited for

BANNER = """
  ┌──────────────────────────────────────────────────────────────────┐
  │  SIMULATOR. This is NOT a real account: no order is sent to a    │
  │  broker, no money moves, and every price is at simulated time.   │
  └──────────────────────────────────────────────────────────────────┘
"""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, on the loopback address; port 0 lets the system choose."""

    tws_port: int = 0
    http_port: int = 0


class _HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: the simulator has one stop for everything."""

    def __init__(self, app: Starlette) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self.is_ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    settings: SimulatorSettings,
    *,
    day: date | None,
    state: Path,
    address: Address,
    options: GatewayOptions | None = None,
    exit_with_parent: bool = False,
) -> None:
    """Open the market and serve it until SIGTERM, SIGINT or, if asked, the parent's end.

    Prints one line of JSON on standard output when both ports listen. ``day`` None means the
    newest session of the market that has begun by the wall clock.

    Raises
    ------
    ConfigurationError
        The day is outside the market, a port is taken, or the state folder is in use.
    DataError
        A data file is not what it should be.
    """
    options = options or GatewayOptions()
    files = find_files(settings)
    gateway = _open_gateway(settings, files, options, day=day, state=state)
    stop = _stop_event(exit_with_parent=exit_with_parent)
    try:
        with _listen(address.http_port) as listener:
            http = _HttpServer(_application(settings, files, gateway))
            serving = asyncio.create_task(http.serve(sockets=[listener]))
            serving.add_done_callback(lambda _: stop.set())
            await http.is_ready.wait()
            tws_port = await _start(gateway, address.tws_port)
            _announce(gateway, files, tws_port=tws_port, http_port=listener.getsockname()[1])
            with running_clock(gateway, options.speed):
                await stop.wait()
            http.should_exit = True
            await serving
    finally:
        await gateway.stop()


def _open_gateway(
    settings: SimulatorSettings,
    files: MarketFiles,
    options: GatewayOptions,
    *,
    day: date | None,
    state: Path,
) -> Gateway:
    """Open market, account and gateway; the gateway does not listen yet."""
    script = read_script(options.faults) if options.faults else None
    market = scripted(open_market(settings), script.faults if script else ())
    market = untidied(market, settings)
    clock = VirtualClock(start_of_day(market, day or _newest_day(market)))
    refuse_unknown_base(MarketView(market, base=settings.base_currency), clock.now())
    broker = Broker(
        market,
        state=state,
        now=clock.now(),
        cash=settings.cash,
        rules=MatchingRules(most_of_volume=options.most_of_volume),
        accounts=options.accounts,
        base=settings.base_currency,
    )
    return Gateway(
        broker,
        clock,
        limits=options.limits,
        faults=script,
        log=FrameLog(options.wire_log, now=clock.now) if options.wire_log else None,
        master_client=options.master_client,
        vendor_facts=VendorFacts(
            broker.exchange.view, seed=settings.seed, fundamentals=files.fundamentals
        ),
    )


def start_of_day(market: Market, day: date) -> datetime:
    """Return the decision time of a session. Raises `ConfigurationError` outside the market."""
    first, last = market.first_session, market.last_session
    # The day after the last bar can still be decided on, though nothing will trade.
    if not first < day <= next_session(last).day:
        raise ConfigurationError(
            f"the {market.title} has bars from {first} to {last}; {day} is not a session after "
            "the first and at most one after the last"
        )
    return session(day).decision_time


def _newest_day(market: Market) -> date:
    return min(latest_session(wall_clock.now()).day, market.last_session)


def _application(settings: SimulatorSettings, files: MarketFiles, gateway: Gateway) -> Starlette:
    vendors = build_vendors(
        gateway.view.market,
        gateway.clock,
        fundamentals=files.fundamentals,
        macro=files.macro,
        seed=settings.seed,
    )
    routes = [Mount("/control", routes=Control(gateway).routes()), Mount("/", app=vendors)]
    return Starlette(routes=routes)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise _taken(port, error) from error
    return listener


async def _start(gateway: Gateway, port: int) -> int:
    try:
        return await gateway.start(port)
    except OSError as error:
        raise _taken(port, error) from error


def _taken(port: int, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot listen on {LOOPBACK}:{port}: {error.strerror}; choose another port, or 0"
    )


def _announce(gateway: Gateway, files: MarketFiles, *, tws_port: int, http_port: int) -> None:
    market = gateway.view.market
    ready = {
        "tws_port": tws_port,
        "http_url": f"http://{LOOPBACK}:{http_port}",
        "account": gateway.broker.account,
        "world_id": market.world_id,
        "clock": gateway.clock.now().isoformat(),
        "title": describe(market, files),
        "data_id": data_id(files),
    }
    print(BANNER + f"  {ready['title']}\n", file=sys.stderr, flush=True)  # noqa: T201 - for people
    print(json.dumps(ready), flush=True)  # noqa: T201 - for whoever started the process


def _stop_event(*, exit_with_parent: bool) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if exit_with_parent:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    return stop


def _stop_at_end(stop: asyncio.Event) -> None:
    # The parent holds the other end of standard input; when it dies, however it dies, the
    # system closes that end.
    if not os.read(sys.stdin.fileno(), 1024):
        stop.set()
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
