"""The fields of a placeOrder request, section by section."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.versions import Since

Value = str | int | float | bool | None

# Each section lists "name:kind" in wire order. Between sections come parts that are only there
# when an earlier field says so.
TERMS = """
    secIdType:text secId:text action:text totalQuantity:number orderType:text lmtPrice:number
    auxPrice:number tif:text ocaGroup:text account:text openClose:text origin:whole orderRef:text
    transmit:flag parentId:whole blockOrder:flag sweepToFill:flag displaySize:whole
    triggerMethod:whole outsideRth:flag hidden:flag"""
ATTRIBUTES = """
    sharesAllocation:text discretionaryAmt:number goodAfterTime:text goodTillDate:text faGroup:text
    faMethod:text faPercentage:text"""
FA_PROFILE = "faProfile:text"  # once
ATTRIBUTES_END = """
    modelCode:text shortSaleSlot:whole designatedLocation:text exemptCode:whole
    ocaType:whole rule80A:text settlingFirm:text allOrNone:flag minQty:whole percentOffset:number
    eTradeOnly:flag firmQuoteOnly:flag nbboPriceCap:number auctionStrategy:whole
    startingPrice:number stockRefPrice:number delta:number stockRangeLower:number
    stockRangeUpper:number overridePercentageConstraints:flag volatility:number
    volatilityType:whole deltaNeutralOrderType:text deltaNeutralAuxPrice:number"""
DELTA_NEUTRAL = """
    deltaNeutralConId:whole deltaNeutralSettlingFirm:text deltaNeutralClearingAccount:text
    deltaNeutralClearingIntent:text deltaNeutralOpenClose:text deltaNeutralShortSale:flag
    deltaNeutralShortSaleSlot:whole deltaNeutralDesignatedLocation:text"""
TRAILING = """
    continuousUpdate:flag referencePriceType:whole trailStopPrice:number trailingPercent:number
    scaleInitLevelSize:whole scaleSubsLevelSize:whole scalePriceIncrement:number"""
SCALE = """
    scalePriceAdjustValue:number scalePriceAdjustInterval:whole scaleProfitOffset:number
    scaleAutoReset:flag scaleInitPosition:whole scaleInitFillQty:whole scaleRandomPercent:flag"""
HEDGE = "scaleTable:text activeStartTime:text activeStopTime:text hedgeType:text"
CLEARING = """
    optOutSmartRouting:flag clearingAccount:text clearingIntent:text notHeld:flag
    deltaNeutralContract:flag"""
ALGO_END = """
    algoId:text whatIf:flag orderMiscOptions:text solicited:flag randomizeSize:flag
    randomizePrice:flag"""
CONDITIONS_END = "conditionsIgnoreRth:flag conditionsCancelOrder:flag"
TAIL = """
    adjustedOrderType:text triggerPrice:number lmtPriceOffset:number adjustedStopPrice:number
    adjustedStopLimitPrice:number adjustedTrailingAmount:number adjustableTrailingUnit:whole
    extOperator:text softDollarTierName:text softDollarTierValue:text cashQty:number
    mifid2DecisionMaker:text mifid2DecisionAlgo:text mifid2ExecutionTrader:text
    mifid2ExecutionAlgo:text dontUseAutoPriceForHedge:flag isOmsContainer:flag
    discretionaryUpToLimitPrice:flag usePriceMgmtAlgo:flag"""
LATER = {
    "duration:whole": Since.DURATION,
    "postToAts:whole": Since.POST_TO_ATS,
    "autoCancelParent:flag": Since.AUTO_CANCEL_PARENT,
    "advancedErrorOverride:text": Since.ADVANCED_REJECT,
    "manualOrderTime:text": Since.MANUAL_TIME,
}


def read(fields: Fields, section: str) -> Iterator[tuple[str, Value]]:
    """Yield the names and values of one section."""
    readers = {
        "text": fields.text,
        "whole": fields.optional_whole,
        "number": fields.optional_number,
        "flag": fields.flag,
    }
    for item in section.split():
        name, kind = item.split(":")
        yield name, readers[kind](name)
