"""A desk in front of a broker of a few lines that trades combinations, all legs at once."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from core.calendar import session, sessions_between
from core.errors import NoData
from core.money import Money
from core.settings import LimitSettings, OrderSettings, Settings
from core.types import (
    Contract,
    Fill,
    Hours,
    Increments,
    OrderState,
    OrderStatus,
    Position,
    Quote,
    Side,
    Snapshot,
    TradingTerms,
    WhatIf,
)
from desk.previews.order_preview import StrategyRequest, preview_close, preview_strategy
from desk.previews.preview_confirm import place_previewed
from desk.records.store import DeskStore
from ibkr.contracts.details import Details, Terms
from ibkr.contracts.resolution import Described, Resolved
from ibkr.market.history import History
from ibkr.market.quotes import Quotes
from ibkr.options.chain import nearest
from risk.strategies.legs import StrategyKind, StrategyTerms

MONDAY = session(date(2026, 6, 15))
NOW = MONDAY.open + timedelta(hours=1)
EXPIRIES = (date(2026, 7, 17), date(2026, 8, 21))
STRIKES = tuple(float(strike) for strike in range(80, 125, 5))
STOCK = Contract(1, "AAA")
SPOT, SPREAD = 100.0, 0.02
NO_CHANGE = dict.fromkeys(
    (
        "initial_margin_change",
        "initial_margin_after",
        "maintenance_margin_change",
        "maintenance_margin_after",
    ),
    0.0,
)
MARGIN = NO_CHANGE | {"equity_with_loan_after": 1e6}


def fair(expiry, strike, right):
    """A price that is convex in the strike and grows with time: no arbitrage in any strategy."""
    years = (expiry - MONDAY.day).days / 365
    inside = SPOT - strike if right == "C" else strike - SPOT
    wing = 40.0 * years**0.5
    return round((inside + (inside**2 + wing**2) ** 0.5) / 2, 2)


def option(con_id, expiry, strike, right):
    terms = Terms(expiry, strike, right, 100.0, "AAA", STOCK.con_id)
    empty = dict.fromkeys(("order_types", "exchanges", "market_rules"), ())
    hours = dict.fromkeys(("trading_hours", "liquid_hours"), ())
    texts = dict.fromkeys(("local_symbol", "industry", "category", "subcategory", "time_zone"), "")
    contract = Contract(con_id, "AAA", "OPT")
    return Details(
        contract=contract, terms=terms, min_size=1.0, size_increment=1.0, **empty, **hours, **texts
    )


OPTIONS = {
    1000 + number: option(1000 + number, expiry, strike, right)
    for number, (expiry, strike, right) in enumerate(
        (expiry, strike, right) for expiry in EXPIRIES for strike in STRIKES for right in "CP"
    )
}


def named(con_id):
    """Return expiry, strike and right of an option; None for the shares."""
    if con_id not in OPTIONS:
        return None
    of = OPTIONS[con_id].terms
    return (of.expiry, of.strike, of.right)


def failed(preview):
    """Return the checks that a preview did not pass."""
    return [check.name for check in preview.checks if not check.passed]


@dataclass
class Sent:
    order: object
    filled: int = 0
    status: OrderStatus = OrderStatus.WORKING


class Broker:
    """Gateway, market, options, portfolio and trading in one; fills when it is told to."""

    account = "DU1"

    def __init__(self):
        self.now = NOW
        self.sent, self.held = {}, {}
        self.quotes = {}  # con_id -> (bid, ask), in place of the fair ones
        self.volume = 5e6
        self.base, self.worth, self.rates = "USD", 1e6, {"USD": 1.0}
        self.answer = lambda order: WhatIf(
            order.order_ref, accepted=True, reason="", commission=2.6, **MARGIN
        )
        self.market = self.options = self.portfolio = self.trading = self

    def server_time(self):
        return self.now

    def resolve(self, symbols, *, currency="USD"):
        if symbols != ["AAA"]:
            return Resolved((), {symbols[0]: "IBKR lists no stock of that name"})
        return Resolved((STOCK,), {})

    def describe(self, con_ids):
        known = {con_id: STOCK for con_id in con_ids if con_id == STOCK.con_id}
        return Described(known, {})

    def trading_terms(self, contracts):
        session = Hours(MONDAY.open, MONDAY.close)
        cents = Increments.flat(0.01)
        return {
            c.con_id: TradingTerms(c.con_id, c.symbol, "NYSE", cents, hours=(session,))
            for c in contracts
        }

    def chain(self, underlying, query):
        found = tuple(o for o in OPTIONS.values() if o.terms.expiry == query.expiry)
        if not found:
            days = nearest(EXPIRIES, by=lambda day: abs((day - query.expiry).days))
            raise NoData(f"no options that expire on {query.expiry}; the nearest: {days}")
        return found

    def price(self, con_id):
        bid, ask = self.quotes.get(con_id, (None, None))
        if bid is not None and ask is not None:
            return (bid + ask) / 2
        if con_id == STOCK.con_id:
            return SPOT
        terms = OPTIONS[con_id].terms
        return fair(terms.expiry, terms.strike, terms.right)

    def bulk_quote(self, contracts):
        return Quotes(tuple(map(self._quote, sorted(set(contracts), key=lambda c: c.con_id))), {})

    def _quote(self, contract):
        price = self.price(contract.con_id)
        usual = (price - SPREAD / 2, price + SPREAD / 2)
        bid, ask = self.quotes.get(contract.con_id, usual)
        return Quote(
            contract.con_id, contract.symbol, self.now, bid, ask, price, price, None, "live"
        )

    def history(self, contracts, *, duration):
        days = sessions_between(MONDAY.day - timedelta(days=60), MONDAY.day)
        rows = [
            {"con_id": c.con_id, "session": day, "close": SPOT, "volume": self.volume}
            for c in contracts
            for day in days
        ]
        return History(pd.DataFrame(rows), {})

    def snapshot(self):
        positions = tuple(
            Position(
                con_id,
                "AAA",
                quantity,
                0.0,
                price := self.price(con_id),
                price * quantity * self.rates.get("USD", 1.0),
            )
            for con_id, quantity in sorted(self.held.items())
            if quantity
        )
        figures = (self.worth, self.worth, 0.0, 0.0, self.worth)
        return Snapshot("DU1", self.now, self.base, *figures, positions, self.rates)

    def what_if(self, order):
        return self.answer(order)

    def place_orders(self, orders, *, timeout, leaving=None):
        for order in orders:
            self.sent[order.order_ref] = Sent(order)
        return tuple(self.order_states()[order.order_ref] for order in orders)

    def order_states(self):
        return {ref: self._state(sent) for ref, sent in self.sent.items()}

    def orders_by_hand(self):
        return ()

    def _state(self, sent):
        order = sent.order
        fills = tuple(
            Fill(
                f"{order.order_ref}.{con_id}",
                order.order_ref,
                con_id,
                order.symbol,
                Side.BUY if change > 0 else Side.SELL,
                float(abs(change) * sent.filled // order.quantity),
                self.price(con_id),
                self.now,
                Money(0.65, "USD"),
            )
            for con_id, change in order.changes.items()
            if sent.filled
        )
        return OrderState(
            order.order_ref, 28812380, order.symbol, order.side, float(order.quantity),
            sent.status, float(sent.filled), 7, "", fills, order.legs,
        )  # fmt: skip

    def fill(self, order_ref, quantity=None):
        """Fill an order, or as much of it."""
        sent = self.sent[order_ref]
        done = quantity or sent.order.quantity
        sent.filled += done
        for con_id, change in sent.order.changes.items():
            part = change * done // sent.order.quantity
            self.held[con_id] = self.held.get(con_id, 0) + part
        if sent.filled == sent.order.quantity:
            sent.status = OrderStatus.FILLED

    def cancel(self, order_ref):
        self.sent[order_ref].status = OrderStatus.CANCELLED


class StrategyStage:
    def __init__(self, home):
        self.home, self.broker = home, Broker()
        self.store = DeskStore(home / "desk.sqlite")
        self.settings = Settings(home=home, orders=OrderSettings(acknowledge_timeout=0.2))

    def close(self):
        self.store.close()

    def restarted(self):
        self.store.close()
        self.store = DeskStore(self.home / "desk.sqlite")
        return self

    def limits(self, **changes):
        limits = LimitSettings(**changes)
        self.settings = self.settings.model_copy(update={"limits": limits})
        return self

    def preview(self, request=None, **changes):
        wanted = request or condor(**changes)
        return preview_strategy(wanted, gateway=self.broker, store=self.store, **self.plain)

    def closing(self, trade_id, **changes):
        return preview_close(
            trade_id, gateway=self.broker, store=self.store, **changes, **self.plain
        )

    def place(self, token, **changes):
        plain = self.plain | changes
        return place_previewed(token, gateway=self.broker, store=self.store, **plain)

    def opened(self, request=None, **changes):
        """Open a strategy, let it fill, and return its trade id."""
        state = self.place(self.preview(request, **changes).token)
        self.broker.fill(state.order_ref)
        return state.order_ref

    @property
    def plain(self):
        return {"caller": "agent", "now": NOW, "settings": self.settings}


def terms(kind, *strikes, **changes):
    plain = {"expiry": EXPIRIES[0], "strikes": strikes} | changes
    return StrategyTerms(kind, "AAA", **plain)


def condor(**changes):
    """The request to sell ten iron condors."""
    wanted = terms(StrategyKind.IRON_CONDOR, 85.0, 90.0, 110.0, 115.0)
    return replace(StrategyRequest(wanted, Side.SELL, 10), **changes)
