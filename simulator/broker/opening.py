"""The accounts of a market as they were opened: what each began with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from simulator.broker.valuation import cushion
from simulator.exchange.exchange import Exchange
from simulator.exchange.holdings import Holding
from simulator.exchange.matching import MatchingRules
from simulator.prices.market_view import MarketView
from simulator.untidy.holdings import opening_shares, stated


def open_accounts(
    view: MarketView,
    accounts: Sequence[str],
    *,
    now: datetime,
    cash: float,
    rules: MatchingRules | None,
) -> dict[str, Exchange]:
    """Open each account with ``cash``; the first has the odd holdings of an untidy world."""
    opened = {}
    for account in accounts:
        is_first = account == accounts[0]
        exchange = Exchange(
            view,
            now=now,
            cash=cash,
            rules=rules,
            account=account,
            opening=_holdings(view, now) if is_first else {},
            beside=stated(view.untidy) if is_first else (),
        )
        exchange.know_cushion(partial(cushion, exchange))
        opened[account] = exchange
    return opened


def _holdings(view: MarketView, now: datetime) -> dict[int, Holding]:
    """Return shares bought at the price of the moment; a fraction was a gift, and cost nothing."""
    shares = opening_shares(view.market, view.untidy)
    return {
        con_id: Holding(quantity, 0.0 if quantity % 1.0 else view.mark(con_id, now) or 0.0)
        for con_id, quantity in sorted(shares.items())
    }
