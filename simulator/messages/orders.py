"""Orders and executions as the gateway reports them, with the defaults of real TWS frames.

The order of the fields is the protocol's; a default stands beside each name, and what is known
of an order replaces it. Source of the defaults: frames recorded from a TWS paper account.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.types import OrderType, Side
from simulator.market import Instrument
from simulator.messages import times
from simulator.messages.contracts import block
from simulator.messages.numbers import Answer
from simulator.orders import Execution, OrderRecord, Status
from simulator.valuation import MarginPreview
from simulator.wire import UNSET_DOUBLE, UNSET_INTEGER, UNSET_TEXT, Field, message

_CONTRACT = tuple(f"contract{number}" for number in range(11))
_DELTA_NEUTRAL: dict[str, Field] = {
    "deltaNeutralConId": 0, "deltaNeutralSettlingFirm": "", "deltaNeutralClearingAccount": "",
    "deltaNeutralClearingIntent": "", "deltaNeutralOpenClose": "?", "deltaNeutralShortSale": 0,
    "deltaNeutralShortSaleSlot": 0, "deltaNeutralDesignatedLocation": "",
}  # fmt: skip
_COMPLETED_DELTA_NEUTRAL: dict[str, Field] = {
    name: _DELTA_NEUTRAL[name]
    for name in (
        "deltaNeutralConId", "deltaNeutralShortSale", "deltaNeutralShortSaleSlot",
        "deltaNeutralDesignatedLocation",
    )
}  # fmt: skip
_TERMS: dict[str, Field] = {
    "action": "", "totalQuantity": 0, "orderType": "", "lmtPrice": 0, "auxPrice": 0, "tif": "DAY",
    "ocaGroup": "", "account": "", "openClose": "", "origin": 0, "orderRef": "",
}  # fmt: skip
_PEGGED: dict[str, Field] = {
    "minTradeQty": "", "minCompeteSize": "", "competeAgainstBestOffset": "",
    "midOffsetAtWhole": "", "midOffsetAtHalf": "",
}  # fmt: skip
_OPEN_ORDER: dict[str, Field] = {
    "message": Answer.OPEN_ORDER, "orderId": 0, **dict.fromkeys(_CONTRACT), **_TERMS,
    "clientId": 0, "permId": 0, "outsideRth": 0, "hidden": 0, "discretionaryAmt": 0,
    "goodAfterTime": "", "sharesAllocation": "", "faGroup": "", "faMethod": "", "faPercentage": "",
    "modelCode": "", "goodTillDate": "", "rule80A": "", "percentOffset": "", "settlingFirm": "",
    "shortSaleSlot": 0, "designatedLocation": "", "exemptCode": -1, "auctionStrategy": 0,
    "startingPrice": "", "stockRefPrice": "", "delta": "", "stockRangeLower": "",
    "stockRangeUpper": "", "displaySize": UNSET_INTEGER, "blockOrder": 0, "sweepToFill": 0,
    "allOrNone": 0, "minQty": "", "ocaType": 3, "eTradeOnly": 0, "firmQuoteOnly": 0,
    "nbboPriceCap": "", "parentId": 0, "triggerMethod": 0, "volatility": "", "volatilityType": 0,
    "deltaNeutralOrderType": "None", "deltaNeutralAuxPrice": "", **_DELTA_NEUTRAL,
    "continuousUpdate": 0, "referencePriceType": 0, "trailStopPrice": "", "trailingPercent": "",
    "basisPoints": "", "basisPointsType": "", "comboLegsDescrip": "", "comboLegs": 0,
    "orderComboLegs": 0, "smartComboRoutingParams": 0, "scaleInitLevelSize": UNSET_INTEGER,
    "scaleSubsLevelSize": UNSET_INTEGER, "scalePriceIncrement": "", "hedgeType": "",
    "optOutSmartRouting": 0, "clearingAccount": "", "clearingIntent": "IB", "notHeld": 0,
    "deltaNeutralContract": 0, "algoStrategy": "", "solicited": 0, "whatIf": 0, "status": "",
    "initMarginBefore": UNSET_TEXT, "maintMarginBefore": UNSET_TEXT,
    "equityWithLoanBefore": UNSET_TEXT, "initMarginChange": UNSET_TEXT,
    "maintMarginChange": UNSET_TEXT, "equityWithLoanChange": UNSET_TEXT,
    "initMarginAfter": UNSET_TEXT, "maintMarginAfter": UNSET_TEXT,
    "equityWithLoanAfter": UNSET_TEXT, "commission": "", "minCommission": "", "maxCommission": "",
    "commissionCurrency": "", "warningText": "", "randomizeSize": 0, "randomizePrice": 0,
    "conditions": 0, "adjustedOrderType": "None", "triggerPrice": UNSET_DOUBLE,
    "trailStopPriceAgain": UNSET_DOUBLE, "lmtPriceOffset": UNSET_DOUBLE,
    "adjustedStopPrice": UNSET_DOUBLE, "adjustedStopLimitPrice": UNSET_DOUBLE,
    "adjustedTrailingAmount": UNSET_DOUBLE, "adjustableTrailingUnit": 0, "softDollarTierName": "",
    "softDollarTierValue": "", "softDollarTierDisplayName": "", "cashQty": 0,
    "dontUseAutoPriceForHedge": 1, "isOmsContainer": 0, "discretionaryUpToLimitPrice": 0,
    "usePriceMgmtAlgo": 0, "duration": "", "postToAts": "", "autoCancelParent": 0, **_PEGGED,
}  # fmt: skip
_COMPLETED_ORDER: dict[str, Field] = {
    "message": Answer.COMPLETED_ORDER, **dict.fromkeys(_CONTRACT), **_TERMS, "permId": 0,
    "outsideRth": 0, "hidden": 0, "discretionaryAmt": 0, "goodAfterTime": "", "faGroup": "",
    "faMethod": "", "faPercentage": "", "modelCode": "", "goodTillDate": "", "rule80A": "",
    "percentOffset": "", "settlingFirm": "", "shortSaleSlot": 0, "designatedLocation": "",
    "exemptCode": -1, "startingPrice": "", "stockRefPrice": "", "delta": "",
    "stockRangeLower": "", "stockRangeUpper": "", "displaySize": UNSET_INTEGER, "sweepToFill": 0,
    "allOrNone": 0, "minQty": "", "ocaType": 3, "triggerMethod": 0, "volatility": "",
    "volatilityType": 0, "deltaNeutralOrderType": "None", "deltaNeutralAuxPrice": "",
    **_COMPLETED_DELTA_NEUTRAL, "continuousUpdate": 0, "referencePriceType": 0,
    "trailStopPrice": "", "trailingPercent": "", "comboLegsDescrip": "", "comboLegs": 0,
    "orderComboLegs": 0, "smartComboRoutingParams": 0, "scaleInitLevelSize": UNSET_INTEGER,
    "scaleSubsLevelSize": UNSET_INTEGER, "scalePriceIncrement": "", "hedgeType": "",
    "clearingAccount": "", "clearingIntent": "IB", "notHeld": 0, "deltaNeutralContract": 0,
    "algoStrategy": "", "solicited": 0, "status": "", "randomizeSize": 0, "randomizePrice": 0,
    "conditions": 0, "trailStopPriceAgain": UNSET_DOUBLE, "lmtPriceOffset": UNSET_DOUBLE,
    "cashQty": 0, "dontUseAutoPriceForHedge": 1, "isOmsContainer": 0, "autoCancelDate": "",
    "filledQuantity": 0, "refFuturesConId": 0, "autoCancelParent": 0, "shareholder": "",
    "imbalanceOnly": 0, "routeMarketableToBbo": 0, "parentPermId": 0, "completedTime": "",
    "completedStatus": "", **_PEGGED,
}  # fmt: skip


def _known(order: OrderRecord, instrument: Instrument, account: str) -> dict[str, Field]:
    terms = order.terms
    limit = terms.limit_price if terms.order_type is OrderType.LIMIT else None
    return {
        **dict(zip(_CONTRACT, block(instrument, right="?"), strict=True)),
        "action": terms.side.value,
        "totalQuantity": terms.quantity,
        "orderType": terms.order_type.value,
        "lmtPrice": limit or 0.0,
        "tif": terms.time_in_force.value,
        "account": account,
        "orderRef": terms.order_ref,
        "permId": order.perm_id,
        # Real TWS fills the trailing stop of every limit order with the limit plus one.
        "trailStopPrice": "" if limit is None else limit + 1,
        "trailStopPriceAgain": UNSET_DOUBLE if limit is None else limit + 1,
        "status": order.status.value,
    }


def open_order(
    order: OrderRecord,
    instrument: Instrument,
    account: str,
    *,
    extra: Mapping[str, Field] | None = None,
) -> bytes:
    """Describe a working order: 135 fields, as its delta-neutral type is the literal "None"."""
    known = _known(order, instrument, account) | {
        "orderId": order.order_id,
        "clientId": order.client_id,
        "sharesAllocation": f"{order.perm_id}.0/{account}/{order.terms.quantity}",
        "commission": order.commission or "",
    }
    return message(*(_OPEN_ORDER | known | dict(extra or {})).values())


def what_if_order(
    order: OrderRecord, instrument: Instrument, account: str, preview: MarginPreview | None
) -> bytes:
    """Answer a rehearsal. Without a preview it is the empty first answer of live TWS."""
    extra: dict[str, Field] = {"whatIf": 1, "commissionCurrency": "USD"}
    if preview is not None:
        extra |= preview_fields(preview)
    return open_order(order, instrument, account, extra=extra)


def preview_fields(preview: MarginPreview) -> dict[str, Field]:
    """Return the margin figures of a rehearsal, money in cents."""
    money = {
        "initMarginBefore": preview.initial_before,
        "maintMarginBefore": preview.maintenance_before,
        "equityWithLoanBefore": preview.equity_before,
        "initMarginChange": preview.initial_after - preview.initial_before,
        "maintMarginChange": preview.maintenance_after - preview.maintenance_before,
        "equityWithLoanChange": preview.equity_after - preview.equity_before,
        "initMarginAfter": preview.initial_after,
        "maintMarginAfter": preview.maintenance_after,
        "equityWithLoanAfter": preview.equity_after,
    }
    return {name: f"{value:.2f}" for name, value in money.items()} | {
        "commission": preview.commission
    }


def order_status(order: OrderRecord) -> bytes:
    """State where an order stands: 12 fields, no version."""
    return message(
        Answer.ORDER_STATUS, order.order_id, order.status.value, order.filled, order.remaining,
        order.average_price, order.perm_id, 0, order.last_price, order.client_id, "", 0.0,
    )  # fmt: skip


def completed_order(order: OrderRecord, instrument: Instrument, account: str) -> bytes:
    """Describe a finished order: 100 fields, and neither order id nor client id among them."""
    known = _known(order, instrument, account) | {
        "filledQuantity": order.filled,
        "completedTime": times.zoned(order.done_at) if order.done_at else "",
        "completedStatus": completed_status(order),
    }
    return message(*(_COMPLETED_ORDER | known).values())


def completed_status(order: OrderRecord) -> str:
    """Say how a finished order ended."""
    if order.status is Status.FILLED:
        return f"Filled Size: {order.filled}"
    return f"Cancelled by {order.reason or 'Trader'}"


def execution_details(
    request_id: int, execution: Execution, order: OrderRecord, instrument: Instrument, account: str
) -> bytes:
    """Report an execution: 32 fields. ``request_id`` is -1 as it happens."""
    side = "BOT" if execution.side is Side.BUY else "SLD"
    return message(
        Answer.EXECUTION, request_id, order.order_id, *block(instrument), execution.execution_id,
        times.zoned(execution.time), account, instrument.primary_exchange, side,
        execution.quantity, execution.price, order.perm_id, order.client_id, 0,
        execution.cumulative_quantity, execution.average_price, order.terms.order_ref, "", "",
        "", 2, 0,
    )  # fmt: skip


def commission_report(execution: Execution, currency: str) -> bytes:
    """Report what an execution cost and gained: exactly 8 fields."""
    realized = UNSET_DOUBLE if execution.realized is None else execution.realized
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
