"""Options of one underlying: which there are, and which of them fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from core.errors import ConfigurationError, DataError, NoData
from core.types import Contract
from ibkr.contracts.details import Details, Right
from ibkr.contracts.search import ContractQuery, find
from ibkr.wire.convert import is_printable, price, session_date
from ibkr.wire.messages import OptionClass
from ibkr.wire.requests import Requests

NEAREST = 5  # named when an expiry or a strike does not exist
_FUTURE = "FUT"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing:
    """The options of one trading class at one exchange."""

    exchange: str
    trading_class: str
    multiplier: float
    underlying: int  # conId
    expirations: tuple[date, ...]  # sorted
    strikes: tuple[float, ...]  # sorted; not every strike exists for every expiration


class AmbiguousClass(DataError):
    """Several trading classes or exchanges fit. ``candidates`` are their listings."""

    def __init__(self, what: str, candidates: Sequence[Listing]) -> None:
        self.candidates = tuple(candidates)
        named = "; ".join(
            f"{one.trading_class} at {one.exchange}, multiplier {one.multiplier:g}"
            for one in self.candidates
        )
        super().__init__(f"{what} is ambiguous: {named}; name a trading class or an exchange")


@dataclass(frozen=True, slots=True)
class ChainQuery:
    """Which options of an underlying are wanted. What is left out may be anything."""

    expiry: date
    right: Right | None = None
    strike: float | None = None
    strike_above: float | None = None  # included, as is the other bound
    strike_below: float | None = None
    trading_class: str = ""
    exchange: str = "SMART"


async def listings(
    requests: Requests, underlying: Contract, *, within: float
) -> tuple[Listing, ...]:
    """Ask which expirations and strikes there are, by trading class and exchange.

    Raises `NoData` when the underlying has no options.
    """
    exchange = underlying.exchange if underlying.sec_type == _FUTURE else ""
    found = await requests.by_id(
        lambda request: requests.client.reqSecDefOptParams(
            request, underlying.symbol, exchange, underlying.sec_type, underlying.con_id
        ),
        what=f"options of {underlying.symbol}",
        within=within,
    )
    if not found:
        raise NoData(f"{underlying.symbol} (conId {underlying.con_id}) has no listed options")
    each = (_listing(underlying, one) for one in found)
    return tuple(sorted(each, key=lambda one: (one.trading_class, one.exchange)))


async def chain(
    requests: Requests, underlying: Contract, query: ChainQuery, *, within: float
) -> tuple[Details, ...]:
    """Return the options that fit, sorted by strike, calls before puts.

    One question for a whole expiration: IBKR slows down those who ask option by option. Raises
    `AmbiguousClass` with the candidates, `NoData` that names the nearest expirations or strikes.
    """
    _check(query)
    listing = choose(await listings(requests, underlying, within=within), underlying, query)
    found = await find(
        requests,
        ContractQuery(
            symbol=underlying.symbol,
            sec_type="FOP" if underlying.sec_type == _FUTURE else "OPT",
            exchange=listing.exchange,
            currency=underlying.currency,
            expiry=query.expiry,
            strike=query.strike,
            right=query.right,
            multiplier=f"{listing.multiplier:g}",
            trading_class=listing.trading_class,
        ),
        within=within,
    )
    fitting = [one for one in found if _fits(one, query)]
    if not fitting:
        raise NoData(f"{underlying.symbol} {query.expiry}: no option at {_wanted(query)}")
    return tuple(sorted(fitting, key=_order))


def choose(found: Sequence[Listing], underlying: Contract, query: ChainQuery) -> Listing:
    """Return the one listing that is meant, after checking expiry and strike against it."""
    fitting = [
        one
        for one in found
        if query.trading_class in {"", one.trading_class} and query.exchange == one.exchange
    ]
    if not fitting:
        named = sorted({f"{one.trading_class} at {one.exchange}" for one in found})
        raise NoData(
            f"{underlying.symbol} has no options of class {query.trading_class or 'any'} at "
            f"{query.exchange}; there are: {', '.join(named)}"
        )
    dated = [one for one in fitting if query.expiry in one.expirations]
    if not dated:
        every = sorted({day for one in fitting for day in one.expirations})
        days = nearest(every, by=lambda day: abs((day - query.expiry).days))
        raise NoData(
            f"{underlying.symbol} has no options that expire on {query.expiry}; the nearest: "
            f"{', '.join(map(str, days))}"
        )
    struck = [one for one in dated if query.strike is None or query.strike in one.strikes]
    if not struck:
        strike = query.strike or 0.0
        every_strike = sorted({value for one in dated for value in one.strikes})
        strikes = nearest(every_strike, by=lambda value: abs(value - strike))
        raise NoData(
            f"{underlying.symbol} {query.expiry} has no strike {strike:g}; the nearest: "
            f"{', '.join(f'{value:g}' for value in strikes)}"
        )
    if len(struck) > 1:
        raise AmbiguousClass(f"{underlying.symbol} {query.expiry}", struck)
    return struck[0]


def nearest(sorted_values: Sequence[T], *, by: Callable[[T], float]) -> list[T]:
    """Return the few values with the smallest distance, in their own order."""
    chosen = sorted(range(len(sorted_values)), key=lambda place: by(sorted_values[place]))
    return [sorted_values[place] for place in sorted(chosen[:NEAREST])]


def _check(query: ChainQuery) -> None:
    bounds = {
        "strike": query.strike,
        "strike_above": query.strike_above,
        "strike_below": query.strike_below,
    }
    wrong = [
        f"{name} = {bound} is not above zero"
        for name, bound in bounds.items()
        if bound is not None and not (math.isfinite(bound) and bound > 0)
    ]
    wrong += [
        f"{text!r} is not printable ASCII"
        for text in (query.trading_class, query.exchange)
        if text and not is_printable(text)
    ]
    low, high = query.strike_above, query.strike_below
    if low is not None and high is not None and low > high:
        wrong.append(f"strikes from {low:g} to {high:g} are none")
    if wrong:
        raise ConfigurationError("; ".join(wrong))


def _fits(found: Details, query: ChainQuery) -> bool:
    terms = found.terms
    if terms.strike is None or terms.right is None or terms.expiry != query.expiry:
        return False
    low, high = query.strike_above, query.strike_below
    return (
        query.right in {None, terms.right}
        and query.strike in {None, terms.strike}
        and (low is None or terms.strike >= low)
        and (high is None or terms.strike <= high)
    )


def _order(found: Details) -> tuple[float, str, int]:
    return found.terms.strike or 0.0, found.terms.right or "", found.contract.con_id


def _wanted(query: ChainQuery) -> str:
    bounds = {
        "strike": query.strike,
        "strikes from": query.strike_above,
        "strikes to": query.strike_below,
    }
    parts = [f"{name} {bound:g}" for name, bound in bounds.items() if bound is not None]
    rights = {"C": "calls", "P": "puts", None: "calls or puts"}
    return ", ".join([rights[query.right], *parts])


def _listing(underlying: Contract, found: OptionClass) -> Listing:
    multiplier = price(found.multiplier)
    strikes = [price(strike) for strike in found.strikes]
    known = sorted({strike for strike in strikes if strike is not None})
    try:
        expirations = tuple(sorted({session_date(day) for day in found.expirations}))
    except ValueError as error:
        raise DataError(f"options of {underlying.symbol}: expiration {error}") from error
    if multiplier is None or len(known) < len(set(found.strikes)):
        raise DataError(
            f"options of {underlying.symbol}: multiplier {found.multiplier!r} or one of its "
            f"strikes ({len(strikes)}) cannot be used"
        )
    return Listing(
        exchange=found.exchange,
        trading_class=found.trading_class,
        multiplier=multiplier,
        underlying=found.underlying,
        expirations=expirations,
        strikes=tuple(known),
    )
