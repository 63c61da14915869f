"""Conditions of an order on the wire, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from core.errors import RequestRefused
from simulator.exchange.conditions import Condition, ConditionKind
from simulator.tws.messages import times
from simulator.tws.messages.placing.moments import CONDITION, Moment, read_moment
from simulator.tws.protocol.frames import READING_FAILED, Field, Fields

MOST_CONDITIONS = 20
# The fields of each kind behind its number and its conjunction, in wire order.
LAYOUTS: Mapping[ConditionKind, str] = {
    ConditionKind.PRICE: "above value con_id exchange method",
    ConditionKind.TIME: "above at",
    ConditionKind.MARGIN: "above value",
    ConditionKind.EXECUTION: "sec_type exchange symbol",
    ConditionKind.VOLUME: "above value con_id exchange",
    ConditionKind.CHANGE: "above value con_id exchange",
}


def read_conditions(fields: Fields, *, now: datetime) -> tuple[tuple[Condition, ...], bool]:
    """Read the conditions of an order, and whether all their moments name a zone.

    Raises `RequestRefused` for too many, for a kind that does not exist (320) and for a time that
    is none (343).
    """
    count = fields.optional_whole("number of conditions") or 0
    if not 0 <= count <= MOST_CONDITIONS:
        raise RequestRefused(
            f"Error reading request. {count} conditions, an order has 0 to {MOST_CONDITIONS}",
            code=READING_FAILED,
        )
    found, moments = [], []
    for _ in range(count):
        condition, moment = _read(fields, now)
        found.append(condition)
        moments += [moment] if moment else []
    return tuple(found), all(moment.names_zone for moment in moments)


def _read(fields: Fields, now: datetime) -> tuple[Condition, Moment | None]:
    number = fields.whole("condition type")
    if number not in set(ConditionKind):
        raise RequestRefused(
            f"Error reading request. Unknown condition type {number}", code=READING_FAILED
        )
    kind = ConditionKind(number)
    joined = fields.text("conjunction")
    if joined not in {"a", "o"}:
        raise RequestRefused(
            f"Error reading request. {joined!r} is neither a nor o, for conjunction",
            code=READING_FAILED,
        )
    moment = None
    values: dict[str, bool | int | float | str | datetime] = {}
    for name in LAYOUTS[kind].split():
        match name:
            case "above":
                values[name] = fields.flag("isMore")
            case "value":
                values[name] = fields.number("value of a condition")
            case "con_id" | "method":
                values[name] = fields.whole(f"{name} of a condition")
            case "at":
                moment = read_moment(fields.text("time of a condition"), CONDITION, now=now)
                values[name] = moment.at
            case _:
                values[name] = fields.text(f"{name} of a condition")
    return Condition(kind, joined == "a", **values), moment  # type: ignore[arg-type]


def condition_fields(
    conditions: Sequence[Condition], *, ignore_hours: bool, cancel: bool
) -> tuple[Field, ...]:
    """Return the conditions as openOrder and completedOrder have them."""
    if not conditions:
        return (0,)
    each = (field for one in conditions for field in _fields(one))
    return (len(conditions), *each, ignore_hours, cancel)


def _fields(condition: Condition) -> Iterator[Field]:
    yield condition.kind.value
    yield "a" if condition.and_next else "o"
    for name in LAYOUTS[condition.kind].split():
        value = getattr(condition, name)
        yield times.zoned(value) if isinstance(value, datetime) else value
