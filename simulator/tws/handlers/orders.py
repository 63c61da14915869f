"""Placing, previewing (what-if), changing and cancelling orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.calendar import session
from core.errors import RequestRefused
from simulator.broker.order_checks import CANCELLED, WAS_CANCELLED
from simulator.broker.what_if import MarginPreview
from simulator.clock import NEW_YORK
from simulator.exchange.orders import OrderRecord, OrderTerms, Status
from simulator.market.market import Instrument
from simulator.prices.announcements import Announcements
from simulator.prices.market_view import phase
from simulator.prices.trading_hours import extended_session
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers.order_reports import send_order
from simulator.tws.messages import orders as frames
from simulator.tws.messages import times
from simulator.tws.messages.numbers import Request
from simulator.tws.messages.placing.request import PlaceOrder, read_place_order
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.versions import Since
from simulator.tws.queries.order_request import read_order, refuse_other_kind

ORDER_MESSAGE, PRESET_APPLIED = 399, 10349


def place_order(client: ClientSession, fields: Fields) -> None:
    """Place a new order, change a working one, keep one for later, or preview it (what-if)."""
    gateway = client.gateway
    broker = gateway.broker
    request = read_place_order(fields, now=broker.now)
    order = read_order(request, broker.accounts, gateway.directory, now=broker.now)
    terms = order.terms
    if request.what_if:
        _preview(client, request, terms, order.instrument)
        return
    assert client.client_id is not None
    for code, text in order.notices:
        client.error(request.order_id, code, text)
    known = broker.find(client.client_id, request.order_id)
    if known is not None:
        if not known.status.is_done:
            refuse_other_kind(terms, known.terms)
        broker.modify(known, terms)
        return
    if not request.time_in_force:
        client.error(
            request.order_id, PRESET_APPLIED, "Order TIF was set to DAY based on order preset."
        )
    broker.hold(terms, order_id=request.order_id, client_id=client.client_id)
    if request.transmit:
        for order_id in broker.untransmitted.family(client.client_id, request.order_id):
            _transmit(client, order_id)


def _transmit(client: ClientSession, order_id: int) -> None:
    """Send one order that was kept; what speaks against it is told under its own number."""
    broker = client.gateway.broker
    assert client.client_id is not None
    try:
        broker.transmit(client.client_id, order_id)
    except RequestRefused as refusal:
        client.error(order_id, refusal.code, str(refusal))
        return
    placed = broker.find(client.client_id, order_id)
    assert placed is not None
    if placed.status is Status.PRE_SUBMITTED and not broker.is_open(placed.terms):
        _warn_of_closed_market(client, placed)


def _preview(
    client: ClientSession, request: PlaceOrder, terms: OrderTerms, instrument: Instrument
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
    account = terms.account or gateway.broker.account
    previewed = OrderRecord(
        perm_id=0,
        order_id=request.order_id,
        client_id=client.client_id,
        terms=terms,
        placed_at=gateway.broker.now,
        status=Status.PRE_SUBMITTED,
    )
    client.send(
        *(
            frames.what_if_order(
                previewed,
                instrument,
                account,
                answer,
                currency=gateway.view.base,
                version=client.version,
            )
            for answer in (None, effect)
        )
    )


def _beyond_equity(effect: MarginPreview) -> MarginPreview:
    return replace(effect, maintenance_after=effect.equity_after * 1.1 + 1.0)


def _warn_of_closed_market(client: ClientSession, order: OrderRecord) -> None:
    now, view = client.gateway.broker.now, client.gateway.view
    warning = closed_market_warning(
        order.terms, view.instrument(order.terms.con_id, now), view.announced, now
    )
    client.error(order.order_id, ORDER_MESSAGE, warning)
    # The warning made ib_async call the order invalid; TWS repeats where it stands.
    send_order(client, order)


def closed_market_warning(
    terms: OrderTerms, instrument: Instrument, announced: Announcements, now: datetime
) -> str:
    """Say when an order that was accepted while the exchange is closed will reach it."""
    opens = phase(now).next_open
    if not announced.take_place(opens.date()):
        opens = session(announced.next_day(opens.date())).open
    if terms.outside_hours:
        opens, _ = extended_session(opens.date())
    return (
        f"Order Message:\n{terms.side.value} {terms.quantity} {instrument.symbol} "
        f"{instrument.primary_exchange}\nWarning: Your order will not be placed at the exchange "
        f"until {opens.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} {times.ZONE_NAME}."
    )


def cancel_order(client: ClientSession, fields: Fields) -> None:
    """Cancel one of the client's own orders, also one that was not transmitted yet."""
    fields.skip("version")
    order_id = fields.identify("orderId")
    if fields.version >= Since.MANUAL_TIME:
        fields.skip("manualCancelOrderTime")
    fields.end()
    assert client.client_id is not None
    broker = client.gateway.broker
    if broker.untransmitted.take(client.client_id, order_id) is None:
        broker.cancel(client.client_id, order_id)
    else:
        client.error(order_id, CANCELLED, WAS_CANCELLED)


def global_cancel(client: ClientSession, fields: Fields) -> None:
    """Cancel every working order, whoever placed it."""
    fields.skip("version")
    fields.end()
    client.gateway.broker.cancel_all()


HANDLERS = {
    Request.PLACE_ORDER: place_order,
    Request.CANCEL_ORDER: cancel_order,
    Request.GLOBAL_CANCEL: global_cancel,
}
