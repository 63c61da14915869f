"""The longest request of the protocol: placeOrder, 114 fields for a plain stock order at 178."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import RequestRefused
from simulator.exchange.conditions import Condition
from simulator.exchange.orders import Algorithm, OrderType
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.placing import layout
from simulator.tws.messages.placing.conditions import read_conditions
from simulator.tws.messages.placing.layout import Value
from simulator.tws.protocol.frames import READING_FAILED, Fields
from simulator.tws.protocol.versions import Since

UNSUPPORTED_TYPE = 387
BAG = "BAG"  # the security type of a combination
LEG_PRICES = "orderComboLegs"
MOST_LEGS, MOST_PARAMETERS = 20, 50
DARK_POOL = "IBKRATS"  # the exchange whose orders have one more field
# Other names that TWS takes for its order types, as deepentropy/ibx lists them.
SYNONYMS = {
    "LIMIT": "LMT", "MARKET": "MKT", "STOP": "STP", "STPLMT": "STP LMT", "STOP LIMIT": "STP LMT",
    "TRAILING STOP": "TRAIL", "MKT CLS": "MOC", "LMT CLS": "LOC", "RELATIVE": "REL",
    "PEG PRIM": "REL", "TRAILLMT": "TRAIL LIMIT", "MKT TO LMT": "MTL",
    "PEGMKT": "PEG MKT", "PEGMID": "PEG MID", "MIDPX": "MIDPRICE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LegRequest:
    """One leg of a combination as a client describes it."""

    con_id: int
    ratio: int
    action: str


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A placeOrder request. Prices and quantity are None where the client left them unset."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: float | None
    order_type: str
    limit_price: float | None
    time_in_force: str  # empty where the client named none
    account: str
    order_ref: str
    what_if: bool
    unsupported: tuple[str, ...]  # features of TWS orders the simulator has not
    aux_price: float | None = None  # the stop, or how far a trailing stop stays behind
    trail_stop_price: float | None = None
    trailing_percent: float | None = None
    transmit: bool = True
    parent_id: int = 0
    oca_group: str = ""
    oca_type: int = 0
    legs: tuple[LegRequest, ...] = ()
    percent_offset: float | None = None
    limit_offset: float | None = None
    good_after: str = ""
    good_till: str = ""
    outside_hours: bool = False
    algorithm: Algorithm | None = None
    conditions: tuple[Condition, ...] = ()
    conditions_name_zones: bool = True
    conditions_ignore_hours: bool = False
    conditions_cancel: bool = False


def read_place_order(fields: Fields, *, now: datetime) -> PlaceOrder:
    """Decode the request, every field by its type. Raises `RequestRefused` (320, 343, 387).

    ``now`` is the day that a time without a date belongs to.
    """
    order_id = fields.identify("orderId")
    contract = ContractQuery.read(fields)
    order: dict[str, Value] = dict(layout.read(fields, layout.TERMS))
    order["orderType"] = SYNONYMS.get(str(order["orderType"]), order["orderType"])
    if order["orderType"] not in set(OrderType):
        # What follows has another layout for some of the types that are not taken.
        raise RequestRefused(
            "Unsupported order type for this exchange and security type.", code=UNSUPPORTED_TYPE
        )
    legs: tuple[LegRequest, ...] = ()
    if contract.sec_type == BAG:
        legs = tuple(_legs(fields))
        order.update(_leg_prices(fields))
    order.update(layout.read(fields, layout.ATTRIBUTES))
    if fields.version < Since.NO_FA_PROFILE:
        order.update(layout.read(fields, layout.FA_PROFILE))
    order.update(_advanced(fields))
    algorithm = _algorithm(fields)
    order.update(layout.read(fields, layout.ALGO_END))
    conditions, name_zones = read_conditions(fields, now=now)
    if conditions:
        order.update(layout.read(fields, layout.CONDITIONS_END))
    order.update(layout.read(fields, layout.TAIL))
    later = (name for name, since in layout.LATER.items() if fields.version >= since)
    order.update(layout.read(fields, " ".join(later)))
    if fields.version >= Since.PEG_BEST:
        fields.skip(*_of_pegs(contract, str(order["orderType"])))
    fields.end()
    return replace(
        _request(order_id, contract, order, legs),
        algorithm=algorithm,
        conditions=conditions,
        conditions_name_zones=name_zones,
        conditions_ignore_hours=bool(order.get("conditionsIgnoreRth")),
        conditions_cancel=bool(order.get("conditionsCancelOrder")),
        good_after=str(order["goodAfterTime"]),
        good_till=str(order["goodTillDate"]),
        outside_hours=bool(order["outsideRth"]),
    )


def _advanced(fields: Fields) -> Iterator[tuple[str, Value]]:
    """Read what hardly any order has; sections are only there when an earlier field says so."""
    order = dict(layout.read(fields, layout.ATTRIBUTES_END))
    # Real TWS sends the literal "None" in openOrder, so a recovered order brings it back, and
    # with it the 8 fields of a delta-neutral order.
    if order["deltaNeutralOrderType"]:
        order.update(layout.read(fields, layout.DELTA_NEUTRAL))
    order.update(layout.read(fields, layout.TRAILING))
    if order["scalePriceIncrement"]:
        order.update(layout.read(fields, layout.SCALE))
    order.update(layout.read(fields, layout.HEDGE))
    if order["hedgeType"]:
        fields.skip("hedgeParam")
    order.update(layout.read(fields, layout.CLEARING))
    if order["deltaNeutralContract"]:
        fields.skip("conId", "delta", "price")
    yield from order.items()


def _of_pegs(contract: ContractQuery, order_type: str) -> Iterator[str]:
    """Name the fields that end the request for one exchange and for one type of order."""
    if contract.exchange == DARK_POOL:
        yield "minTradeQty"
    if order_type == OrderType.PEGGED_TO_MIDPOINT:
        yield from ("midOffsetAtWhole", "midOffsetAtHalf")


def _legs(fields: Fields) -> Iterator[LegRequest]:
    count = fields.whole("number of comboLegs")
    if not 0 < count <= MOST_LEGS:
        raise RequestRefused(
            f"Error reading request. {count} legs, a combination has 1 to {MOST_LEGS}",
            code=READING_FAILED,
        )
    for _ in range(count):
        con_id, ratio = fields.whole("leg conId"), fields.whole("leg ratio")
        action = fields.text("leg action")
        fields.skip("exchange", "openClose", "shortSaleSlot", "designatedLocation", "exemptCode")
        yield LegRequest(con_id, ratio, action)


def _leg_prices(fields: Fields) -> Iterator[tuple[str, Value]]:
    count = fields.optional_whole("number of orderComboLegs") or 0
    prices = [fields.optional_number("leg price") for _ in range(count)]
    yield LEG_PRICES, any(price is not None for price in prices)
    for _ in range(fields.optional_whole("number of smartComboRoutingParams") or 0):
        fields.skip("tag", "value")


def _algorithm(fields: Fields) -> Algorithm | None:
    name = fields.text("algoStrategy")
    if not name:
        return None
    count = fields.whole("number of algoParams")
    if not 0 <= count <= MOST_PARAMETERS:
        raise RequestRefused(
            f"Error reading request. {count} algoParams, an algorithm has 0 to {MOST_PARAMETERS}",
            code=READING_FAILED,
        )
    pairs = ((fields.text("tag"), fields.text("value")) for _ in range(count))
    return Algorithm(name, tuple(pairs))


def _request(
    order_id: int,
    contract: ContractQuery,
    order: dict[str, Value],
    legs: tuple[LegRequest, ...],
) -> PlaceOrder:
    def text(name: str) -> str:
        return str(order[name])

    def number(name: str) -> float | None:
        value = order[name]
        return None if value is None else float(value)

    def whole(name: str) -> int:
        return int(number(name) or 0)

    return PlaceOrder(
        order_id=order_id,
        contract=contract,
        action=text("action"),
        quantity=number("totalQuantity"),
        order_type=text("orderType"),
        limit_price=number("lmtPrice"),
        time_in_force=text("tif"),
        account=text("account"),
        order_ref=text("orderRef"),
        what_if=bool(order["whatIf"]),
        unsupported=tuple(_unsupported(order)),
        aux_price=number("auxPrice"),
        trail_stop_price=number("trailStopPrice"),
        trailing_percent=number("trailingPercent"),
        transmit=bool(order["transmit"]),
        parent_id=whole("parentId"),
        oca_group=text("ocaGroup"),
        oca_type=whole("ocaType"),
        legs=legs,
        percent_offset=number("percentOffset"),
        limit_offset=number("lmtPriceOffset"),
    )


def _unsupported(order: dict[str, Value]) -> Iterator[str]:
    """Name what the client asked for beyond a plain order: none of it may be ignored silently."""
    features = (
        "hedgeType", "allOrNone", "minQty", "discretionaryAmt", "cashQty", "hidden",
        "scalePriceIncrement", "deltaNeutralContract", "faGroup", LEG_PRICES,
    )  # fmt: skip
    yield from (name for name in features if order.get(name))
    if order["adjustedOrderType"] not in {"", "None"}:
        yield "adjustedOrderType"
