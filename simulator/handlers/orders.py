"""Placing, rehearsing, changing and cancelling orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.errors import RequestRefused
from core.types import OrderType, Side
from simulator.broker import BAD_TICK, OFF_GRID, REJECTED
from simulator.client import VALIDATION_FAILED, Client
from simulator.handlers.order_reports import send_order
from simulator.market import Instrument
from simulator.messages import orders as frames
from simulator.messages import times
from simulator.messages.numbers import Request
from simulator.messages.place_order import PlaceOrder, read_place_order
from simulator.orders import OrderRecord, OrderTerms, Status, TimeInForce
from simulator.tape import NEW_YORK, phase
from simulator.valuation import BASE, MarginPreview
from simulator.wire import Fields

UNSUPPORTED_TYPE, ORDER_MESSAGE = 387, 399
LARGEST_ORDER = 10_000_000  # shares


def place_order(client: Client, fields: Fields) -> None:
    """Place a new order, change a working one, or rehearse."""
    request = read_place_order(fields)
    broker = client.gateway.broker
    instrument = client.gateway.directory.one(request.contract)
    terms = terms_of(request, instrument, broker.account)
    if request.what_if:
        _rehearse(client, request, terms, instrument)
        return
    assert client.client_id is not None
    known = broker.find(client.client_id, request.order_id)
    if known is not None:
        broker.modify(known, terms)
        return
    broker.place(terms, order_id=request.order_id, client_id=client.client_id)
    placed = broker.find(client.client_id, request.order_id)
    if placed is not None and placed.status is Status.PRE_SUBMITTED:
        _warn_of_closed_market(client, placed, instrument)


def terms_of(request: PlaceOrder, instrument: Instrument, account: str) -> OrderTerms:
    """Check what can be checked of an order without looking at the account.

    Raises `RequestRefused` with the code and text of TWS.
    """
    _refuse_unavailable(request, instrument)
    if request.action not in set(Side):
        raise _invalid(f"Invalid side {request.action!r}")
    if request.time_in_force not in set(TimeInForce):
        raise _invalid(f"Invalid time in force {request.time_in_force!r}")
    if request.account not in {"", account}:
        raise _invalid(f"Invalid account code {request.account!r}")
    order_type = OrderType(request.order_type)
    return OrderTerms(
        con_id=instrument.con_id,
        side=Side(request.action),
        quantity=_quantity(request),
        order_type=order_type,
        limit_price=_limit(request) if order_type is OrderType.LIMIT else None,
        time_in_force=TimeInForce(request.time_in_force),
        order_ref=request.order_ref,
    )


def _refuse_unavailable(request: PlaceOrder, instrument: Instrument) -> None:
    if request.unsupported:
        listed = ", ".join(request.unsupported)
        raise RequestRefused(
            f"Order rejected - reason:not available in the simulator: {listed}", code=REJECTED
        )
    if instrument.currency != BASE:
        raise RequestRefused(
            f"Order rejected - reason:No trading permissions for {instrument.currency}",
            code=REJECTED,
        )
    if request.order_type not in set(OrderType):
        raise RequestRefused(
            "Unsupported order type for this exchange and security type.", code=UNSUPPORTED_TYPE
        )


def _quantity(request: PlaceOrder) -> int:
    quantity = request.quantity or 0.0
    if not 0 < quantity <= LARGEST_ORDER or quantity != int(quantity):
        raise _invalid(
            f"Invalid quantity {quantity:g}: a whole number from 1 to {LARGEST_ORDER} is expected"
        )
    return int(quantity)


def _limit(request: PlaceOrder) -> float:
    limit = request.limit_price or 0.0
    if not limit > 0:
        raise RequestRefused(OFF_GRID, code=BAD_TICK)
    return limit


def _rehearse(
    client: Client, request: PlaceOrder, terms: OrderTerms, instrument: Instrument
) -> None:
    """Answer a what-if as live TWS does: an empty first answer, then the real one."""
    gateway = client.gateway
    gateway.broker.reserve_order_id(request.order_id)
    effect = gateway.broker.what_if(terms)
    if gateway.faults.whatif_silent:
        return
    if gateway.faults.hits("reject_margin", instrument.symbol):
        effect = _beyond_equity(effect)
    assert client.client_id is not None
    rehearsed = OrderRecord(
        perm_id=0,
        order_id=request.order_id,
        client_id=client.client_id,
        terms=terms,
        placed_at=gateway.broker.now,
        status=Status.PRE_SUBMITTED,
    )
    client.send(
        *(
            frames.what_if_order(rehearsed, instrument, gateway.broker.account, answer)
            for answer in (None, effect)
        )
    )


def _beyond_equity(effect: MarginPreview) -> MarginPreview:
    return replace(effect, maintenance_after=effect.equity_after * 1.1 + 1.0)


def _warn_of_closed_market(client: Client, order: OrderRecord, instrument: Instrument) -> None:
    text = closed_market_warning(order.terms, instrument, client.gateway.broker.now)
    client.error(order.order_id, ORDER_MESSAGE, text)
    # The warning made ib_async call the order invalid; TWS repeats where it stands.
    send_order(client, order)


def closed_market_warning(terms: OrderTerms, instrument: Instrument, now: datetime) -> str:
    """Say when an order that was accepted while the exchange is closed will reach it."""
    opens: datetime = phase(now).next_open
    return (
        f"Order Message:\n{terms.side.value} {terms.quantity} {instrument.symbol} "
        f"{instrument.primary_exchange}\nWarning: Your order will not be placed at the exchange "
        f"until {opens.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} {times.ZONE_NAME}."
    )


def cancel_order(client: Client, fields: Fields) -> None:
    """Cancel one of the client's own orders."""
    fields.skip("version")
    order_id = fields.identify("orderId")
    fields.skip("manualCancelOrderTime")
    fields.end()
    assert client.client_id is not None
    client.gateway.broker.cancel(client.client_id, order_id)


def global_cancel(client: Client, fields: Fields) -> None:
    """Cancel every working order, whoever placed it."""
    fields.skip("version")
    fields.end()
    client.gateway.broker.cancel_all()


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bO' : cause - {cause}", code=VALIDATION_FAILED
    )


HANDLERS = {
    Request.PLACE_ORDER: place_order,
    Request.CANCEL_ORDER: cancel_order,
    Request.GLOBAL_CANCEL: global_cancel,
}
