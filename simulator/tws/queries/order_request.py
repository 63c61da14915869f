"""From what a client asks for to the terms of an order: all that can be checked without prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from core.types import Leg, Side
from simulator.broker.order_checks import BAD_TICK, OFF_GRID, rejected
from simulator.exchange.orders import OcaType, OrderTerms, OrderType
from simulator.market.market import Instrument
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.placing.request import (
    BAG,
    LEG_PRICES,
    UNSUPPORTED_TYPE,
    LegRequest,
    PlaceOrder,
)
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.order_attributes import Attributes, attributes_of, check_conditions

SHARES_ONLY, NO_ACCOUNT, FRACTIONAL = 114, 435, 10243
FRACTIONAL_TEXT = (
    "Fractional-sized order cannot be placed via API. Please use desktop version to place this "
    "order."
)
OTHER_TYPE, OTHER_ALGORITHM, NO_LEG_PRICES = 329, 440, 10058
# As QuantConnect/Lean.Brokerages.InteractiveBrokers #213 got it; no account here has the feature.
LEG_PRICES_TEXT = (
    "Combo per-leg prices are only supported for non-guaranteed smart combos with two legs and the "
    '"IECOMBOPERLEGPRICE" feature enabled.'
)
TRADED = "USD"  # the currency that accounts have trading permissions for
LARGEST_ORDER = 10_000_000  # shares
LARGEST_RATIO = 10_000


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order as the broker takes it, and what TWS remarks on it: codes and texts."""

    instrument: Instrument  # of a combination what its legs are about
    terms: OrderTerms
    notices: tuple[tuple[int, str], ...]


def read_order(
    request: PlaceOrder, accounts: Sequence[str], directory: ContractLookup, *, now: datetime
) -> OrderRead:
    """Find what an order is for and check what it asks for.

    Raises `RequestRefused` with the code and text of TWS.
    """
    instrument = instrument_of(request, directory)
    order_type = type_of(request, instrument)
    kind = BAG if request.legs else instrument.sec_type
    attributes = attributes_of(request, order_type, kind, now=now)
    check_conditions(request, directory)
    terms = terms_of(request, instrument, accounts, attributes, directory=directory)
    return OrderRead(instrument, terms, attributes.notices)


def refuse_other_kind(terms: OrderTerms, before: OrderTerms) -> None:
    """Refuse to turn a working order into one of another type (329) or algorithm (440)."""
    if terms.order_type is not before.order_type:
        raise RequestRefused(
            "Order modify failed. Cannot change to the new order type." + terms.order_type.value,
            code=OTHER_TYPE,
        )
    if terms.algorithm != before.algorithm:
        raise RequestRefused(
            "Order modify failed. Algorithm cannot be modified.", code=OTHER_ALGORITHM
        )


def instrument_of(request: PlaceOrder, directory: ContractLookup) -> Instrument:
    """Return the instrument of an order, of a combination what its legs are about.

    Raises `RequestRefused` (200) for none or several.
    """
    if not request.legs:
        return directory.one(request.contract)
    first = directory.one(query_of(request.legs[0].con_id))
    if first.sec_type == "OPT" and first.underlying is not None:
        return directory.one(query_of(first.underlying))
    return first


def query_of(con_id: int) -> ContractQuery:
    """Return a query by conId alone."""
    return ContractQuery(con_id, "", "", "", "", "", "")


def terms_of(
    request: PlaceOrder,
    instrument: Instrument,
    accounts: Sequence[str],
    attributes: Attributes,
    *,
    directory: ContractLookup,
) -> OrderTerms:
    """Return the terms of an order. Raises `RequestRefused` with the code and text of TWS."""
    side, order_type = _side(request), OrderType(request.order_type)
    stop, amount, percent = _trigger(request, order_type)
    offset, share = _offset(request, order_type)
    limit, limit_offset = _limit(request, order_type)
    return OrderTerms(
        con_id=instrument.con_id,
        side=side,
        quantity=_quantity(request),
        order_type=order_type,
        limit_price=limit,
        limit_offset=limit_offset,
        time_in_force=attributes.time_in_force,
        order_ref=request.order_ref,
        stop_price=stop,
        trail_amount=amount,
        trail_percent=percent,
        parent_id=request.parent_id,
        oca_group=request.oca_group,
        oca_type=_oca_type(request),
        legs=_legs(request.legs, directory),
        account=account_of(request.account, accounts),
        offset=offset,
        offset_share=share,
        good_till=attributes.good_till,
        good_after=attributes.good_after,
        outside_hours=attributes.outside_hours,
        conditions=request.conditions,
        conditions_ignore_hours=request.conditions_ignore_hours,
        conditions_cancel=request.conditions_cancel,
        # TWS drops Adaptive, the only one that comes this far, from a combination without a word.
        algorithm=None if request.legs else request.algorithm,
    )


def type_of(request: PlaceOrder, instrument: Instrument) -> OrderType:
    """Return the type of an order, or refuse what it asks for on this contract."""
    if LEG_PRICES in request.unsupported:
        raise RequestRefused(LEG_PRICES_TEXT, code=NO_LEG_PRICES)
    if request.unsupported:
        raise rejected(f"not available in the simulator: {', '.join(request.unsupported)}")
    if instrument.currency != TRADED and instrument.sec_type != "CASH":
        raise rejected(f"No trading permissions for {instrument.currency}")
    if request.order_type not in set(OrderType) or (
        instrument.sec_type in {"IND", "BOND"} and not request.legs
    ):
        raise RequestRefused(
            "Unsupported order type for this exchange and security type.", code=UNSUPPORTED_TYPE
        )
    order_type = OrderType(request.order_type)
    if order_type.is_pegged and (request.legs or instrument.sec_type != "STK"):
        if order_type is OrderType.RELATIVE:
            raise RequestRefused("Relative orders are valid for stocks only.", code=SHARES_ONLY)
        raise RequestRefused(
            "Unsupported order type for this exchange and security type.", code=UNSUPPORTED_TYPE
        )
    return order_type


def account_of(said: str, accounts: Sequence[str]) -> str:
    """Return the account a client names, empty for the first one."""
    if not said and len(accounts) > 1:
        raise RequestRefused("You must specify an account.", code=NO_ACCOUNT)
    if said not in {"", *accounts}:
        raise _invalid(f"Invalid account code {said!r}")
    return "" if said == accounts[0] else said


def _side(request: PlaceOrder) -> Side:
    if request.action not in set(Side):
        raise _invalid(f"Invalid side {request.action!r}")
    return Side(request.action)


def _quantity(request: PlaceOrder) -> int:
    quantity = request.quantity or 0.0
    if not float(quantity).is_integer():
        raise RequestRefused(FRACTIONAL_TEXT, code=FRACTIONAL)
    if not 0 < quantity <= LARGEST_ORDER:
        raise _invalid(
            f"Invalid quantity {quantity:g}: a whole number from 1 to {LARGEST_ORDER} is expected"
        )
    return int(quantity)


def _limit(request: PlaceOrder, order_type: OrderType) -> tuple[float | None, float | None]:
    """Return the limit price, of a pegged order its cap, and how far it trails behind a stop."""
    limit = request.limit_price
    if order_type is OrderType.TRAIL_LIMIT:
        return _trailing_limit(request)
    if not order_type.has_limit and not (order_type.is_pegged and limit):
        return None, None
    # The net price of a combination may be nothing, or below: its buyer then receives.
    if limit is None or not (limit > 0 or request.legs):
        raise RequestRefused(OFF_GRID, code=BAD_TICK)
    return limit, None


def _trailing_limit(request: PlaceOrder) -> tuple[float, float]:
    """Return where a trailing limit begins and how far it lies beyond its stop: one tells both."""
    stop, limit, offset = request.trail_stop_price, request.limit_price, request.limit_offset
    if not stop:
        raise _invalid("Please enter a stop price")
    if bool(limit) is (offset is not None):
        raise _invalid("You must specify one value: limit price or limit price offset value.")
    sign = Side(request.action).sign
    if offset is None:
        return limit or 0.0, round(sign * ((limit or 0.0) - stop), 6)
    return round(stop + sign * offset, 6), offset


def _trigger(
    request: PlaceOrder, order_type: OrderType
) -> tuple[float | None, float | None, float | None]:
    """Return stop price, trailing amount and trailing percentage, as far as the type has them."""
    distance, percent = request.aux_price, request.trailing_percent
    if not order_type.has_trigger:
        return None, None, None
    if not order_type.is_trailing:
        if distance is None or not (distance > 0 or request.legs):
            raise RequestRefused(OFF_GRID, code=BAD_TICK)
        return distance, None, None
    if bool(distance) == bool(percent):
        raise _invalid("A trailing stop needs either an amount or a percentage")
    if (distance or 0.0) < 0 or not 0 <= (percent or 0.0) < 100:
        raise _invalid("A trailing stop stays behind by more than nothing and less than 100 %")
    return request.trail_stop_price, distance or None, percent or None


def _offset(request: PlaceOrder, order_type: OrderType) -> tuple[float | None, float | None]:
    """Return how far a pegged order stands off, in money and as a fraction of the price."""
    if not order_type.is_pegged or order_type is OrderType.MIDPRICE:
        return None, None
    relative = order_type is OrderType.RELATIVE
    offset, share = request.aux_price, request.percent_offset if relative else None
    if (offset or 0.0) < 0 or not 0 <= (share or 0.0) < 1:
        raise _invalid("The offset of a pegged order is not below nothing")
    if offset and share:
        raise _invalid("A relative order needs either an offset amount or a percentage")
    return offset or None, share or None


def _oca_type(request: PlaceOrder) -> OcaType:
    if not request.oca_type or not request.oca_group:
        return OcaType.REDUCE_ALL_WORKING
    if request.oca_type not in set(OcaType):
        raise _invalid(f"Invalid OCA type {request.oca_type}")
    return OcaType(request.oca_type)


def _legs(requested: Sequence[LegRequest], directory: ContractLookup) -> tuple[Leg, ...]:
    legs = []
    for leg in requested:
        instrument = directory.one(query_of(leg.con_id))
        if leg.action not in set(Side) or not 0 < leg.ratio <= LARGEST_RATIO:
            raise _invalid(f"Invalid leg {leg.action!r} {leg.ratio} of {leg.con_id}")
        if instrument.sec_type in {"IND", "CASH", "BOND"} or instrument.currency != TRADED:
            raise rejected(f"{instrument.local_symbol} cannot be a leg")
        legs.append(Leg(leg.con_id, Side(leg.action), leg.ratio))
    if len({leg.con_id for leg in legs}) < len(legs):
        raise _invalid("The same contract is two legs")
    return tuple(legs)


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bO' : cause - {cause}", code=VALIDATION_FAILED
    )
