"""What a request for market data is about: one instrument or a combination, and which ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from core.types import Leg, Side
from simulator.exchange.pricing import net_weights
from simulator.prices.market_view import MarketView
from simulator.prices.quotes import NOTHING, Quote, quote
from simulator.tws.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.contract_lookup import ContractLookup

MOST_LEGS = 6


@dataclass(frozen=True, slots=True)
class QuoteSubscription:
    """One quote that somebody wants."""

    con_id: int  # of a combination the first leg's
    symbol: str
    legs: tuple[Leg, ...] = ()
    generic_ticks: frozenset[int] = frozenset()


def read_legs(fields: Fields, query: ContractQuery) -> tuple[Leg, ...]:
    """Read the legs that follow the contract of a combination; nothing follows another one."""
    if query.sec_type != "BAG":
        return ()
    count = fields.whole("comboLegsCount")
    if not 2 <= count <= MOST_LEGS:
        raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
    return tuple(_leg(fields) for _ in range(count))


def _leg(fields: Fields) -> Leg:
    con_id, ratio = fields.whole("conId"), fields.whole("ratio")
    action = fields.text("action").upper()
    fields.skip("exchange")
    if action not in {"BUY", "SELL"} or ratio < 1:
        raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
    return Leg(con_id, Side(action), ratio)


def quote_subscription(
    directory: ContractLookup, query: ContractQuery, legs: tuple[Leg, ...], ticks: frozenset[int]
) -> QuoteSubscription:
    """Return the subscription for a contract. Raises `RequestRefused` (200) when it is not one."""
    if not legs:
        found = directory.one(query)
        return QuoteSubscription(found.con_id, found.symbol, generic_ticks=ticks)
    for leg in legs:
        found = directory.one(ContractQuery(leg.con_id, "", "", "", "", "", ""))
    return QuoteSubscription(legs[0].con_id, query.symbol or found.symbol, legs)


def quote_of(view: MarketView, subscription: QuoteSubscription, now: datetime) -> Quote | None:
    """Return the quote of an instrument, or of a combination the net of its legs per share."""
    if not subscription.legs:
        return quote(view, subscription.con_id, now)
    found = [quote(view, leg.con_id, now) for leg in subscription.legs]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    legs = list(zip(subscription.legs, net_weights(subscription.legs, view), known, strict=True))
    last = sum(weight * one.last for _, weight, one in legs)
    sells = [(leg, weight, one.bid if weight > 0 else one.ask) for leg, weight, one in legs]
    buys = [(leg, weight, one.ask if weight > 0 else one.bid) for leg, weight, one in legs]
    size = min(max(one.bid_size, one.ask_size) // leg.ratio for leg, _, one in legs)
    bid, ask = _net(sells), _net(buys)
    return Quote(
        bid=NOTHING if bid is None else bid,
        ask=NOTHING if ask is None else ask,
        bid_size=0 if bid is None else size,
        ask_size=0 if ask is None else size,
        last=round(last, 6),
        close=None,
    )


def _net(sides: Sequence[tuple[Leg, float, float]]) -> float | None:
    """Return the net price of one side, None when a leg has nobody on the side it needs."""
    if any(price == NOTHING for _, _, price in sides):
        return None
    return round(sum(weight * price for _, weight, price in sides), 6)
