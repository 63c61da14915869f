"""Where orders stand, and what was executed, as the gateway reports it."""

from __future__ import annotations

from core.types import Side
from simulator.exchange.orders import Execution, OrderRecord
from simulator.market.market import SMART, Instrument
from simulator.tws.messages import times
from simulator.tws.messages.contracts import block
from simulator.tws.messages.numbers import Answer
from simulator.tws.messages.orders import contract_of
from simulator.tws.protocol.frames import UNSET_DOUBLE, message
from simulator.tws.protocol.versions import NEWEST, Since


def order_status(order: OrderRecord) -> bytes:
    """State where an order stands: 12 fields, no version."""
    return message(
        Answer.ORDER_STATUS, order.order_id, order.status.value, order.filled, order.remaining,
        order.average_price, order.perm_id, order.terms.parent_id, order.last_price,
        order.client_id, order.why_held, 0.0,
    )  # fmt: skip


def execution_details(
    request_id: int,
    execution: Execution,
    order: OrderRecord,
    instrument: Instrument,
    account: str,
    *,
    at: str = "",
    version: int = NEWEST,
) -> bytes:
    """Report an execution: 32 fields at version 178. ``request_id`` is -1 as it happens.

    ``at`` is its time as this gateway writes it; empty: in the zone of New York.
    """
    side = "BOT" if execution.side is Side.BUY else "SLD"
    combined = execution.is_combination
    contract = contract_of(order.terms, instrument) if combined else block(instrument)
    exchange = SMART if combined else instrument.primary_exchange
    pending = (0,) if version >= Since.PENDING_PRICE else ()
    return message(
        Answer.EXECUTION, request_id, order.order_id, *contract, execution.execution_id,
        at or times.zoned(execution.time), account, exchange, side,
        execution.quantity, execution.price, order.perm_id, order.client_id, 0,
        execution.cumulative_quantity, execution.average_price, order.terms.order_ref, "", "",
        "", 2, *pending,
    )  # fmt: skip


def commission_report(execution: Execution, currency: str, *, in_base: float = 1.0) -> bytes:
    """Report what an execution cost and gained: exactly 8 fields.

    ``in_base`` turns the gain into the currency of the commission.
    """
    realized = UNSET_DOUBLE if execution.realized is None else execution.realized * in_base
    return message(
        Answer.COMMISSION_REPORT, 1, execution.execution_id, execution.commission, currency,
        realized, UNSET_DOUBLE, "",
    )  # fmt: skip


def open_order_end() -> bytes:
    """Say that all open orders were described."""
    return message(Answer.OPEN_ORDER_END, 1)


def completed_orders_end() -> bytes:
    """Say that all completed orders were described."""
    return message(Answer.COMPLETED_ORDERS_END)


def execution_end(request_id: int) -> bytes:
    """Say that all executions of the request were reported."""
    return message(Answer.EXECUTION_END, 1, request_id)
