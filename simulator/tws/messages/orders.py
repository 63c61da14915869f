"""Open and completed orders as the gateway reports them, with the defaults of real TWS frames.

The order of the fields is the protocol's; a default stands beside each name, and what is known
of an order replaces it. Source of the defaults: frames recorded from a TWS paper account.
"""

from __future__ import annotations

from core.types import Leg
from simulator.broker.what_if import MarginPreview
from simulator.exchange.orders import OcaType, OrderRecord, OrderTerms, Status
from simulator.market.market import SMART, Instrument
from simulator.tws.messages import times
from simulator.tws.messages.contracts import block
from simulator.tws.messages.numbers import Answer
from simulator.tws.messages.placing.conditions import condition_fields
from simulator.tws.protocol.frames import UNSET_DOUBLE, UNSET_INTEGER, UNSET_TEXT, Field, message
from simulator.tws.protocol.versions import NEWEST, Since

COMBINATION = 28812380  # the conId TWS shows for every combination in US dollars

Layout = dict[str, Field | tuple[Field, ...]]

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
_OPEN_ORDER: Layout = {
    "message": Answer.OPEN_ORDER, "orderId": 0, **dict.fromkeys(_CONTRACT), **_TERMS,
    "clientId": 0, "permId": 0, "outsideRth": 0, "hidden": 0, "discretionaryAmt": 0,
    "goodAfterTime": "", "sharesAllocation": "", "faGroup": "", "faMethod": "", "faPercentage": "",
    "faProfile": "", "modelCode": "", "goodTillDate": "", "rule80A": "", "percentOffset": "",
    "settlingFirm": "", "shortSaleSlot": 0, "designatedLocation": "", "exemptCode": -1,
    "auctionStrategy": 0, "startingPrice": "", "stockRefPrice": "", "delta": "",
    "stockRangeLower": "", "stockRangeUpper": "", "displaySize": UNSET_INTEGER,
    "blockOrder": 0, "sweepToFill": 0,
    "allOrNone": 0, "minQty": "", "ocaType": 3, "eTradeOnly": 0, "firmQuoteOnly": 0,
    "nbboPriceCap": "", "parentId": 0, "triggerMethod": 0, "volatility": "", "volatilityType": 0,
    "deltaNeutralOrderType": "None", "deltaNeutralAuxPrice": "", **_DELTA_NEUTRAL,
    "continuousUpdate": 0, "referencePriceType": 0, "trailStopPrice": "", "trailingPercent": "",
    "basisPoints": "", "basisPointsType": "", "comboLegsDescrip": "", "comboLegs": (0,),
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
_COMPLETED_ORDER: Layout = {
    "message": Answer.COMPLETED_ORDER, **dict.fromkeys(_CONTRACT), **_TERMS, "permId": 0,
    "outsideRth": 0, "hidden": 0, "discretionaryAmt": 0, "goodAfterTime": "", "faGroup": "",
    "faMethod": "", "faPercentage": "", "faProfile": "", "modelCode": "",
    "goodTillDate": "", "rule80A": "", "percentOffset": "", "settlingFirm": "",
    "shortSaleSlot": 0, "designatedLocation": "", "exemptCode": -1, "startingPrice": "",
    "stockRefPrice": "", "delta": "", "stockRangeLower": "", "stockRangeUpper": "",
    "displaySize": UNSET_INTEGER, "sweepToFill": 0,
    "allOrNone": 0, "minQty": "", "ocaType": 3, "triggerMethod": 0, "volatility": "",
    "volatilityType": 0, "deltaNeutralOrderType": "None", "deltaNeutralAuxPrice": "",
    **_COMPLETED_DELTA_NEUTRAL, "continuousUpdate": 0, "referencePriceType": 0,
    "trailStopPrice": "", "trailingPercent": "", "comboLegsDescrip": "", "comboLegs": (0,),
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


# What an older protocol does not have. An open order alone has the first three.
_SINCE = {
    "duration": Since.DURATION,
    "postToAts": Since.POST_TO_ATS,
    "autoCancelParent": Since.AUTO_CANCEL_PARENT,
    **dict.fromkeys(_PEGGED, Since.PEG_BEST),
}


def contract_of(terms: OrderTerms, instrument: Instrument, *, right: str = "") -> tuple[Field, ...]:
    """Return the contract block of an order: of a combination the BAG of its underlying."""
    if not terms.legs:
        return block(instrument, right=right)
    symbol = instrument.symbol
    return (COMBINATION, symbol, "BAG", "", 0.0, right, "", SMART, "USD", symbol, "COMB")


def _known(order: OrderRecord, instrument: Instrument, account: str) -> Layout:
    terms = order.terms
    kind = terms.order_type
    limit = terms.limit_price if kind.has_limit or kind.is_pegged else None
    moments = {"goodTillDate": terms.good_till, "goodAfterTime": terms.good_after}
    return {
        **dict(zip(_CONTRACT, contract_of(terms, instrument, right="?"), strict=True)),
        "action": terms.side.value,
        "totalQuantity": terms.quantity,
        "orderType": terms.order_type.value,
        "lmtPrice": limit or 0.0,
        "auxPrice": _auxiliary(terms),
        "lmtPriceOffset": UNSET_DOUBLE if terms.limit_offset is None else terms.limit_offset,
        "percentOffset": "" if terms.offset_share is None else terms.offset_share,
        **{name: times.zoned(at) if at else "" for name, at in moments.items()},
        "outsideRth": terms.outside_hours,
        "algoStrategy": _algorithm(terms),
        "conditions": condition_fields(
            terms.conditions,
            ignore_hours=terms.conditions_ignore_hours,
            cancel=terms.conditions_cancel,
        ),
        "tif": terms.time_in_force.value,
        "ocaGroup": terms.oca_group,
        "ocaType": terms.oca_type.value if terms.oca_group else OcaType.REDUCE_ALL_WORKING.value,
        "account": account,
        "orderRef": terms.order_ref,
        "permId": order.perm_id,
        "trailingPercent": "" if terms.trail_percent is None else terms.trail_percent,
        "comboLegsDescrip": ",".join(
            f"{leg.con_id}|{leg.side.sign * leg.ratio}" for leg in terms.legs
        ),
        "comboLegs": (len(terms.legs), *(field for leg in terms.legs for field in _leg(leg))),
        "status": order.status.value,
        **_trailing_stop(order, limit),
    }


def _auxiliary(terms: OrderTerms) -> float:
    """Return the price that stands beside the limit: a stop, or a distance."""
    if terms.order_type.is_trailing:
        return terms.trail_amount or 0.0
    return (terms.offset if terms.order_type.is_pegged else terms.stop_price) or 0.0


def _algorithm(terms: OrderTerms) -> tuple[Field, ...]:
    if terms.algorithm is None:
        return ("",)
    pairs = terms.algorithm.parameters
    return (terms.algorithm.name, len(pairs), *(field for pair in pairs for field in pair))


def _leg(leg: Leg) -> tuple[Field, ...]:
    return leg.con_id, leg.ratio, leg.side.value, SMART, 0, 0, "", -1


def _trailing_stop(order: OrderRecord, limit: float | None) -> Layout:
    stop = order.terms.stop_price if order.stop is None else order.stop
    if not order.terms.order_type.is_trailing:
        # Real TWS fills the trailing stop of every limit order with the limit plus one.
        stop = None if limit is None else limit + 1
    return {
        "trailStopPrice": "" if stop is None else stop,
        "trailStopPriceAgain": UNSET_DOUBLE if stop is None else stop,
    }


def _encoded(layout: Layout, version: int, *, is_open: bool) -> bytes:
    values: list[Field] = []
    for name, value in layout.items():
        if name == "faProfile" and version >= Since.NO_FA_PROFILE:
            continue
        if version < _SINCE.get(name, 0) and (is_open or name in _PEGGED):
            continue
        values += value if isinstance(value, tuple) else (value,)
    return message(*values)


def open_order(
    order: OrderRecord,
    instrument: Instrument,
    account: str,
    *,
    extra: Layout | None = None,
    version: int = NEWEST,
) -> bytes:
    """Describe a working order; ``instrument`` is the underlying of a combination.

    135 fields at version 178 and 128 at 157, as its delta-neutral type is the literal "None"; and
    8 more for each leg.
    """
    known = _known(order, instrument, account) | {
        "orderId": order.order_id,
        "clientId": order.client_id,
        "parentId": order.terms.parent_id,
        "sharesAllocation": f"{order.perm_id}.0/{account}/{order.terms.quantity}",
        "commission": order.commission or "",
    }
    return _encoded(_OPEN_ORDER | known | (extra or {}), version, is_open=True)


def what_if_order(
    order: OrderRecord,
    instrument: Instrument,
    account: str,
    preview: MarginPreview | None,
    *,
    currency: str = "USD",
    version: int = NEWEST,
) -> bytes:
    """Answer a what-if order. Without a preview it is the empty first answer of live TWS."""
    extra: Layout = {"whatIf": 1, "commissionCurrency": currency}
    if preview is not None:
        extra = extra | preview_fields(preview)
    return open_order(order, instrument, account, extra=extra, version=version)


def preview_fields(preview: MarginPreview) -> Layout:
    """Return the margin figures of a what-if order, money in cents."""
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


def completed_order(
    order: OrderRecord, instrument: Instrument, account: str, *, version: int = NEWEST
) -> bytes:
    """Describe a finished order, with neither order id nor client id.

    100 fields at version 178 and 96 at 157; and 8 more for each leg.
    """
    known = _known(order, instrument, account) | {
        "filledQuantity": order.filled,
        "completedTime": times.zoned(order.done_at) if order.done_at else "",
        "completedStatus": completed_status(order),
    }
    return _encoded(_COMPLETED_ORDER | known, version, is_open=False)


def completed_status(order: OrderRecord) -> str:
    """Say how a finished order ended."""
    if order.status is Status.FILLED:
        return f"Filled Size: {order.filled}"
    return f"Cancelled by {order.reason or 'Trader'}"
