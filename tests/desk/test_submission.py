import fcntl
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import GatewayTimeout
from core.types import Order, OrderState, OrderStatus, OrderType, Side
from desk.keys import order_ref
from desk.store import BatchExists, DeskStore, IntentState
from desk.submission import DeskBusy, NotPermitted, submit
from desk.ticket import Ticket, TicketLine, TicketStatus

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
SESSION = date(2026, 6, 15)


def an_order(con_id=1, side=Side.BUY, quantity=100):
    return Order(
        con_id=con_id,
        symbol=f"S{con_id}",
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=10.0,
        time_in_force="DAY",
        order_ref=order_ref("DU1", SESSION, con_id, side),
    )


def a_ticket(*orders, **changes):
    lines = tuple(TicketLine(o, 10.0, 1000.0, 0.0, 0.1, None, None, None, None) for o in orders)
    plain = Ticket(
        account="DU1",
        mode="sim",
        session=SESSION,
        run_key="key",
        status=TicketStatus.PROPOSED,
        decided_at=NOW,
        finish_line=NOW + timedelta(hours=2),
        net_asset_value=1e6,
        lines=lines,
    )
    return replace(plain, **changes)


class Exchange:
    """Remembers every order it was sent."""

    def __init__(self):
        self.sent = []

    def order_states(self):
        return {order.order_ref: self._state(order) for order in self.sent}

    def place_orders(self, orders, *, timeout):
        self.sent.extend(orders)
        return tuple(self._state(order) for order in orders)

    def _state(self, order):
        return OrderState(
            order.order_ref, order.con_id, order.symbol, order.side, order.quantity,
            OrderStatus.WORKING, 0.0, 7,
        )  # fmt: skip


class Silent(Exchange):
    def order_states(self):
        raise GatewayTimeout("no answer")


class DiesAfterSending(Exchange):
    def __init__(self, delivered):
        super().__init__()
        self.delivered = delivered

    def place_orders(self, orders, *, timeout):
        self.sent.extend(orders[: self.delivered])
        raise GatewayTimeout("gone")


@pytest.fixture
def desk(tmp_path):
    store = DeskStore(tmp_path / "desk.sqlite")

    def send(ticket, broker, now=NOW):
        return submit(ticket, broker, store, folder=tmp_path, now=now, acknowledge_timeout=1.0)

    send.store, send.folder = store, tmp_path
    yield send
    store.close()


def test_submitting_twice_sends_once(desk):
    broker = Exchange()
    first = desk(a_ticket(an_order(1), an_order(2)), broker)
    second = desk(a_ticket(an_order(1), an_order(2)), broker)
    assert (first.sent, second.sent, len(broker.sent)) == (2, 0, 2)
    assert {s.status for s in second.states} == {OrderStatus.WORKING}


def test_a_second_opinion_on_the_same_session_sends_nothing(desk):
    broker = Exchange()
    desk(a_ticket(an_order(1)), broker)
    desk(a_ticket(an_order(1, quantity=200), an_order(3)), broker)
    assert [o.con_id for o in broker.sent] == [1]


@pytest.mark.parametrize("delivered", [0, 1, 2])
def test_a_crash_while_sending_never_duplicates_and_reports_the_unknown(desk, delivered):
    orders = [an_order(1), an_order(2)]
    broker = DiesAfterSending(delivered)
    with pytest.raises(GatewayTimeout):
        desk(a_ticket(*orders), broker)
    again = Exchange()
    again.sent = list(broker.sent)
    outcome = desk(a_ticket(*orders), again)
    assert len(again.sent) == delivered
    assert len(outcome.uncertain) == 2 - delivered


def test_silence_about_open_orders_stops_the_batch_before_the_first_byte(desk):
    broker = Silent()
    with pytest.raises(GatewayTimeout):
        desk(a_ticket(an_order(1)), broker)
    assert broker.sent == []
    assert [i.state for i in desk.store.batch("DU1", SESSION)] == [IntentState.INTENDED]
    recovered = Exchange()
    assert desk(a_ticket(an_order(1)), recovered).sent == 1


def test_past_the_finish_line_nothing_leaves(desk):
    broker = Exchange()
    with pytest.raises(NotPermitted, match="finish line 13:00 UTC"):
        desk(a_ticket(an_order(1)), broker, now=NOW + timedelta(hours=3))
    assert broker.sent == []


def test_a_committed_batch_is_not_sent_late_and_says_so(desk):
    with pytest.raises(GatewayTimeout):
        desk(a_ticket(an_order(1)), Silent())
    broker = Exchange()
    outcome = desk(a_ticket(an_order(1)), broker, now=NOW + timedelta(hours=3))
    assert broker.sent == []
    assert [s.status for s in outcome.states] == [OrderStatus.PENDING]


def test_a_recommendation_is_never_sent(desk):
    with pytest.raises(NotPermitted, match="recommendation only"):
        desk(a_ticket(an_order(1), status=TicketStatus.RECOMMENDATION_ONLY), Exchange())


def test_two_processes_cannot_send_at_once(desk):
    with (desk.folder / "DU1-2026-06-15.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DeskBusy):
            desk(a_ticket(an_order(1)), Exchange())


def test_a_batch_is_committed_whole_or_not_at_all(desk):
    commit = {"account": "DU1", "session": SESSION, "ticket_sha256": "x", "at": NOW}
    desk.store.commit_batch([an_order(1)], **commit)
    with pytest.raises(BatchExists):
        desk.store.commit_batch([an_order(2), an_order(1)], **commit)
    assert [i.order.con_id for i in desk.store.batch("DU1", SESSION)] == [1]


def test_order_names_differ_by_everything_that_makes_another_order():
    names = {
        order_ref("DU1", SESSION, 1, Side.BUY),
        order_ref("DU2", SESSION, 1, Side.BUY),
        order_ref("DU1", date(2026, 6, 16), 1, Side.BUY),
        order_ref("DU1", SESSION, 2, Side.BUY),
        order_ref("DU1", SESSION, 1, Side.SELL),
        order_ref("DU1", SESSION, 1, Side.BUY, revision=1),
    }
    assert len(names) == 6
    assert all(len(name) == 20 and name.isascii() and name.isprintable() for name in names)


def test_the_same_ticket_has_the_same_bytes():
    assert a_ticket(an_order(1)).sha256 == a_ticket(an_order(1)).sha256
    assert a_ticket(an_order(1)).sha256 != a_ticket(an_order(1, quantity=101)).sha256
