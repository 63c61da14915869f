"""IBKR's algorithms: which there are, which parameters they take, what is refused of them.

Names, bounds and texts are those that deepentropy/ibx records of a gateway. What the algorithms do
is a model: Vwap and Twap trade at the session's average price at its close, and the others leave
the order as it is. Start and end times are checked and not acted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.exchange.orders import Algorithm, OrderType
from simulator.tws.messages.placing.moments import read_moment

BAD_ENTRY, UNKNOWN_ALGORITHM, BAD_VALUE, NOT_ALLOWED, UNKNOWN_PARAMETER = 145, 439, 441, 442, 443
BAD_TIME = 10314
FLAGS = frozenset({"0", "1", "true", "false"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may be: one of some texts, a number within bounds, a time, or anything."""

    label: str = ""
    texts: frozenset[str] = frozenset()
    bounds: tuple[float, float] | None = None
    is_time: bool = False
    is_required: bool = False


_TIMES = {
    "startTime": Parameter("Start Time", is_time=True),
    "endTime": Parameter("End Time", is_time=True),
}
_PAST_END = {"allowPastEndTime": Parameter("Allow trading past end time", texts=FLAGS)}
_MOST = {"maxPctVol": Parameter("Max Percentage", bounds=(0.01, 50.0))}
_PASSIVE = {"noTakeLiq": Parameter("Attempt never to take liquidity", texts=FLAGS)}
_AVERSION = frozenset({"GetDone", "Aggressive", "Neutral", "Passive"})
_PRIORITY = frozenset({"Urgent", "Normal", "Patient"})
ALGORITHMS: Mapping[str, Mapping[str, Parameter]] = {
    "Adaptive": {"adaptivePriority": Parameter("Priority", texts=_PRIORITY)},
    "ArrivalPx": {
        **_MOST, **_TIMES, **_PAST_END,
        "riskAversion": Parameter("Urgency/Risk aversion", texts=_AVERSION),
        "forceCompletion": Parameter("Attempt completion by EOD", texts=FLAGS),
    },
    "PctVol": {
        "pctVol": Parameter("Target Percentage", bounds=(0.01, 50.0), is_required=True),
        **_TIMES, **_PASSIVE,
    },
    "Twap": {**_TIMES, **_PAST_END},
    "Vwap": {**_MOST, **_TIMES, **_PAST_END, **_PASSIVE},
}  # fmt: skip


def check_algorithm(
    algorithm: Algorithm, order_type: OrderType, sec_type: str, *, now: datetime
) -> bool:
    """Refuse what a gateway refuses; return whether all times name a zone.

    Adaptive works every type of order on every kind of contract, a combination aside: TWS takes the
    order and works it without (erdewit/ib_insync #594). The others work market and limit orders of
    shares (442).
    """
    parameters = ALGORITHMS.get(algorithm.name)
    if parameters is None:
        raise RequestRefused(
            "Order processing failed. Algorithm definition not found", code=UNKNOWN_ALGORITHM
        )
    plain = order_type in {OrderType.MARKET, OrderType.LIMIT}
    if algorithm.name != "Adaptive" and not (plain and sec_type == "STK"):
        raise RequestRefused("Specified algorithm is not allowed for this order.", code=NOT_ALLOWED)
    zones = [
        _check(parameters.get(name), name, value, now=now) for name, value in algorithm.parameters
    ]
    given = {name for name, value in algorithm.parameters if value.strip()}
    for name, parameter in parameters.items():
        if parameter.is_required and name not in given:
            raise _bad_value(f"\n'{parameter.label}' is invalid: value is required.\n")
    return all(zones)


def _check(parameter: Parameter | None, name: str, value: str, *, now: datetime) -> bool:
    """Refuse a value; return whether it is no time without a zone."""
    if parameter is None:
        raise RequestRefused(
            f"Order processing failed. Unknown algo attribute:{name}", code=UNKNOWN_PARAMETER
        )
    if not value.strip():
        return True
    if parameter.is_time:
        return read_moment(value, (BAD_TIME, name), now=now).names_zone
    if parameter.texts and value not in parameter.texts:
        raise RequestRefused(f"Error in validating entry fields -{value}", code=BAD_ENTRY)
    if parameter.bounds is not None:
        _check_bounds(parameter, name, value, *parameter.bounds)
    return True


def _check_bounds(parameter: Parameter, name: str, value: str, low: float, high: float) -> None:
    try:
        number = float(value)
    except ValueError:
        raise _bad_value(f"{name}={value}") from None
    wrong = f" '{parameter.label}' is invalid: Value is {{}} {{}}.. "
    if number < low:
        raise _bad_value(wrong.format("less than minimum value", low))
    if not number <= high:  # a number that is none is above every bound, as in TWS
        raise _bad_value(wrong.format("greater than maximum value", high))


def _bad_value(detail: str) -> RequestRefused:
    return RequestRefused(f"Algo attributes validation failed:{detail}", code=BAD_VALUE)
