"""Options: expirations, strikes, chains and greeks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import ConfigurationError, NoData
from core.types import Contract
from ibkr.contracts.details import Details
from ibkr.market.live_quotes import LiveQuote, live_quotes
from ibkr.market.market_data import MarketData
from ibkr.market.snapshots import Source
from ibkr.options.chain import ChainQuery, Listing, chain, listings
from ibkr.options.quotes import OptionQuote, OptionQuotes, option_quotes
from ibkr.wire.connection import Connection
from ibkr.wire.requests import Requests

_ROUNDING = 1e-9  # a strike that lies exactly at the edge is within
MOST_QUOTED = 500  # options of one chain; each is a snapshot


@dataclass(frozen=True, slots=True)
class QuotedChain:
    """The options of a chain that passed a live filter, and why others have no quote."""

    underlying: LiveQuote
    as_of: datetime
    quotes: tuple[OptionQuote, ...]  # by strike, calls before puts
    missing: dict[int, str]


class OptionTools:
    """Everything about options that does not trade them."""

    def __init__(self, connection: Connection, market: MarketData) -> None:
        self._connection = connection
        self._market = market

    def listings(self, underlying: Contract) -> tuple[Listing, ...]:
        """Return expirations and strikes by trading class and exchange."""
        return self._connection.run(listings(self._requests, underlying, within=self._within))

    def chain(self, underlying: Contract, query: ChainQuery) -> tuple[Details, ...]:
        """Return the options that fit, sorted by strike, calls before puts.

        Raises `ibkr.options.chain.AmbiguousClass` with the candidates, `NoData` that names the
        nearest expirations or strikes when the wanted ones do not exist.
        """
        return self._connection.run(chain(self._requests, underlying, query, within=self._within))

    def quotes(self, options: Sequence[Details], *, source: Source = "live") -> OptionQuotes:
        """Return market and greeks of each option, in the order asked."""
        if len(options) > MOST_QUOTED:
            raise ConfigurationError(
                f"{len(options)} options at once are more than {MOST_QUOTED}: narrow the strikes"
            )
        return self._connection.run(
            option_quotes(self._market.lines, options, source=source, within=self._within)
        )

    def chain_near_price(
        self, underlying: Contract, query: ChainQuery, *, within: float, source: Source = "live"
    ) -> QuotedChain:
        """Return the options whose strike lies within a fraction of the underlying's live price.

        ``within`` 0.1 is 10 % on either side. Raises `DataError` when the underlying has no price.
        """
        if not (math.isfinite(within) and 0 < within <= 1):
            raise ConfigurationError(f"within = {within} is not a fraction above 0 and up to 1")
        spot = self._spot(underlying, source)
        middle = spot.reference_price or math.nan
        found = self.chain(underlying, query)
        near = [one for one in found if _distance(one, middle) <= within + _ROUNDING]
        if not near:
            raise NoData(
                f"{underlying.symbol} {query.expiry}: none of {len(found)} options has a strike "
                f"within {within:.6g} of the price {middle:.6g}"
            )
        quoted = self.quotes(near, source=source)
        return QuotedChain(spot, spot.as_of, quoted.quotes, quoted.missing)

    def chain_by_delta(
        self,
        underlying: Contract,
        query: ChainQuery,
        *,
        low: float,
        high: float,
        source: Source = "live",
    ) -> QuotedChain:
        """Return the options whose live delta, without its sign, lies from ``low`` to ``high``.

        An option whose delta IBKR did not compute does not pass; it is named in ``missing``.
        """
        if not (math.isfinite(low) and math.isfinite(high) and 0 <= low < high <= 1):
            raise ConfigurationError(f"delta from {low} to {high} is not a range within 0 and 1")
        spot = self._spot(underlying, source)
        quoted = self.quotes(self.chain(underlying, query), source=source)
        passed = tuple(q for q in quoted.quotes if _delta_within(q, low, high))
        unknown = {
            quote.details.contract.con_id: "IBKR computed no delta"
            for quote in quoted.quotes
            if quote.greeks.delta is None
        }
        missing = dict(sorted({**quoted.missing, **unknown}.items()))
        return QuotedChain(spot, spot.as_of, passed, missing)

    def _spot(self, underlying: Contract, source: Source) -> LiveQuote:
        found = self._connection.run(
            live_quotes(self._market.lines, [underlying], source=source, within=self._within)
        )
        if not found.quotes:
            raise NoData(found.missing[underlying.con_id])
        return found.quotes[0]

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout


def _distance(option: Details, price: float) -> float:
    """Return how far a strike lies from the price, as a fraction of it."""
    strike = option.terms.strike
    return math.inf if strike is None else abs(strike / price - 1.0)


def _delta_within(quote: OptionQuote, low: float, high: float) -> bool:
    delta = quote.greeks.delta
    return delta is not None and low <= abs(delta) <= high
