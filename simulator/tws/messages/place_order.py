"""The longest request of the protocol: placeOrder, 114 fields for a plain stock order at 178."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import RequestRefused
from simulator.exchange.orders import OrderType
from simulator.tws.messages import place_order_layout as layout
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.place_order_layout import Value
from simulator.tws.protocol.frames import READING_FAILED, Fields
from simulator.tws.protocol.versions import Since

UNSUPPORTED_TYPE = 387
BAG = "BAG"  # the security type of a combination
MOST_LEGS = 20


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


def read_place_order(fields: Fields) -> PlaceOrder:
    """Decode the request, every field by its type. Raises `RequestRefused` (320, 387)."""
    order_id = fields.identify("orderId")
    contract = ContractQuery.read(fields)
    order: dict[str, Value] = dict(layout.read(fields, layout.TERMS))
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
    order.update(layout.read(fields, layout.ATTRIBUTES_END))
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
    order.update(_algorithm(fields))
    order.update(layout.read(fields, layout.ALGO_END))
    order.update(_conditions(fields))
    order.update(layout.read(fields, layout.TAIL))
    later = (name for name, since in layout.LATER.items() if fields.version >= since)
    order.update(layout.read(fields, " ".join(later)))
    fields.end()
    return _request(order_id, contract, order, legs)


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
    yield "orderComboLegs", any(price is not None for price in prices)
    for _ in range(fields.optional_whole("number of smartComboRoutingParams") or 0):
        fields.skip("tag", "value")


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
    )


def _unsupported(order: dict[str, Value]) -> Iterator[str]:
    """Name what the client asked for beyond a plain order: none of it may be ignored silently."""
    features = (
        "algoStrategy", "hedgeType", "goodAfterTime", "goodTillDate",
        "allOrNone", "minQty", "discretionaryAmt", "cashQty", "hidden", "scalePriceIncrement",
        "deltaNeutralContract", "faGroup", "outsideRth", "orderComboLegs",
    )  # fmt: skip
    yield from (name for name in features if order.get(name))
    if order["adjustedOrderType"] not in {"", "None"}:
        yield "adjustedOrderType"
