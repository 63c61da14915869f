"""What IBKR says of one contract: identity, terms, hours, price increments."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import ib_async

from core.errors import DataError
from core.text.untrusted import one_line
from core.types import Contract, Hours
from core.types.trading_terms import whole_lot
from ibkr.wire.convert import number, price, session_date
from ibkr.wire.times import moment

_log = logging.getLogger(__name__)

Right = Literal["C", "P"]

_SPAN = re.compile(r"(\d{8}):(\d{4})-(\d{8}):(\d{4})")
_CLOSED = re.compile(r"(\d{8}):CLOSED")


@dataclass(frozen=True, slots=True)
class Terms:
    """What tells one derivative from another of the same underlying."""

    expiry: date | None = None  # last day of trading
    strike: float | None = None  # per share of the underlying, contract currency
    right: Right | None = None
    multiplier: float = 1.0  # what one contract stands for
    trading_class: str = ""
    underlying: int | None = None  # conId


@dataclass(frozen=True, slots=True)
class Details:
    """Everything IBKR tells of a contract that anybody here asks for."""

    contract: Contract
    terms: Terms
    local_symbol: str
    order_types: tuple[str, ...]
    exchanges: tuple[str, ...]
    market_rules: tuple[int, ...]  # one for each of ``exchanges``
    industry: str
    category: str
    subcategory: str
    time_zone: str  # of the exchange
    trading_hours: tuple[Hours, ...] | None  # the coming days, oldest first; None: unreadable
    liquid_hours: tuple[Hours, ...] | None  # the regular ones
    min_size: float | None
    size_increment: float | None
    market_rule: int | None = None  # of where its orders go; None: IBKR names none
    closed_days: tuple[date, ...] = ()  # of which it says that there are no regular hours

    def trades_at(self, moment: datetime, *, regular: bool = True) -> bool | None:
        """Tell whether a moment of the coming days lies within trading hours; None: not known."""
        spans = self.liquid_hours if regular else self.trading_hours
        if spans is None:
            return None
        return any(span.start <= moment < span.end for span in spans)


def details_of(found: ib_async.ContractDetails) -> Details:
    """Convert IBKR's description. Raises `DataError` when it cannot identify an instrument."""
    raw = found.contract or ib_async.Contract()
    tick = price(found.minTick)
    if raw.conId < 1 or tick is None:
        raise DataError(
            f"{raw.symbol}: conId {raw.conId} or price increment {found.minTick} is unusable"
        )
    exchanges = _list(found.validExchanges)
    routed = _routed(raw.exchange, exchanges)
    return Details(
        contract=_contract(raw, found, tick, exchange=routed),
        terms=_terms(found, raw),
        local_symbol=raw.localSymbol,
        order_types=_list(found.orderTypes),
        exchanges=exchanges,
        market_rules=tuple(int(rule) for rule in _list(found.marketRuleIds) if rule.isdigit()),
        industry=found.industry,
        category=found.category,
        subcategory=found.subcategory,
        time_zone=found.timeZoneId,
        trading_hours=_readable_hours(found.tradingHours, found),
        liquid_hours=_readable_hours(found.liquidHours, found),
        min_size=number(found.minSize),
        size_increment=number(found.sizeIncrement),
        market_rule=_rule_of(routed, found),
        closed_days=_closed_days(found.liquidHours),
    )


def _rule_of(exchange: str, found: ib_async.ContractDetails) -> int | None:
    """Return the market rule of an exchange; None where exchanges and rules do not pair up."""
    exchanges, rules = found.validExchanges.split(","), found.marketRuleIds.split(",")
    pairs = dict(zip(exchanges, rules, strict=False)) if len(exchanges) == len(rules) else {}
    # Where every exchange has the same rule, it does not matter which is which.
    only = rules[0] if len(set(rules)) == 1 else ""
    rule = pairs.get(exchange, only)
    return int(rule) if rule.isdecimal() else None


def _closed_days(hours: str) -> tuple[date, ...]:
    """Return the days that hours call closed; a part that cannot be read says nothing."""
    found = (_CLOSED.fullmatch(part) for part in hours.split(";"))
    days = (match[1] for match in found if match)
    return tuple(session_date(day) for day in days if _is_day(day))


def _is_day(text: str) -> bool:
    try:
        session_date(text)
    except ValueError:
        return False
    return True


def _contract(
    raw: ib_async.Contract, found: ib_async.ContractDetails, tick: float, *, exchange: str
) -> Contract:
    return Contract(
        con_id=raw.conId,
        symbol=raw.symbol,
        sec_type=raw.secType,
        exchange=exchange,
        primary_exchange=raw.primaryExchange,
        currency=raw.currency,
        name=one_line(found.longName),
        min_tick=tick,
        stock_type=found.stockType,
        price_magnifier=max(1, found.priceMagnifier),
        lot=lot_of(found),
        multiplier=price(raw.multiplier) or 1.0,
    )


def _readable_hours(text: str, found: ib_async.ContractDetails) -> tuple[Hours, ...] | None:
    """Return hours, or None: hours that cannot be read cost the hours, not the contract."""
    try:
        return hours_of(text, found.timeZoneId)
    except DataError as error:
        _log.warning("%s: %s", found.longName or found.marketName, error)
        return None


def hours_of(text: str, zone: str) -> tuple[Hours, ...]:
    """Read hours such as ``20260615:0930-20260615:1600;20260619:CLOSED``.

    Raises `DataError` for anything else: hours that were misread could keep a market "open".
    """
    spans = [part for part in text.split(";") if part and not _CLOSED.fullmatch(part)]
    return tuple(sorted((_span(part, zone) for part in spans), key=lambda span: span.start))


def _span(text: str, zone: str) -> Hours:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise DataError(f"{text!r} are not trading hours")
    first_day, first, last_day, last = match.groups()
    start, end = _moment(first_day, first, zone), _moment(last_day, last, zone)
    if not start < end:
        raise DataError(f"trading hours {text!r} end before they begin")
    return Hours(start, end)


def _moment(day: str, clock: str, zone: str) -> datetime:
    try:
        return moment(f"{day} {clock[:2]}:{clock[2:]}:00", local=zone)
    except DataError as error:
        raise DataError(f"trading hours {day}:{clock} in zone {zone!r}: {error}") from error


def lot_of(details: ib_async.ContractDetails) -> int | None:
    """Return how many shares IBKR trades together, for example 100 in Tokyo; None: any number."""
    return whole_lot(number(details.sizeIncrement), number(details.minSize))


def _terms(found: ib_async.ContractDetails, raw: ib_async.Contract) -> Terms:
    rights: dict[str, Right] = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
    stated = found.realExpirationDate or raw.lastTradeDateOrContractMonth
    try:
        expiry = session_date(stated) if len(stated) == 8 else None
    except ValueError as error:
        raise DataError(f"{raw.localSymbol or raw.symbol}: expiry {stated!r}: {error}") from error
    return Terms(
        expiry=expiry,
        strike=price(raw.strike),
        right=rights.get(raw.right),
        multiplier=price(raw.multiplier) or 1.0,
        trading_class=raw.tradingClass,
        underlying=found.underConId or None,
    )


def _routed(exchange: str, exchanges: tuple[str, ...]) -> str:
    """Return where to trade a contract: SMART where IBKR routes it, else its own exchange."""
    return "SMART" if "SMART" in exchanges else exchange


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
