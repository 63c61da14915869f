"""Tasks reach the broker only through what the tool catalogue offers to everyone."""

import inspect
from functools import cache
from pathlib import Path

import pytest

from agent.catalogue import CATALOGUE
from core.settings import Effect
from ibkr.account.tools import AccountTools
from ibkr.gateway import MarketTools, PortfolioTools, TradingToolsProtocol
from ibkr.health import Health
from ibkr.orders.tools import OrderTools
from tests.architecture.broker_use import TOOLS, broker_uses, imports_of, names_from, uses_of_class

ROOT = Path(__file__).resolve().parents[2]
TASKS = sorted((ROOT / "tasks").rglob("*.py"))

# What tasks may import of ibkr: how to open a gateway, and functions that only compute.
ENTRY = {
    ("ibkr.gateway", "Gateway"),
    ("ibkr.gateway", "OpenGateway"),
    ("ibkr.socket_gateway", "open_socket"),
}
PURE = {
    ("ibkr.account.orders_from_targets", "diff_to_orders"),
    ("ibkr.account.portfolio", "Portfolio"),  # for its static diff_to_orders
    # Values: what was found, and what was refused.
    ("ibkr.contracts.resolution", "Resolved"),
    ("ibkr.contracts.resolution", "Described"),
    ("ibkr.contracts.resolution", "Found"),
}


@cache
def offered():
    """Return what the tools of the catalogue, with the helpers beside them, use of a gateway."""
    modules = {inspect.getmodule(tool.function) for tool in CATALOGUE}
    return {use.what for module in modules for use in broker_uses(inspect.getsource(module))}


def violations(source):
    """Return how a task's source reaches the broker past the catalogue."""
    allowed = offered() | {
        f"{tool} → {name}" for tool in TOOLS for name in names_from(source, "desk")
    }
    past = [
        f"line {use.line}: {use.what}" for use in broker_uses(source) if use.what not in allowed
    ]
    foreign = set(imports_of(source, "ibkr")) - ENTRY - PURE
    return [
        *past,
        *(f"imports {name} of {module}" for module, name in sorted(foreign)),
        *(f"line {use.line}: {use.what}" for use in uses_of_class(source, "Portfolio")
          if use.what != "Portfolio.diff_to_orders"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_task_reaches_the_broker_only_through_tools_of_the_catalogue(path):
    assert violations(path.read_text()) == []


def test_the_tasks_do_use_the_broker():
    used = {use.what for path in TASKS for use in broker_uses(path.read_text())}
    assert {"market.history", "market.bulk_quote", "portfolio.snapshot", "trading.what_if"} <= used


def test_every_function_of_a_gateway_is_offered_but_for_sending_which_is_the_desks():
    kinds = {"market": MarketTools, "portfolio": PortfolioTools, "trading": TradingToolsProtocol,
             "account_tools": AccountTools, "orders": OrderTools, "health": Health}  # fmt: skip
    all_functions = {
        f"{name}.{function}"
        for name, kind in kinds.items()
        for function in vars(kind)
        if not function.startswith("_")
    }
    # What others placed is on everyone's list of live orders; the desk asks for it apart.
    of_the_desk = {
        "trading.place_orders", "trading.orders_by_hand", "orders.modify",
        "orders.cancel_everything",
    }  # fmt: skip
    # A tool's call has a line of its own, opened for it: there is none to look after.
    of_a_lasting_line = {"health.status", "health.reconnect"}
    assert all_functions - offered() == of_the_desk | of_a_lasting_line
    assert [t.name for t in CATALOGUE if t.effect is Effect.TRADE] == [
        "cancel_order", "place_order", "change_order", "cancel_all_orders", "execute_ticket",
        "stop",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "planted",
    [
        "with day.connect() as gateway:\n    gateway.trading.place_orders(orders, timeout=1)",
        "with day.connect(for_orders=True) as gateway:\n    send = gateway.trading.place_orders",
        "trading = day.connect().trading\ntrading.place_orders(orders, timeout=1)",
        "tools: object = gateway.trading\ntools.place_orders(orders, timeout=1)",
        "getattr(gateway, 'trading').place_orders(orders, timeout=1)",
        "gateway.market.depth_of_book(contract)",
        "from somewhere import helper\nhelper(gateway.trading)",
        "from somewhere import helper\nhelper(broker=gateway.trading)",
        "def tools(gateway):\n    return gateway.trading",
        "from ibkr.wire.connection import Connection",
        "from ibkr.orders.trading import TradingTools",
        "import ibkr.orders.send",
        "from ibkr.account.portfolio import Portfolio\nPortfolio(connection).snapshot()",
    ],
)
def test_a_planted_way_past_the_catalogue_is_found(planted):
    assert violations(planted)


@pytest.mark.parametrize(
    "harmless",
    [
        "with day.connect() as gateway:\n    gateway.market.history(contracts)",
        "from desk.orders.submission import submit\nsubmit(ticket, gateway.trading)",
        "from desk.orders.submission import submit\nsubmit(ticket, broker=gateway.trading)",
        "ask = partial(gateway.trading.what_if)",
        "day.read(self.market.artefacts['bars'], BARS)",  # a stage's record, no gateway
        "from ibkr.account.orders_from_targets import diff_to_orders",
    ],
)
def test_a_way_through_the_catalogue_is_let_pass(harmless):
    assert violations(harmless) == []
