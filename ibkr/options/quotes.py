"""Options with what the market and IBKR's model say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import DataError
from core.types import Contract
from ibkr.contracts.details import Details
from ibkr.market.live_quotes import LiveQuote, live_folded
from ibkr.market.snapshots import SnapshotLines, Source, Ticks
from ibkr.wire.concurrent_requests import ask_each
from ibkr.wire.convert import number, price
from ibkr.wire.messages import Computed, DataType

_MODEL = frozenset({13, 83})
_NOT_COMPUTED = -2.0  # of a greek, as -1 is of a price or a volatility


@dataclass(frozen=True, slots=True)
class Greeks:
    """What IBKR's model computes of an option. None is "not computed".

    Delta per one unit of the underlying's price, gamma per unit of that again, vega per
    percentage point of volatility, theta per calendar day. Prices per share.
    """

    implied_volatility: float | None  # per year, 0.2 = 20 %
    delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    price: float | None  # what the model says the option is worth
    underlying_price: float | None


NO_GREEKS = Greeks(None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class OptionQuote:
    """One option: its terms, its market (None: no price at all) and its greeks."""

    details: Details
    as_of: datetime
    market: LiveQuote | None
    greeks: Greeks

    @property
    def mid(self) -> float | None:
        """Midpoint of bid and ask, where both are known."""
        return self.market.mid if self.market else None


@dataclass(frozen=True, slots=True)
class OptionQuotes:
    """The options' quotes, in the order asked, and why others have none, by conId."""

    quotes: tuple[OptionQuote, ...]
    missing: dict[int, str]


async def option_quotes(
    lines: SnapshotLines, options: Sequence[Details], *, source: Source, within: float
) -> OptionQuotes:
    """Take one snapshot of each option."""
    as_of = await lines.requests.current_time(within=within)
    by_contract = {one.contract: one for one in options}

    async def ask(contract: Contract) -> OptionQuote:
        ticks = await lines.ticks(
            contract,
            what=f"quote of {by_contract[contract].local_symbol or contract.symbol}",
            within=within,
            release=True,
            source=source,
        )
        return option_quote(by_contract[contract], ticks, as_of=as_of)

    found, failed = await ask_each(list(by_contract), ask, at_once=lines.most)
    return OptionQuotes(
        quotes=tuple(found[contract] for contract in by_contract if contract in found),
        missing={one.con_id: failed[one] for one in by_contract if one in failed},
    )


def option_quote(details: Details, ticks: Ticks, *, as_of: datetime) -> OptionQuote:
    """Fold the ticks of one snapshot. Raises `DataError` when they say nothing at all."""
    greeks = NO_GREEKS
    for tick in ticks:
        if isinstance(tick, Computed) and tick.kind in _MODEL:
            greeks = greeks_of(tick)
    # One side is worth knowing: a cheap option often has an ask and nobody who bids.
    seen = live_folded(details.contract, ticks, as_of=as_of)
    priced = any(known is not None for known in (seen.bid, seen.ask, seen.last, seen.close))
    market = seen if priced else None
    if market is None and greeks == NO_GREEKS:
        kinds = sorted({tick.kind for tick in ticks if not isinstance(tick, DataType)})
        raise DataError(
            f"option {details.local_symbol}: neither a price nor greeks (ticks {kinds})"
        )
    return OptionQuote(details, as_of, market, greeks)


def greeks_of(told: Computed) -> Greeks:
    """Convert one computation. ib_async leaves the sentinels of vega and theta in place."""
    delta = number(told.delta)
    return Greeks(
        implied_volatility=price(told.implied_volatility),
        delta=delta if delta is not None and -1.0 <= delta <= 1.0 else None,
        gamma=_at_least_zero(told.gamma),
        vega=_at_least_zero(told.vega),
        theta=None if told.theta == _NOT_COMPUTED else number(told.theta),
        price=_at_least_zero(told.price),
        underlying_price=price(told.underlying_price),
    )


def _at_least_zero(value: float) -> float | None:
    known = number(value)
    return known if known is not None and known >= 0 else None
