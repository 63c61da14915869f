"""The account's own limits: what it lost since yesterday, from its high, and how many days running.

Pure: whoever asks brings the net asset values on record, of sessions before this one only, and
where the kill switch stands. No record at all is a first day and passes; a record that cannot
be read fails everything that rests on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.text.counts import count
from risk.limits import Check, Limits, check, in_words, number

_REMEDY = "after a review, or where money was moved: limits.account_since"
ACTIVE, REDUCING = "active", "reducing"  # of the kill switch; whatever else it says, it stops


@dataclass(frozen=True, slots=True, order=True)
class Valuation:
    """What the account was worth, in the base currency, at one moment of an earlier session."""

    session: date
    as_of: datetime
    net_asset_value: float


@dataclass(frozen=True, slots=True)
class History:
    """What is on record of an account."""

    valuations: tuple[Valuation, ...] = ()  # of sessions before this one
    unreadable: str = ""  # why the records cannot be used; empty where they can


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the gate has to know of the account beside its positions."""

    kill_switch: str  # "active", "reducing" or "halted"
    history: History = History()
    orders_before: int = 0  # of this session, committed to or changed before this batch


def daily_values(valuations: Sequence[Valuation]) -> tuple[float, ...]:
    """Return each session's first value, oldest first: one day's decision to the next one's.

    Later values of a session would make a day of the hours between them.
    """
    first: dict[date, float] = {}
    for one in sorted(valuations, key=lambda each: (each.session, each.as_of)):
        first.setdefault(one.session, number(one.net_asset_value))
    return tuple(first.values())


def loss_since_last(values: Sequence[float], present: float) -> float:
    """Return the loss since the last value as a fraction of it; below zero for a gain.

    >>> round(loss_since_last([110.0, 100.0], 95.0), 6)
    0.05
    """
    return 1.0 - present / values[-1]


def drawdown(valuations: Sequence[Valuation], present: float) -> float:
    """Return how far the present value is below the highest on record, as a fraction of it.

    >>> from datetime import UTC
    >>> day = datetime(2026, 7, 20, tzinfo=UTC)
    >>> round(drawdown([Valuation(day.date(), day, 200.0)], 150.0), 6)
    0.25
    """
    highest = max(present, *(number(one.net_asset_value) for one in valuations))
    return 1.0 - present / highest


def losing_days(values: Sequence[float], present: float) -> int:
    """Return how many days running, up to the present, ended below the one before.

    >>> losing_days([100.0, 102.0, 101.0], 99.0)
    2
    """
    days = [*values, present]
    running = 0
    while running < len(values) and days[-1 - running] < days[-2 - running]:
        running += 1
    return running


def account_checks(
    account: AccountState, *, net_asset_value: float, orders: int, reduces: bool, rules: Limits
) -> Iterator[Check]:
    """Hold the account against its limits.

    ``orders`` counts the batch; ``reduces`` tells that it opens nothing and makes nothing larger.
    """
    yield _kill_switch(account.kill_switch, reduces=reduces)
    total = number(account.orders_before) + orders
    yield check("orders this session", total, rules.session_orders)
    valuations, trouble = account.history.valuations, _unusable(account.history)
    values = daily_values(valuations)
    yield Check(
        "account history",
        float(len(values)),
        None,
        passed=not trouble,
        detail=trouble or f"{count(len(values), 'earlier session')} on record",
    )
    if not values and not trouble:
        for name in ("daily loss", "drawdown", "losing days"):
            yield Check(name, None, None, passed=True, detail="no history yet")
        return
    present = net_asset_value
    known = not trouble and math.isfinite(present) and present > 0.0
    lost = loss_since_last(values, present) if known else math.nan
    below = drawdown(valuations, present) if known else math.nan
    losing = float(losing_days(values, present)) if known else math.nan
    last = f"since {max(one.session for one in valuations)}" if valuations else ""
    for name, value, limit in (
        ("daily loss", lost, rules.daily_loss),
        ("drawdown", below, rules.drawdown),
        ("losing days", losing, rules.losing_days),
    ):
        found = check(name, value, limit, last if name == "daily loss" else "")
        yield found if found.passed else replace(found, detail=f"{found.detail}; {_REMEDY}")


def _unusable(history: History) -> str:
    """Return why a history cannot be used; empty where it can."""
    trouble = history.unreadable
    bad = [
        one
        for one in history.valuations
        if not (math.isfinite(number(one.net_asset_value)) and number(one.net_asset_value) > 0.0)
    ]
    if bad and not trouble:
        told = in_words(bad[0].net_asset_value)
        trouble = f"the net asset value of {bad[0].session} is {told}, not a positive number"
    return trouble


def _kill_switch(state: object, *, reduces: bool) -> Check:
    told = {
        ACTIVE: "orders may pass",
        REDUCING: "only positions may be reduced, and "
        + ("nothing else happens" if reduces else "something is opened or grows"),
    }.get(state if isinstance(state, str) else "")
    if told is None:
        where = state if isinstance(state, str) and state else "its state is not known"
        told = f"{where}: nothing may be sent"
    passed = state == ACTIVE or (state == REDUCING and reduces)
    return Check("kill switch", None, None, passed=passed, detail=told)
