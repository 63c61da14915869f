"""The longest request of the protocol: placeOrder, 114 fields for a plain stock order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import RequestRefused
from simulator.messages.contracts import ContractQuery
from simulator.wire import READING_FAILED, Fields

Value = str | int | float | bool | None

# Each section lists "name:kind" in wire order. Between sections come parts that are only there
# when an earlier field says so.
_TERMS = """
    secIdType:text secId:text action:text totalQuantity:number orderType:text lmtPrice:number
    auxPrice:number tif:text ocaGroup:text account:text openClose:text origin:whole orderRef:text
    transmit:flag parentId:whole blockOrder:flag sweepToFill:flag displaySize:whole
    triggerMethod:whole outsideRth:flag hidden:flag"""
_ATTRIBUTES = """
    sharesAllocation:text discretionaryAmt:number goodAfterTime:text goodTillDate:text faGroup:text
    faMethod:text faPercentage:text modelCode:text shortSaleSlot:whole designatedLocation:text
    exemptCode:whole ocaType:whole rule80A:text settlingFirm:text allOrNone:flag minQty:whole
    percentOffset:number eTradeOnly:flag firmQuoteOnly:flag nbboPriceCap:number
    auctionStrategy:whole startingPrice:number stockRefPrice:number delta:number
    stockRangeLower:number stockRangeUpper:number overridePercentageConstraints:flag
    volatility:number volatilityType:whole deltaNeutralOrderType:text deltaNeutralAuxPrice:number"""
_DELTA_NEUTRAL = """
    deltaNeutralConId:whole deltaNeutralSettlingFirm:text deltaNeutralClearingAccount:text
    deltaNeutralClearingIntent:text deltaNeutralOpenClose:text deltaNeutralShortSale:flag
    deltaNeutralShortSaleSlot:whole deltaNeutralDesignatedLocation:text"""
_TRAILING = """
    continuousUpdate:flag referencePriceType:whole trailStopPrice:number trailingPercent:number
    scaleInitLevelSize:whole scaleSubsLevelSize:whole scalePriceIncrement:number"""
_SCALE = """
    scalePriceAdjustValue:number scalePriceAdjustInterval:whole scaleProfitOffset:number
    scaleAutoReset:flag scaleInitPosition:whole scaleInitFillQty:whole scaleRandomPercent:flag"""
_HEDGE = "scaleTable:text activeStartTime:text activeStopTime:text hedgeType:text"
_CLEARING = """
    optOutSmartRouting:flag clearingAccount:text clearingIntent:text notHeld:flag
    deltaNeutralContract:flag"""
_ALGO_END = """
    algoId:text whatIf:flag orderMiscOptions:text solicited:flag randomizeSize:flag
    randomizePrice:flag"""
_TAIL = """
    adjustedOrderType:text triggerPrice:number lmtPriceOffset:number adjustedStopPrice:number
    adjustedStopLimitPrice:number adjustedTrailingAmount:number adjustableTrailingUnit:whole
    extOperator:text softDollarTierName:text softDollarTierValue:text cashQty:number
    mifid2DecisionMaker:text mifid2DecisionAlgo:text mifid2ExecutionTrader:text
    mifid2ExecutionAlgo:text dontUseAutoPriceForHedge:flag isOmsContainer:flag
    discretionaryUpToLimitPrice:flag usePriceMgmtAlgo:flag duration:whole postToAts:whole
    autoCancelParent:flag advancedErrorOverride:text manualOrderTime:text"""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A placeOrder request. Prices and quantity are None where the client left them unset."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: float | None
    order_type: str
    limit_price: float | None
    time_in_force: str
    account: str
    order_ref: str
    what_if: bool
    unsupported: tuple[str, ...]  # features of TWS orders the simulator has not


def read_place_order(fields: Fields) -> PlaceOrder:
    """Decode the request, every field by its type. Raises `RequestRefused` (320)."""
    order_id = fields.identify("orderId")
    contract = ContractQuery.read(fields)
    if contract.sec_type == "BAG":
        raise RequestRefused(
            "Error reading request. Combinations are not traded here", code=READING_FAILED
        )
    order: dict[str, Value] = dict(_section(fields, _TERMS + _ATTRIBUTES))
    # Real TWS sends the literal "None" in openOrder, so a recovered order brings it back, and
    # with it the 8 fields of a delta-neutral order.
    if order["deltaNeutralOrderType"]:
        order.update(_section(fields, _DELTA_NEUTRAL))
    order.update(_section(fields, _TRAILING))
    if order["scalePriceIncrement"]:
        order.update(_section(fields, _SCALE))
    order.update(_section(fields, _HEDGE))
    if order["hedgeType"]:
        fields.skip("hedgeParam")
    order.update(_section(fields, _CLEARING))
    if order["deltaNeutralContract"]:
        fields.skip("conId", "delta", "price")
    order.update(_algorithm(fields))
    order.update(_section(fields, _ALGO_END))
    order.update(_conditions(fields))
    order.update(_section(fields, _TAIL))
    fields.end()
    return _request(order_id, contract, order)


def _section(fields: Fields, layout: str) -> Iterator[tuple[str, Value]]:
    readers = {
        "text": fields.text,
        "whole": fields.optional_whole,
        "number": fields.optional_number,
        "flag": fields.flag,
    }
    for item in layout.split():
        name, kind = item.split(":")
        yield name, readers[kind](name)


def _algorithm(fields: Fields) -> Iterator[tuple[str, Value]]:
    name = fields.text("algoStrategy")
    yield "algoStrategy", name
    if name:
        for _ in range(fields.whole("number of algoParams")):
            fields.skip("tag", "value")


def _conditions(fields: Fields) -> Iterator[tuple[str, Value]]:
    count = fields.optional_whole("number of conditions") or 0
    if count:
        # Each kind of condition has its own length; none can be traded here, so none is decoded.
        raise RequestRefused(
            "Error reading request. Conditions are not supported", code=READING_FAILED
        )
    yield "conditions", count


def _request(order_id: int, contract: ContractQuery, order: dict[str, Value]) -> PlaceOrder:
    def text(name: str) -> str:
        return str(order[name])

    def number(name: str) -> float | None:
        value = order[name]
        return None if value is None else float(value)

    return PlaceOrder(
        order_id=order_id,
        contract=contract,
        action=text("action"),
        quantity=number("totalQuantity"),
        order_type=text("orderType"),
        limit_price=number("lmtPrice"),
        time_in_force=text("tif") or "DAY",
        account=text("account"),
        order_ref=text("orderRef"),
        what_if=bool(order["whatIf"]),
        unsupported=tuple(_unsupported(order)),
    )


def _unsupported(order: dict[str, Value]) -> Iterator[str]:
    """Name what the client asked for beyond a plain order: none of it may be ignored silently."""
    if not order["transmit"]:
        yield "transmit=False"
    features = (
        "parentId", "ocaGroup", "algoStrategy", "hedgeType", "goodAfterTime", "goodTillDate",
        "allOrNone", "minQty", "discretionaryAmt", "cashQty", "hidden", "scalePriceIncrement",
        "deltaNeutralContract", "faGroup", "outsideRth",
    )  # fmt: skip
    yield from (name for name in features if order[name])
