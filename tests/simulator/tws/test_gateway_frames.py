from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ib_async import Bag, Client, ComboLeg, Contract, LimitOrder, Order, OrderState
from ib_async.decoder import Decoder

from core.types import Leg, Side
from simulator.broker.what_if import MarginPreview
from simulator.exchange.orders import Execution, OrderRecord, Status
from simulator.tws.messages import executions, times
from simulator.tws.messages import orders as frames
from simulator.tws.messages.placing.request import read_place_order
from simulator.tws.protocol.frames import Fields
from tests.simulator.tiny_market import INSTRUMENTS, OPEN, limit_order, market_order

ACCOUNT = "DU0000001"
PREVIEW = MarginPreview(0.0, 0.0, 1000.0, 50.0, 25.0, 999.0, 1.0)


def an_order(**changes):
    plain = {
        "perm_id": 1_000_000_007,
        "order_id": 12,
        "client_id": 3,
        "terms": limit_order(quantity=100, limit=99.5, ref="run:ACME"),
        "placed_at": OPEN,
        "status": Status.SUBMITTED,
    }
    return OrderRecord(**plain | changes)


def split(frame):
    return frame[4:].decode().split("\0")[:-1]


class Caught:
    """Keeps what the real decoder makes of a frame."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *values: self.calls.append((name, values))


def decoded(frame, version=178):
    caught = Caught()
    Decoder(caught, version).interpret(split(frame))
    ((name, values),) = caught.calls
    return name, values


def test_an_open_order_has_135_fields_and_the_real_decoder_reads_them_all():
    frame = frames.open_order(an_order(), INSTRUMENTS[0], ACCOUNT)
    assert len(split(frame)) == 135
    name, (number, contract, order, state) = decoded(frame)
    assert (name, number) == ("openOrder", 12)
    assert (contract.symbol, contract.right, contract.exchange) == ("ACME", "?", "SMART")
    assert (order.action, order.totalQuantity, order.lmtPrice) == ("BUY", 100, 99.5)
    assert (order.tif, order.orderRef, order.account) == ("DAY", "run:ACME", ACCOUNT)
    assert (order.permId, order.clientId) == (1_000_000_007, 3)
    assert (order.deltaNeutralOrderType, order.clearingIntent) == ("None", "IB")
    assert (order.displaySize, order.ocaType, order.trailStopPrice) == (2147483647, 3, 100.5)
    assert (order.exemptCode, order.whatIf, order.midOffsetAtHalf) == (-1, False, Order().delta)
    assert (state.status, state.initMarginChange) == ("Submitted", "1.7976931348623157E308")


def test_the_first_answer_to_a_what_if_order_is_all_unset_and_the_second_is_not():
    first, second = (
        decoded(frames.what_if_order(an_order(), INSTRUMENTS[0], ACCOUNT, preview))[1]
        for preview in (None, PREVIEW)
    )
    assert first[2].whatIf
    assert float(first[3].initMarginChange) == OrderState().commission
    assert second[3].initMarginChange == "50.00"
    assert second[3].equityWithLoanChange == "-1.00"
    assert (second[3].commission, second[3].commissionCurrency) == (1.0, "USD")


LEGS = (Leg(11, Side.BUY, 1), Leg(12, Side.SELL, 2))


@pytest.mark.parametrize(("version", "opened", "completed"), [(178, 135, 100), (157, 128, 96)])
@pytest.mark.parametrize("legs", [(), LEGS])
def test_orders_have_the_fields_of_the_protocol_version(version, opened, completed, legs):
    order = an_order(terms=replace(limit_order(ref="run:ACME"), legs=legs), done_at=OPEN)
    for make, fields in ((frames.open_order, opened), (frames.completed_order, completed)):
        frame = make(order, INSTRUMENTS[0], ACCOUNT, version=version)
        assert len(split(frame)) == fields + 8 * len(legs)
        _, values = decoded(frame, version)
        contract, found = values[-3:-1]
        assert [leg.ratio for leg in contract.comboLegs or []] == [leg.ratio for leg in legs]
        # The fields at both ends are in their places.
        assert (found.orderRef, found.midOffsetAtHalf) == ("run:ACME", Order().midOffsetAtHalf)


def test_an_execution_has_31_fields_for_an_old_client():
    execution = Execution(
        "e.1", 7, 101, market_order().side, 40, 100.02, OPEN, 1.0, None, 40, 100.02
    )
    frame = executions.execution_details(
        -1, execution, an_order(), INSTRUMENTS[0], ACCOUNT, version=157
    )
    assert len(split(frame)) == 31


def test_a_combination_is_a_bag_with_its_legs_described():
    order = an_order(terms=replace(limit_order(), legs=LEGS))
    frame = frames.open_order(order, INSTRUMENTS[0], ACCOUNT)
    _, (_, contract, _, _) = decoded(frame)
    assert (contract.secType, contract.conId, contract.tradingClass) == ("BAG", 28812380, "COMB")
    assert contract.comboLegsDescrip == "11|1,12|-2"
    assert [(leg.conId, leg.action) for leg in contract.comboLegs] == [(11, "BUY"), (12, "SELL")]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"status": Status.FILLED, "filled": 100}, "Filled", "Filled Size: 100"),
        ({"status": Status.CANCELLED}, "Cancelled", "Cancelled by Trader"),
        ({"status": Status.CANCELLED, "reason": "System"}, "Cancelled", "Cancelled by System"),
    ],
)
def test_a_completed_order_has_100_fields_and_no_order_id(changes, status, said):
    frame = frames.completed_order(an_order(done_at=OPEN, **changes), INSTRUMENTS[0], ACCOUNT)
    assert len(split(frame)) == 100
    name, (contract, order, state) = decoded(frame)
    assert (name, contract.conId) == ("completedOrder", 101)
    assert (order.orderId, order.clientId) == (0, 0)
    assert (order.permId, order.orderRef) == (1_000_000_007, "run:ACME")
    assert order.filledQuantity == changes.get("filled", 0)
    assert (state.status, state.completedStatus) == (status, said)
    assert state.completedTime == "20260615 09:30:00 US/Eastern"


def test_a_market_order_has_no_limit_price():
    order = an_order(terms=market_order())
    fields = decoded(frames.open_order(order, INSTRUMENTS[0], ACCOUNT))[1]
    assert (fields[2].orderType, fields[2].lmtPrice) == ("MKT", 0.0)
    assert fields[2].trailStopPrice == Order().trailStopPrice


def test_an_execution_has_32_fields_and_its_time_has_a_zone():
    execution = Execution(
        "e.1", 7, 101, market_order().side, 40, 100.02, OPEN, 1.0, None, 40, 100.02
    )
    frame = executions.execution_details(-1, execution, an_order(), INSTRUMENTS[0], ACCOUNT)
    fields = split(frame)
    assert len(fields) == 32
    assert fields[14:20] == [
        "e.1", "20260615 09:30:00 US/Eastern", ACCOUNT, "NASDAQ", "BOT", "40",
    ]  # fmt: skip


def test_a_commission_report_has_exactly_8_fields():
    execution = Execution("e.1", 7, 101, market_order().side, 40, 100.0, OPEN, 1.0, -5.5, 40, 100.0)
    name, (report,) = decoded(executions.commission_report(execution, "USD"))
    assert name == "commissionReport"
    assert (report.execId, report.commission, report.realizedPNL) == ("e.1", 1.0, -5.5)
    assert len(split(executions.commission_report(execution, "USD"))) == 8


def test_an_order_status_has_12_fields():
    assert len(split(executions.order_status(an_order()))) == 12


class SendingClient(Client):
    """Keeps what would go over the wire."""

    def __init__(self, version):
        super().__init__(wrapper=None)
        self.sent = []
        self.connState = Client.CONNECTED
        self._serverVersion = version

    def sendMsg(self, text):  # noqa: N802 - ib_async's name
        self.sent.append(text)


@pytest.mark.parametrize("version", [157, 178])
def test_a_place_order_is_read_to_its_last_field_at_either_version(version):
    client = SendingClient(version)
    bag = Bag(symbol="ACME", comboLegs=[ComboLeg(11, 1, "BUY", "SMART")])
    trailing = Order(
        action="SELL", totalQuantity=5, orderType="TRAIL", trailingPercent=2.5,
        trailStopPrice=95.0, tif="GTC", ocaGroup="g", ocaType=2, parentId=4, transmit=False,
        account="DU1", orderRef="r", deltaNeutralOrderType="None", whatIf=True,
    )  # fmt: skip
    client.placeOrder(9, bag, trailing)
    fields = Fields(client.sent[0].encode(), version=version)
    fields.skip("message id")
    request = read_place_order(fields, now=OPEN)
    assert (request.order_id, request.quantity, request.what_if) == (9, 5.0, True)
    assert (request.trailing_percent, request.trail_stop_price) == (2.5, 95.0)
    assert (request.oca_group, request.oca_type, request.parent_id) == ("g", 2, 4)
    assert (request.transmit, request.unsupported) == (False, ())
    assert [(leg.con_id, leg.ratio, leg.action) for leg in request.legs] == [(11, 1, "BUY")]


def test_a_recovered_order_sends_122_fields_and_a_fresh_one_114():
    client = Client(wrapper=None)
    sent = []
    client.sendMsg = lambda text: sent.append(text.split("\0")[:-1])
    client.connState = Client.CONNECTED
    client._serverVersion = 178
    fresh = LimitOrder("BUY", 1, 1.0)
    recovered = LimitOrder("BUY", 1, 1.0, deltaNeutralOrderType="None")
    for order in (fresh, recovered):
        client.placeOrder(1, Contract(), order)
    assert [len(fields) for fields in sent] == [114, 122]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260615-13:30:00", datetime(2026, 6, 15, 13, 30, tzinfo=UTC)),
        ("20260615 09:30:00 US/Eastern", datetime(2026, 6, 15, 13, 30, tzinfo=UTC)),
        ("20260615 09:30:00", datetime(2026, 6, 15, 13, 30, tzinfo=UTC)),
        ("20260615  16:30:00 Europe/Bucharest", datetime(2026, 6, 15, 13, 30, tzinfo=UTC)),
        ("20260615", None),
        ("", None),
        ("20260615 25:00:00", None),
        ("20260615 09:30:00 ../etc/passwd", None),
    ],
)
def test_moments_are_read_in_the_spellings_of_tws(text, moment):
    assert times.parse(text) == moment
