"""Contracts beside the shares of the tiny market, by what they are."""

from datetime import date

from core.types import Leg, Side
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.exchange.orders import OrderTerms, OrderType, TimeInForce
from simulator.instruments.futures import con_id_of
from simulator.market.benchmarks import INDEX
from simulator.prices.market_view import MarketView
from simulator.tws.queries.contract_lookup import ContractLookup
from tests.simulator.tiny_market import ACME, MONDAY, OPEN, TinyMarket

THURSDAY = date(2026, 6, 18)  # Friday the 19th is a holiday: what is monthly ends here
JULY, AUGUST = date(2026, 7, 17), date(2026, 8, 21)
FUTURE = con_id_of(THURSDAY)

CASH = 1_000_000.0


class TradingDesk:
    """A broker in the session of a Monday, orders numbered by themselves."""

    def __init__(self, folder, *, now=OPEN, market=None, cash=CASH):
        self.broker = Broker(market or TinyMarket(), state=folder, now=now, cash=cash)
        self.exchange = self.broker.exchange
        self.number = 0

    def trade(self, terms):
        self.number += 1
        self.broker.place(terms, order_id=self.number, client_id=7)
        return self.broker.find(7, self.number)

    def held(self):
        return {con_id: one.quantity for con_id, one in self.exchange.holdings.items()}

    def equity(self):
        return value(self.exchange).equity


def option(strike, right="C", expiry=JULY, underlying=ACME, *, market=None):
    """Return the conId of an option as it is listed on Monday."""
    securities = MarketView(market or TinyMarket()).securities
    return securities.option(underlying, expiry, float(strike), right, day=MONDAY).con_id


def pair(symbol, currency="USD"):
    """Return the conId of a currency pair."""
    listed = MarketView(TinyMarket()).securities.benchmarks.instruments.values()
    return next(i.con_id for i in listed if (i.symbol, i.currency) == (symbol, currency))


def directory(at=OPEN):
    """Return what is listed at a moment."""
    view = MarketView(TinyMarket())
    return ContractLookup(view.market, view=view, now=lambda: at)


def contracts(con_id, quantity=1, side=Side.BUY, limit=None, tif=TimeInForce.DAY):
    """Return an order for one contract."""
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    return OrderTerms(con_id, side, quantity, kind, limit, tif, "ref")


def combination(legs, quantity=1, side=Side.BUY, limit=None, underlying=ACME):
    """Return an order for legs given as conId to signed ratio."""
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    combined = tuple(
        Leg(con_id, Side.BUY if ratio > 0 else Side.SELL, abs(ratio))
        for con_id, ratio in legs.items()
    )
    return OrderTerms(
        underlying, side, quantity, kind, limit, TimeInForce.DAY, "ref", legs=combined
    )


def iron_condor(expiry=JULY, strikes=(90, 95, 105, 110)):
    """Return the legs of a condor as bought: the outer options; it is sold to open."""
    low, put, call, high = strikes
    return {
        option(low, "P", expiry): -1,
        option(put, "P", expiry): 1,
        option(call, "C", expiry): 1,
        option(high, "C", expiry): -1,
    }


INDEX_CALL = option(1000, "C", THURSDAY, INDEX)
