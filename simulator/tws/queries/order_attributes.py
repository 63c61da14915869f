"""What an order carries beside its price and size: how long it works, when, on what conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.exchange.orders import OrderType, TimeInForce
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.placing.moments import (
    GOOD_AFTER,
    GOOD_TILL,
    NO_ZONE,
    NO_ZONE_TEXT,
    Moment,
    read_moment,
)
from simulator.tws.messages.placing.request import PlaceOrder
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.algorithms import check_algorithm
from simulator.tws.queries.contract_lookup import ContractLookup

INCOMPATIBLE, DAY_ONLY, NOT_GOOD_TILL, OUTSIDE_IGNORED = 111, 113, 334, 2109
OUTSIDE_IGNORED_TEXT = (
    "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order "
    "type and destination. PlaceOrder is now being processed."
)
# What works outside the regular session, as deepentropy/ibx found it of US shares: orders with a
# limit, unless they are for an auction or for one moment.
OUTSIDE = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.RELATIVE,
    }
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What was read, and what TWS remarks on it: codes and texts, none of them a refusal."""

    time_in_force: TimeInForce
    good_till: datetime | None
    good_after: datetime | None
    outside_hours: bool
    notices: tuple[tuple[int, str], ...]


def attributes_of(
    request: PlaceOrder, order_type: OrderType, sec_type: str, *, now: datetime
) -> Attributes:
    """Read and check the attributes of an order of this type for a contract of this kind.

    Raises `RequestRefused` with the code and text of TWS.
    """
    time_in_force = _time_in_force(request, order_type)
    good_till = _good_till(request, time_in_force, now)
    good_after = None
    if request.good_after:
        good_after = read_moment(request.good_after, GOOD_AFTER, now=now)
    if order_type is OrderType.MIDPRICE and request.outside_hours:
        raise _invalid("Midprice orders are not supported outside of regular trading hours.")
    algorithm_names_zones = request.algorithm is None or check_algorithm(
        request.algorithm, order_type, sec_type, now=now
    )
    outside = request.outside_hours and (
        order_type in OUTSIDE
        and sec_type in {"STK", "FUT"}
        and time_in_force in {TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD}
    )
    moments = [moment for moment in (good_till, good_after) if moment is not None]
    named = request.conditions_name_zones and algorithm_names_zones
    return Attributes(
        time_in_force,
        good_till.at if good_till else None,
        good_after.at if good_after else None,
        outside,
        tuple(
            _notices(
                zones=named and all(moment.names_zone for moment in moments),
                outside_ignored=request.outside_hours and not outside,
            )
        ),
    )


def check_conditions(request: PlaceOrder, directory: ContractLookup) -> None:
    """Refuse a condition on a contract that does not exist (200)."""
    for condition in request.conditions:
        if condition.kind.is_of_a_contract:
            directory.one(ContractQuery(condition.con_id, "", "", "", "", "", ""))


def _time_in_force(request: PlaceOrder, order_type: OrderType) -> TimeInForce:
    said = request.time_in_force or TimeInForce.DAY.value
    if said not in set(TimeInForce):
        raise _invalid(f"Invalid time in force {said!r}")
    time_in_force = TimeInForce(said)
    if order_type.is_for_the_close and time_in_force is not TimeInForce.DAY:
        raise RequestRefused(
            "The Tif option should be set to DAY for MOC and LOC orders.", code=DAY_ONLY
        )
    at_the_open = time_in_force is TimeInForce.OPG
    plain = order_type in {OrderType.MARKET, OrderType.LIMIT} and request.algorithm is None
    if (at_the_open and not plain) or (
        time_in_force.is_immediate and (order_type.has_trigger or request.algorithm is not None)
    ):
        raise RequestRefused(
            "The TIF (Tif type) and the order type are incompatible.", code=INCOMPATIBLE
        )
    return time_in_force


def _good_till(request: PlaceOrder, time_in_force: TimeInForce, now: datetime) -> Moment | None:
    if time_in_force is not TimeInForce.GTD:
        if request.good_till:
            raise RequestRefused("Invalid Good Till Date order", code=NOT_GOOD_TILL)
        return None
    moment = read_moment(request.good_till, GOOD_TILL, now=now)
    if moment.at <= now:
        raise RequestRefused("Invalid Good Till Date order", code=NOT_GOOD_TILL)
    return moment


def _notices(*, zones: bool, outside_ignored: bool) -> Iterator[tuple[int, str]]:
    if not zones:
        yield NO_ZONE, NO_ZONE_TEXT
    if outside_ignored:
        yield OUTSIDE_IGNORED, OUTSIDE_IGNORED_TEXT


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bH' : cause - {cause}", code=VALIDATION_FAILED
    )
