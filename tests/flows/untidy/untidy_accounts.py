"""What an account of an untidy world held as a day began, and what the day's ticket owes to it.

The holdings come from the simulator; nothing here asks the code that decides.
"""

import math
from dataclasses import dataclass

from core import calendar
from core.settings import LimitSettings
from simulator.broker.opening import open_accounts
from simulator.broker.valuation import PortfolioRow, value
from simulator.instruments.market_rules import increment_at
from simulator.market.market import Instrument
from simulator.market.scenarios import open_market
from simulator.prices.market_view import MarketView
from simulator.untidy.bars import is_split_late
from simulator.untidy.holdings import YOUNG
from simulator.untidy.market import untidied, untidiness_of

NEAR = 2e-6  # of net asset value: prices on the account page have cents, rates six digits


@dataclass(frozen=True)
class Beginning:
    """The account as a day begins, and what trades in its world."""

    held: dict[int, PortfolioRow]  # of the account itself, without what is of quantity 0
    nothing: frozenset[int]  # conIds that are listed and not held: another account's, or sold out
    shares: dict[int, Instrument]  # what is listed, by conId
    trading: frozenset[int]  # conIds with a bar of the session before
    unknown: frozenset[int]  # those whose bars are too few, or in the shares before a split
    equity: float  # base currency

    def weight(self, con_id):
        """Return the weight of a holding at the price of the account page."""
        row = self.held.get(con_id)
        return row.market_value * row.rate / self.equity if row else 0.0


def beginning(settings, day, opened):
    """Return the account of a simulator's settings at the decision time of a day.

    ``opened`` is the moment when the account began: it has the dividends of the time between.
    """
    market, now = untidied(open_market(settings), settings), calendar.session(day).decision_time
    view = MarketView(market)
    (exchange,) = open_accounts(view, ("DU1",), now=opened, cash=settings.cash, rules=None).values()
    exchange.advance_to(now)
    found = value(exchange)
    held = {
        row.instrument.con_id: row
        for row in found.listed()
        if row.quantity != 0.0 and not (row.stated and row.stated.account)
    }
    before = calendar.previous_session(day).day
    shares = {con_id: one for con_id, one in view.instruments.items() if one.sec_type == "STK"}
    trading = {con_id for con_id in shares if view.securities.bar(con_id, before)}
    return Beginning(
        held=held,
        nothing=frozenset(row.instrument.con_id for row in found.listed()) - held.keys(),
        shares=shares,
        trading=frozenset(trading),
        unknown=frozenset(
            one
            for one in trading
            if len(view.securities.bars(one, until=before)) <= YOUNG
            or is_split_late(one, before, untidiness_of(market))
        ),
        equity=found.equity,
    )


def unnamed(ticket, account):
    """Return every odd holding that a ticket does not name with its quantity and a reason."""
    named = {one["con_id"]: one for one in ticket.get("frozen", ()) if one["why"] and one["remedy"]}
    return {
        row.instrument.symbol: row.quantity
        for con_id, row in account.held.items()
        if (stays := _stays(row, account))
        and (con_id not in named or named[con_id]["quantity"] not in {stays, row.quantity})
    }


def _stays(row, account):
    """Return how much of a holding no day can trade."""
    whole = row.stated is not None or row.instrument.con_id in account.unknown
    return row.quantity if whole else math.fmod(row.quantity, 1.0)


def misnamed(ticket, account):
    """Return what a ticket calls frozen and the account does not hold."""
    return {one["symbol"] for one in ticket.get("frozen", ()) if one["con_id"] not in account.held}


def impossible_orders(ticket, account):
    """Return the orders for what stays whole, does not trade, or cannot be measured."""
    whole = {
        one["con_id"]
        for one in ticket.get("frozen", ())
        if one["quantity"] == account.held[one["con_id"]].quantity
    }
    orders = [line["order"] for line in ticket["lines"]]
    possible = account.trading - account.unknown - whole
    return [order for order in orders if order["con_id"] not in possible]


def refused_orders(ticket, account):
    """Return the orders whose price or size is between the increments of their market."""
    orders = [line["order"] for line in ticket["lines"]]
    return [
        order
        for order in orders
        if (share := account.shares[order["con_id"]])
        and (
            order["quantity"] % share.lot
            or not is_on_grid(order["limit_price"], increment_at(share, order["limit_price"]))
        )
    ]


def is_on_grid(price, step):
    """Tell whether a price is a multiple of an increment, but for the last digit of a float."""
    return abs(price / step - round(price / step)) < 1e-6


def weights_after(ticket, account):
    """Return the weights that a ticket's orders make of what can be traded, by conId."""
    frozen = {one["con_id"] for one in ticket.get("frozen", ())}
    kept = {
        con_id: account.weight(con_id)
        for con_id, row in account.held.items()
        if row.stated is None and con_id not in frozen
    }
    ordered = {
        line["order"]["con_id"]: account.weight(line["order"]["con_id"])
        + (1 if line["order"]["side"] == "BUY" else -1) * line["notional"] / account.equity
        for line in ticket["lines"]
    }
    return kept | ordered


def broken_limits(ticket, account):
    """Return the limits that the weights after a ticket's orders do not keep, by check."""
    limits, weights = LimitSettings(), weights_after(ticket, account).values()
    figures = {
        "gross": (sum(map(abs, weights)), limits.max_gross),
        "largest single": (max(map(abs, weights), default=0.0), limits.max_single),
        "invested": (sum(w for w in weights if w > 0), 1.0 - limits.cash_buffer),
    }
    return {name: told for name, told in figures.items() if not told[0] <= told[1] + NEAR}
