"""The broker's word on a session, held against the calendar, before anything is sent.

A calendar is a file; an exchange may close or shorten a session after it was written. Of every
exchange that orders go to the broker says in which hours it trades (IBKR's ``liquidHours``), and
the stricter of the two counts:

- closed by the broker, on a day or over the whole of the calendar's session: nothing is sent.
- other hours than the calendar's: the order cut-off goes by the earlier opening, and the session
  is over at the earlier close. It is said.
- hours that are not known do not pass for the calendar's: orders that nobody looks at are not
  sent, whoever approves orders sees it named.
- a day that the calendar calls closed is none to trade on, whatever the broker says.

An exchange whose clocks differ from the calendar's has another session: of it only counts that it
trades at all on that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.calendar import BUCHAREST, Exchange, Session, local_time, zone_of
from core.types import Contract, Hours, TradingTerms
from ibkr.gateway import Gateway
from risk.limits import Check

ASKED = 3  # contracts of one exchange: the hours of one may be unreadable


@dataclass(frozen=True, slots=True)
class BrokerHours:
    """What the broker says of one exchange's session on a day."""

    exchange: str
    symbol: str  # of whose contract it said so
    span: Hours | None = None  # from the first opening to the last close; None: see ``is_closed``
    is_closed: bool = False  # without a span: closed, or not known
    is_local: bool = True  # whether the exchange keeps the calendar's time
    doubt: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the broker said anything of the day."""
        return self.is_closed or self.span is not None


@dataclass(frozen=True, slots=True)
class AgreedSession:
    """The session as calendar and broker have it: where they differ, the stricter of both."""

    session: Session
    checks: tuple[Check, ...] = ()  # one for each exchange where they differ

    @property
    def finish_line(self) -> datetime:
        """The order cut-off."""
        return self.session.finish_line


def agreed(
    terms: Iterable[TradingTerms], session: Session, *, exchange: Exchange, unattended: bool
) -> AgreedSession:
    """Hold what the broker says of contracts against the calendar's session.

    ``unattended`` are orders that nobody looks at before they are sent.
    """
    checks: list[Check] = []
    stricter = session
    for told in told_hours(terms, session, exchange=exchange):
        if told.is_closed:
            checks.append(_closed(told, session))
        elif told.span is None:
            checks.append(_unknown(told, unattended=unattended))
        elif told.is_local and (told.span.start, told.span.end) != (session.open, session.close):
            checks.append(_differs(told.exchange, told.symbol, told.span, session))
            stricter = replace(
                stricter,
                open=min(stricter.open, told.span.start),
                close=min(stricter.close, told.span.end),
            )
    return AgreedSession(stricter, tuple(checks))


def ask(
    gateway: Gateway,
    contracts: Iterable[Contract],
    session: Session,
    *,
    exchange: Exchange,
    unattended: bool,
) -> AgreedSession:
    """Ask the broker for the hours of one contract of each exchange, of more where it is silent."""
    terms = gateway.market.trading_terms(one_of_each(contracts))
    return agreed(terms.values(), session, exchange=exchange, unattended=unattended)


def opened(terms: Iterable[TradingTerms], day: date, *, exchange: Exchange) -> str:
    """Say what the broker opens on a day that the calendar calls closed; empty where nothing.

    The calendar is the stricter one then: nothing is run on such a day.
    """
    for one in terms:
        spans = _on_the_day(one.hours or (), day, _zone_of(one, exchange))
        if spans:
            return (
                f"the broker has hours of {one.exchange} on {day}, "
                f"{_clock(spans[0].start, spans[-1].end)} (of {one.symbol}), and the calendar of "
                f"{exchange} no session: nothing is run; a newer exchange_calendars may know it"
            )
    return ""


def one_of_each(contracts: Iterable[Contract]) -> list[Contract]:
    """Return the first few contracts of each exchange, by conId."""
    groups: dict[str, list[Contract]] = {}
    for contract in sorted(contracts, key=lambda one: one.con_id):
        groups.setdefault(contract.primary_exchange or contract.exchange, []).append(contract)
    return [one for name in sorted(groups) for one in groups[name][:ASKED]]


def told_hours(
    terms: Iterable[TradingTerms], session: Session, *, exchange: Exchange
) -> list[BrokerHours]:
    """Return what the broker says of each exchange, by name: of the first contract it says it."""
    found: dict[str, BrokerHours] = {}
    for one in sorted(terms, key=lambda each: (each.exchange, each.con_id)):
        if one.exchange not in found or not found[one.exchange].is_known:
            found[one.exchange] = _of_contract(one, session, exchange)
    return list(found.values())


def _of_contract(terms: TradingTerms, session: Session, exchange: Exchange) -> BrokerHours:
    told = BrokerHours(terms.exchange, terms.symbol)
    ours, theirs = zone_of(exchange), _zone_of(terms, exchange)
    spans = _on_the_day(terms.hours or (), session.day, theirs)
    if terms.hours is None or not (spans or session.day in terms.closed):
        doubt = terms.doubt or "its hours cannot be read, or say nothing of the day"
        return replace(told, doubt=doubt)
    if not spans:
        return replace(told, is_closed=True)
    span = Hours(spans[0].start, max(one.end for one in spans))
    if session.open.astimezone(theirs).utcoffset() != session.open.astimezone(ours).utcoffset():
        return replace(told, span=span, is_local=False)
    if span.start < session.close and session.open < span.end:
        return replace(told, span=span)
    return replace(told, is_closed=True)  # over the whole of the calendar's session


def _zone_of(terms: TradingTerms, exchange: Exchange) -> ZoneInfo:
    return ZoneInfo(terms.zone) if terms.zone else zone_of(exchange)


def _on_the_day(hours: Sequence[Hours], day: date, zone: ZoneInfo) -> list[Hours]:
    """Return the stretches that overlap a day by the exchange's clocks, oldest first."""
    begin = datetime.combine(day, time(), zone)
    end = begin + timedelta(days=1)
    return sorted((one for one in hours if one.start < end and begin < one.end), key=_start)


def _start(hours: Hours) -> datetime:
    return hours.start


def _closed(told: BrokerHours, session: Session) -> Check:
    detail = (
        f"the broker says that {told.exchange} is closed on {session.day} (of {told.symbol}), the "
        f"calendar has a session {_clock(session.open, session.close)}: nothing is sent. If it "
        f'is closed: calendar.closed = ["{session.day}"]'
    )
    return Check(f"hours of {told.exchange}", None, None, passed=False, detail=detail)


def _unknown(told: BrokerHours, *, unattended: bool) -> Check:
    rule = "nothing is sent unseen" if unattended else "those of the calendar count"
    detail = (
        f"the broker's hours of {told.exchange} are not known (of {told.symbol}: {told.doubt}); "
        f"{rule}"
    )
    return Check(f"hours of {told.exchange}", None, None, passed=not unattended, detail=detail)


def _differs(exchange: str, symbol: str, span: Hours, session: Session) -> Check:
    detail = (
        f"the broker says {_clock(span.start, span.end)} (of {symbol}), the calendar "
        f"{_clock(session.open, session.close)}: the earlier opening and the earlier close count"
    )
    return Check(f"hours of {exchange}", None, None, passed=True, detail=detail)


def _clock(begin: datetime, end: datetime) -> str:
    shown = f"{begin.astimezone(BUCHAREST):%H:%M}"
    return f"{shown} to {local_time(end)}"
