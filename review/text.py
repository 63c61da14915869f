"""How values are written, the same on the page, in messages and in the terminal."""

from __future__ import annotations

import itertools
import math
from datetime import date, datetime, timedelta

from core.calendar import BUCHAREST
from core.settings import Mode
from core.text.counts import count
from core.text.untrusted import one_line
from core.types import Side
from core.types.frozen import frozen_note
from review.day import Check, DayPage, OrderLine, Unit
from review.verdict import Verdict
from risk.figures import Figures, Measured

UNKNOWN = "\N{EN DASH}"
NOT_MEASURED = "not measured"
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


def amount(value: float | None, unit: Unit, extra: int = 0) -> str:
    """Write a limit or its value in its unit, with ``extra`` digits."""
    if unit is Unit.PERCENT:
        return percent(value, 2 + extra)
    return number(value, (2 if unit is Unit.MULTIPLE else 0) + extra)


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
    """Say when the exchange opens, seen from the moment of the decision, and odd hours."""
    when = "exchange already open"
    if day.as_of < day.opens_at:
        when = f"opens in {until(day.as_of, day.opens_at)}"
    return f"{when} · {day.hours}" if day.hours else when


def local(moment: datetime) -> str:
    """Write the time of day in Bucharest."""
    return f"{moment.astimezone(BUCHAREST):%H:%M}"


def local_day(moment: datetime) -> date:
    """Return the day of a moment in Bucharest, the day that its `local` time is of."""
    return moment.astimezone(BUCHAREST).date()


def masked(account: str) -> str:
    """Write an account id so that it can be recognised but not copied: ``DU****345``."""
    letters = "".join(itertools.takewhile(str.isalpha, account[:2]))
    rest = account.removeprefix(letters)
    return f"{letters}****{rest[-3:] if len(rest) > 5 else ''}"


def weight_change(line: OrderLine) -> str:
    """Write an order's weight before and after: ``3.1 → 7.2 %``."""
    return f"{number(100 * line.weight_before, 1)} → {percent(line.weight_after)}"


def remarks(line: OrderLine) -> str:
    """Write how an order stands, where it was sent, and its flag."""
    status = line.status.value if line.status is not None else ""
    short = f"opens {percent(line.short_opened)} short" if line.short_opened else ""
    return ", ".join(part for part in (status, short, line.flag) if part)


def volume(day: DayPage) -> str:
    """Say how many orders there are and, where every value is known, what they buy and sell."""
    orders = count(len(day.orders), "order")
    if any(line.value is None for line in day.orders):
        return orders
    bought, sold = (
        number(sum(line.value or 0.0 for line in day.orders if line.side is side), 0)
        for side in (Side.BUY, Side.SELL)
    )
    return f"{orders}: buy {bought}, sell {sold} {day.currency}{short_sales(day)}"


def short_sales(day: DayPage) -> str:
    """Say how many orders sell short, and how much; empty where none does."""
    opened = [line.short_opened for line in day.orders if line.short_opened]
    if not opened:
        return ""
    return f", {len(opened)} of them short sales that open {percent(sum(opened))} of net value"


def what_if_totals(day: DayPage) -> str:
    """Say what the orders that are left take in margin and commissions; empty without answers."""
    kept = [each for each in day.what_ifs if each.quantity_after]
    margins = [each.margin_change for each in kept if each.margin_change is not None]
    fees = [each.commission for each in kept if each.commission is not None]
    if not margins:
        return ""
    known = f"{number(sum(fees))}" + (f" for {len(fees)}" if len(fees) < len(kept) else "")
    return (
        f"what-if of {count(len(kept), 'order')}: Δ margin {number(sum(margins), 0, signed=True)} "
        f"{day.currency}, commissions {known if fees else 'not known'}"
    )


def measured(risk: Measured) -> str:
    """Write a risk with the method that found it: ``0.67 % (parametric)``."""
    told = percent(risk.value, 2) if risk.value is not None else NOT_MEASURED
    return f"{told} ({risk.method})"


def figures(day: DayPage) -> str:
    """Return the figures before and after the orders, and their limits, in one line."""
    before = f"gross {number(day.risk.gross_before)} → "
    return before + gate_figures(
        day.risk.after,
        gross_limit=f" (max {number(day.risk.gross_limit)})",
        cash_limit=f" (min {percent(day.risk.cash_limit)})",
    ).removeprefix("gross ")


def gate_figures(after: Figures, *, gross_limit: str = "", cash_limit: str = "") -> str:
    """Return the gate's figures of the portfolio that the orders lead to, in one line."""
    return (
        f"gross {number(after.gross)}{gross_limit} · net {number(after.net, signed=True)} · "
        f"VaR95 {measured(after.value_at_risk)} · CVaR95 {measured(after.expected_shortfall)} · "
        f"cash without short proceeds {percent(after.cash)}{cash_limit} · "
        f"turnover {percent(after.turnover)} · {passed(after.passed, after.checks)}"
    )


def passed(good: int, total: int) -> str:
    """Say how many checks passed."""
    return f"{good} of {count(total, 'check')} passed"


def checks_passed(day: DayPage) -> str:
    """Say how many of the gate's checks passed."""
    return passed(day.risk.after.passed, day.risk.after.checks)


def bounds(check: Check) -> tuple[str, str]:
    """Write a check's value and its limit; both empty where the detail says it in words.

    What failed never looks like what would have passed: digits are added until the two differ.
    """
    if check.unit is Unit.WORDS or check.limit is None:
        return "", ""
    if check.value is None or not math.isfinite(check.value):
        return NOT_MEASURED, amount(check.limit, check.unit)
    sign, size = "", check.value
    if check.either_way:
        sign, size = MINUS if size < 0.0 else "", abs(size)
    for extra in range(8):
        value, limit = (amount(each, check.unit, extra) for each in (size, check.limit))
        if check.passed or value != limit:
            break
    return f"{sign}{value}", f"±{limit}" if check.either_way else limit


def failure(check: Check) -> str:
    """Say in words how a check failed, with limit and value where it has them."""
    value, limit = bounds(check)
    if not limit:
        return f"{check.name}: {check.detail or 'failed'}"
    bound = "minimum" if check.at_least else "limit"
    if value == NOT_MEASURED:  # the gate's detail says so too, with the reason and the limit
        told = f": {check.detail}" if check.detail else f" could not be measured, {bound} {limit}"
        return f"{check.name}{told}"
    detail = f" ({check.detail})" if check.detail else ""
    return f"{check.name} is {value}, {bound} {limit}{detail}"


FROZEN_SHOWN = 4  # holdings whose reasons a message repeats


def frozen_told(day: DayPage) -> str:
    """Say what of the account is not traded, the first with why and what can be done."""
    shown = day.frozen[:FROZEN_SHOWN]
    reasons = [f"{one.symbol}: {one_line(one.why, 120)} ({one.remedy})" for one in shown]
    more = len(day.frozen) - len(reasons)
    rest = [f"{more} more on the page"] if more > 0 else []
    return "; ".join([frozen_note(day.frozen), *reasons, *rest]) if day.frozen else ""


def headline(day: DayPage) -> str:
    """Say in one line what the day is."""
    told = one_line(day.standing.headline)
    if day.verdict is Verdict.RECOMMENDATION_ONLY and day.failed_checks:
        return f"{told}: {count(len(day.failed_checks), 'check')} failed"
    return told


MAX_PROVENANCE = 600  # characters


def provenance(day: DayPage) -> str:
    """Say which world a day was of, and what nobody could tell about it; empty when not known."""
    unknown = f"unknown today: {', '.join(day.unknown)}" if day.unknown else ""
    return one_line("; ".join(part for part in (day.world, unknown) if part), MAX_PROVENANCE)


def explanation(day: DayPage) -> str:
    """Say what the verdict means for the account, and why."""
    told = one_line(day.standing.meaning, 1000)
    failed = "; ".join(failure(check) for check in day.failed_checks)
    if not failed:
        return told
    return f"{told} {failed}."
