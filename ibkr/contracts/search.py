"""Finding contracts of any kind by what is known of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import ib_async

from core.errors import ConfigurationError, DataError, NoData, RequestRefused
from core.types import Contract
from ibkr.contracts.details import Details, Right, details_of
from ibkr.contracts.resolution import AT_ONCE, Described
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import is_printable
from ibkr.wire.error_codes import UNKNOWN_CONTRACT
from ibkr.wire.requests import Requests

SecType = Literal[
    "STK", "IND", "CASH", "FUT", "OPT", "FOP", "FUND", "BOND", "CMDTY", "CFD", "CRYPTO"
]
MOST_CANDIDATES = 12  # named in a message; the error carries all


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """What is known of a contract. Whatever is left out may be anything.

    ``expiry`` is a day, or a month when only the month is known (its day is then ignored).
    """

    symbol: str = ""
    sec_type: SecType = "STK"
    con_id: int = 0
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    expiry: date | None = None
    whole_month: bool = False
    strike: float | None = None
    right: Right | None = None
    multiplier: str = ""
    trading_class: str = ""
    local_symbol: str = ""

    def __str__(self) -> str:
        """Say in a few words what is looked for."""
        if self.con_id:
            return f"conId {self.con_id}"
        month = f"{self.expiry:%Y-%m}" if self.expiry and self.whole_month else self.expiry
        strike = None if self.strike is None else f"{self.strike:g}"
        parts = (self.sec_type, self.symbol or self.local_symbol, month, strike, self.right)
        return " ".join(str(part) for part in (*parts, self.trading_class) if part)


class Ambiguous(DataError):
    """Several contracts fit. ``candidates`` are all of them."""

    def __init__(self, what: str, candidates: Sequence[Details]) -> None:
        self.candidates = tuple(candidates)
        shown = "; ".join(described(one) for one in self.candidates[:MOST_CANDIDATES])
        more = len(self.candidates) - MOST_CANDIDATES
        rest = f"; and {more} more" if more > 0 else ""
        super().__init__(
            f"{what} is ambiguous, {len(self.candidates)} contracts fit: {shown}{rest}; "
            "narrow the query, or give the conId"
        )


@dataclass(frozen=True, slots=True)
class Match:
    """One instrument whose symbol or name resembles a text."""

    con_id: int
    symbol: str
    sec_type: str
    primary_exchange: str
    currency: str
    name: str
    derivatives: tuple[str, ...]  # kinds of derivative there are on it


async def find(requests: Requests, query: ContractQuery, *, within: float) -> tuple[Details, ...]:
    """Return every contract that fits, sorted; an unknown one gives an empty tuple.

    Raises `ConfigurationError` for a query that must not go on the wire.
    """
    wanted = to_wire(query)
    try:
        found = await requests.by_id(
            lambda request: requests.client.reqContractDetails(request, wanted),
            what=f"contract {query}",
            within=within,
        )
    except RequestRefused as refused:
        # The same code is used for "ambiguous", which is not "unknown".
        if refused.code == UNKNOWN_CONTRACT and "ambiguous" not in str(refused):
            return ()
        raise
    each = {one.contract.con_id: one for one in map(details_of, found)}
    return tuple(sorted(each.values(), key=_order))


def no_contract(con_id: int) -> str:
    """Say that a conId is nobody's, as far as IBKR knows."""
    return f"IBKR knows no contract of conId {con_id}"


async def describe(
    requests: Requests, con_ids: Iterable[int], *, within: float, progress: Progress | None = None
) -> Described:
    """Look up contracts by conId, with the currency and the unit that their prices are in."""

    async def ask(con_id: int) -> Contract:
        found = await find(requests, ContractQuery(con_id=con_id, exchange=""), within=within)
        if not found:
            raise NoData(no_contract(con_id))
        return found[0].contract

    wanted = sorted(set(con_ids))
    found, failed = await ask_each(wanted, ask, at_once=AT_ONCE, progress=progress)
    return Described(dict(sorted(found.items())), dict(sorted(failed.items())))


async def resolve_one(requests: Requests, query: ContractQuery, *, within: float) -> Details:
    """Return the only contract that fits.

    Raises `Ambiguous` with the candidates when there are several, `NoData` when there is none.
    """
    found = await find(requests, query, within=within)
    if not found:
        raise NoData(
            f"IBKR knows no contract {query} in {query.currency} at {query.exchange}; "
            "check symbol, security type, exchange and currency"
        )
    if len(found) > 1:
        raise Ambiguous(str(query), found)
    return found[0]


async def matching(requests: Requests, pattern: str, *, within: float) -> tuple[Match, ...]:
    """Return instruments whose symbol begins with, or whose name contains, the pattern."""
    if not is_printable(pattern):
        raise ConfigurationError(f"{pattern!r} is not printable ASCII")
    (found,) = await requests.by_id(
        lambda request: requests.client.reqMatchingSymbols(request, pattern),
        what=f"symbols like {pattern}",
        within=within,
    )
    return tuple(_match(one) for one in found)


def to_wire(query: ContractQuery) -> ib_async.Contract:
    """Return ib_async's contract. Raises `ConfigurationError` naming everything wrong."""
    texts = {
        "symbol": query.symbol, "exchange": query.exchange, "currency": query.currency,
        "primary_exchange": query.primary_exchange, "multiplier": query.multiplier,
        "trading_class": query.trading_class, "local_symbol": query.local_symbol,
    }  # fmt: skip
    wrong = [
        f"{name} {text!r} is not printable ASCII"
        for name, text in texts.items()
        if text and not is_printable(text)
    ]
    if not (query.symbol or query.local_symbol or query.con_id > 0):
        wrong.append("a contract needs a symbol, a local symbol or a conId")
    if query.sec_type not in get_args(SecType):
        wrong.append(f"{query.sec_type!r} is none of {', '.join(get_args(SecType))}")
    if query.strike is not None and not (math.isfinite(query.strike) and query.strike > 0):
        wrong.append(f"strike {query.strike} is not above zero")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    if query.con_id:
        return ib_async.Contract(conId=query.con_id, exchange=query.exchange)
    day = "%Y%m" if query.whole_month else "%Y%m%d"
    return ib_async.Contract(
        symbol=query.symbol,
        secType=query.sec_type,
        lastTradeDateOrContractMonth=query.expiry.strftime(day) if query.expiry else "",
        strike=query.strike or 0.0,
        right=query.right or "",
        multiplier=query.multiplier,
        exchange=query.exchange,
        primaryExchange=query.primary_exchange,
        currency=query.currency,
        localSymbol=query.local_symbol,
        tradingClass=query.trading_class,
    )


def described(found: Details) -> str:
    """Tell a contract from others like it, in a few words."""
    contract, terms = found.contract, found.terms
    parts = [
        f"conId {contract.con_id}",
        found.local_symbol if terms.expiry else "",
        f"at {contract.primary_exchange or contract.exchange}",
        f"class {terms.trading_class}" if terms.expiry else "",
        contract.currency,
        f"({contract.name})" if contract.name else "",
    ]
    return " ".join(part for part in parts if part)


def _order(found: Details) -> tuple[object, ...]:
    terms = found.terms
    expiry, strike = terms.expiry or date.min, terms.strike or 0.0
    right, trading_class = terms.right or "", terms.trading_class
    return found.contract.symbol, expiry, trading_class, strike, right, found.contract.con_id


def _match(found: ib_async.ContractDescription) -> Match:
    contract = found.contract or ib_async.Contract()
    return Match(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        primary_exchange=contract.primaryExchange,
        currency=contract.currency,
        name=contract.description,
        derivatives=tuple(found.derivativeSecTypes),
    )
