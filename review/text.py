"""How values are written, the same on the page, in messages and in the terminal."""

from __future__ import annotations

import itertools
import math
import unicodedata
from datetime import datetime, timedelta

from core.calendar import BUCHAREST
from core.settings import Mode
from core.types import Side
from review.day import Check, DayPage, OrderLine, Unit, Verdict

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
BADGES = {Mode.SIM: "SIMULATED", Mode.PAPER: "PAPER", Mode.LIVE: "LIVE"}


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Write a number with thousands separators; a dash when it is not known or not finite."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    rounded = round(value, digits) + 0.0  # adding zero turns -0.0 into 0.0
    text = f"{rounded:+,.{digits}f}" if signed and rounded else f"{rounded:,.{digits}f}"
    return text.replace("-", MINUS)


def percent(fraction: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """Write a fraction as a percentage."""
    if fraction is None or not math.isfinite(fraction):
        return UNKNOWN
    return f"{number(100 * fraction, digits, signed=signed)} %"


def amount(value: float | None, unit: Unit) -> str:
    """Write a limit or its value in its unit."""
    if unit is Unit.PERCENT:
        return percent(value, 2)
    return number(value, 2 if unit is Unit.MULTIPLE else 0)


def duration(seconds: float) -> str:
    """Write a stage's time: ``0.4 s`` below a minute, ``9:41 min`` from there on."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d} min"


def until(start: datetime, end: datetime) -> str:
    """Write the time from start to end as ``2 h 04 m``."""
    minutes = max(end - start, timedelta()) // timedelta(minutes=1)
    return f"{minutes // 60} h {minutes % 60:02d} m"


def opening(day: DayPage) -> str:
    """Say when the exchange opens, seen from the moment of the decision."""
    if day.as_of >= day.opens_at:
        return "exchange already open"
    return f"opens in {until(day.as_of, day.opens_at)}"


def local(moment: datetime) -> str:
    """Write the time of day in Bucharest."""
    return f"{moment.astimezone(BUCHAREST):%H:%M}"


def count(quantity: int, noun: str) -> str:
    """Write a count with its noun: ``1 order``, ``12 orders``."""
    return f"{quantity:,} {noun}{'' if quantity == 1 else 's'}"


def masked(account: str) -> str:
    """Write an account id so that it can be recognised but not copied: ``DU****345``."""
    letters = "".join(itertools.takewhile(str.isalpha, account[:2]))
    rest = account.removeprefix(letters)
    return f"{letters}****{rest[-3:] if len(rest) > 5 else ''}"


def untrusted(text: str, limit: int = 200) -> str:
    """Flatten text from outside to one line without control, bidi or zero-width characters."""
    spaced = (" " if c.isspace() else c for c in text)
    visible = (c for c in spaced if unicodedata.category(c)[0] != "C")
    flat = " ".join("".join(visible).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def weight_change(line: OrderLine) -> str:
    """Write an order's weight before and after: ``3.1 → 7.2 %``."""
    return f"{number(100 * line.weight_before, 1)} → {percent(line.weight_after)}"


def remarks(line: OrderLine) -> str:
    """Write how an order stands, where it was sent, and its flag."""
    status = line.status.value if line.status is not None else ""
    return ", ".join(part for part in (status, line.flag) if part)


def volume(day: DayPage) -> str:
    """Say how many orders there are and, where every value is known, what they buy and sell."""
    orders = count(len(day.orders), "order")
    if any(line.value is None for line in day.orders):
        return orders
    bought, sold = (
        number(sum(line.value or 0.0 for line in day.orders if line.side is side), 0)
        for side in (Side.BUY, Side.SELL)
    )
    return f"{orders}: buy {bought}, sell {sold} {day.currency}"


def failure(check: Check) -> str:
    """Say in words how a check failed, with limit and value."""
    bound = "minimum" if check.at_least else "limit"
    value = amount(check.value, check.unit)
    detail = f" ({check.detail})" if check.detail else ""
    known = f"is {value}" if value != UNKNOWN else "is not known"
    return f"{check.name} {known}, {bound} {amount(check.limit, check.unit)}{detail}"


def headline(day: DayPage) -> str:
    """Say in one line how the day ended."""
    orders = count(len(day.orders), "order")
    if day.verdict is Verdict.EXECUTED:
        states = [str(line.status) for line in day.orders if line.status is not None]
        told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        return f"{count(len(states), 'order')} sent: {told}" if states else "No order was sent"
    if day.verdict is Verdict.RECOMMENDATION_ONLY:
        failed = count(len(day.failed_checks), "check")
        return (
            f"RECOMMENDATION ONLY: {failed} failed" if day.failed_checks else "RECOMMENDATION ONLY"
        )
    if day.verdict is Verdict.NO_ORDERS:
        return "No orders today"
    return f"{orders} proposed"


def explanation(day: DayPage) -> str:
    """Say what the verdict means for the account, and why."""
    if day.uncertain:
        names = ", ".join(line.symbol for line in day.uncertain)
        return (
            f"The fate of {names} is not known: sent, not confirmed, and not sent again. "
            "Look at the broker's own order list."
        )
    if day.verdict is Verdict.RECOMMENDATION_ONLY:
        reasons = [failure(check) for check in day.failed_checks]
        reasons += [day.verdict_reason.rstrip(".")] if day.verdict_reason else []
        return " ".join(["Nothing was sent.", *([f"{'; '.join(reasons)}."] if reasons else [])])
    if day.verdict is Verdict.NO_ORDERS:
        return day.verdict_reason or "The portfolio is already where it should be."
    if day.verdict is Verdict.EXECUTED:
        return "The orders went to the broker; the table says what became of each."
    return f"Nothing has been sent. An order may leave until {local(day.finish_line)} Bucharest."
