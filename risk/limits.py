"""What a limit is, and the one test every number has to pass: finite and within."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import core.limits as terms
from core.limits import Term
from core.settings import LimitSettings
from core.types.labels import symbol_of

# A limit may be reached: the optimiser puts weights exactly on 0.12, and 0.1 + 0.02 is a little
# more than that. On a weight 1e-9 is a tenth of a cent in a million.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that must not be exceeded, and the setting that says so."""

    value: float
    unit: str
    setting: str

    @classmethod
    def of(cls, term: Term[Any], value: float) -> Limit:
        """Return the limit that a setting states, in the words of its definition."""
        return cls(float(value), term.unit, term.setting)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    ``value`` is None when it could not be measured, which never passes where there is a limit, or
    when there is no number to it. ``limit`` is None for information, which always passes, and for
    what is simply right or wrong, like a status.
    """

    name: str
    value: float | None
    limit: float | None
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a portfolio, an account and one order, as the gate uses them."""

    gross: Limit
    gross_change: Limit
    net: Limit
    invested: Limit
    single: Limit
    sector: Limit
    unknown_sector: Limit
    turnover: Limit
    value_at_risk: Limit
    expected_shortfall: Limit
    unmeasured: Limit
    beta: Limit
    short_beta: Limit
    missing: Limit
    adv_share: Limit
    order_value: Limit
    price_collar: Limit
    trade_risk: Limit
    orders: Limit
    session_orders: Limit
    daily_loss: Limit
    drawdown: Limit
    losing_days: Limit

    @classmethod
    def of(cls, settings: LimitSettings) -> Limits:
        """Return the limits that these settings state."""
        return cls(
            gross=Limit.of(terms.MAX_GROSS, settings.max_gross),
            gross_change=Limit.of(terms.MAX_GROSS_CHANGE, settings.max_gross_change),
            net=Limit.of(terms.MAX_NET, settings.max_net),
            invested=Limit.of(terms.CASH_BUFFER, 1.0 - settings.cash_buffer),
            single=Limit.of(terms.MAX_SINGLE, settings.max_single),
            sector=Limit.of(terms.MAX_SECTOR, settings.max_sector),
            unknown_sector=Limit.of(terms.MAX_UNKNOWN_SECTOR, settings.max_unknown_sector),
            turnover=Limit.of(terms.MAX_TURNOVER, settings.max_turnover),
            value_at_risk=Limit.of(terms.MAX_VAR, settings.max_var),
            expected_shortfall=Limit.of(terms.MAX_CVAR, settings.max_cvar),
            unmeasured=Limit.of(terms.MAX_UNMEASURED, settings.max_unmeasured),
            beta=Limit.of(terms.MAX_BETA, settings.max_beta),
            short_beta=Limit(
                -settings.min_beta, "against the market", "limits.min_beta with its sign changed"
            ),
            missing=Limit.of(terms.MIN_COVERAGE, 1.0 - settings.min_coverage),
            adv_share=Limit.of(terms.MAX_ADV_SHARE, settings.max_adv_share),
            order_value=Limit.of(terms.MAX_ORDER_VALUE, settings.max_order_value),
            price_collar=Limit.of(terms.PRICE_COLLAR, settings.price_collar),
            trade_risk=Limit.of(terms.MAX_TRADE_RISK, settings.max_trade_risk),
            orders=Limit.of(terms.MAX_ORDERS, settings.max_orders),
            session_orders=Limit.of(terms.MAX_ORDERS_PER_SESSION, settings.max_orders_per_session),
            daily_loss=Limit.of(terms.MAX_DAILY_LOSS, settings.max_daily_loss),
            drawdown=Limit.of(terms.MAX_DRAWDOWN, settings.max_drawdown),
            losing_days=Limit.of(terms.MAX_CONSECUTIVE_LOSSES, settings.max_consecutive_losses),
        )


def within(value: float, limit: float) -> bool:
    """Tell whether a number is finite and not above its limit. NaN is never within anything.

    >>> within(0.12, 0.12), within(0.121, 0.12), within(math.nan, 0.12)
    (True, False, False)
    """
    return math.isfinite(value) and value <= limit + TOLERANCE


def number(value: object) -> float:
    """Return a number as float, and NaN for whatever is none: None, text, true and false.

    >>> number("7"), number(7), number(None), number(True)
    (nan, 7.0, nan, nan)
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return math.nan
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return math.nan


def is_restricted(con_id: int, symbol: str, restricted: Iterable[str]) -> bool:
    """Tell whether an instrument is on the restricted list, by conId or by symbol.

    >>> is_restricted(265598, "AAPL", ["aapl"]), is_restricted(265598, "AAPL", ["265598"])
    (True, True)
    >>> is_restricted(1, "VOD@LSE:GBP", ["vod"])  # every listing of it
    True
    """
    listed = {entry.strip().casefold() for entry in restricted}
    names = {symbol.strip().casefold(), symbol_of(symbol).strip().casefold()} - {""}
    return str(con_id) in listed or not names.isdisjoint(listed)


def check(
    name: str, value: float, limit: Limit, detail: str = "", *, either_way: bool = False
) -> Check:
    """Hold a number against its limit; ``either_way`` holds its size, and keeps its sign.

    >>> check("gross", 1.3, Limit(1.2, "of net asset value", "limits.max_gross")).detail
    '1.3 above 1.2 of net asset value (limits.max_gross)'
    >>> short = Limit(0.4, "of net asset value", "limits.max_net")
    >>> check("net", -0.5, short, either_way=True).detail
    '-0.5 beyond ±0.4 of net asset value (limits.max_net)'
    """
    if not math.isfinite(value):
        shown = f"could not be measured; {limit.setting} allows {limit.value:g} {limit.unit}"
        return Check(name, None, limit.value, passed=False, detail=_join(detail, shown))
    passed = within(abs(value) if either_way else value, limit.value)
    relation = "within" if passed else "beyond" if either_way else "above"
    left, right = apart(value, limit.value)
    if either_way:
        left, right = apart(abs(value), limit.value)
        left, right = f"-{left}" if value < 0.0 else left, f"±{right}"
    shown = f"{left} {relation} {right} {limit.unit} ({limit.setting})"
    return Check(name, value, limit.value, passed=passed, detail=_join(detail, shown))


def apart(value: float, limit: float) -> tuple[str, str]:
    """Write a value and its limit, with the digits that it takes to tell them apart.

    >>> apart(1.3, 1.2), apart(1.20001, 1.2)
    (('1.3', '1.2'), ('1.20001', '1.2'))
    """
    short = f"{value:.4g}", f"{limit:g}"
    if short[0] == short[1] and not math.isclose(value, limit, rel_tol=1e-12):
        return f"{value:.12g}", f"{limit:.12g}"
    return short


def in_words(value: object, form: str = ",.2f") -> str:
    """Write a number, or that it is not known where it is none.

    >>> in_words(1234.5), in_words(None)
    ('1,234.50', 'not known')
    """
    found = number(value)
    return format(found, form) if math.isfinite(found) else "not known"


def information(name: str, value: float, detail: str) -> Check:
    """State a number that has no limit."""
    known = value if math.isfinite(value) else None
    return Check(name, known, None, passed=True, detail=detail)


def _join(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
