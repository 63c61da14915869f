"""What the gate learns of the account: past values from disk, today's orders from the desk."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.settings import LimitSettings, Settings
from core.types import Side
from desk import kill_switch
from desk.errors import GateRefused, Throttled
from desk.gate.account_state import account_state, recorded
from desk.records.session_limits import used
from risk.account import History
from simulator.exchange.orders import OrderTerms, TimeInForce
from simulator.exchange.orders import OrderType as Kind
from tests.desk.desk_harness import MONDAY, NOW
from tests.desk.previews.test_previews import a_request, place, preview

FRIDAY, TODAY = date(2026, 6, 12), date(2026, 6, 15)


@pytest.fixture
def records(tmp_path):
    """Write snapshots down as the day does, and read what the gate is told of them."""

    class Records:
        settings = Settings(home=tmp_path)

        def put(self, name, worth, *, kind="positions", account="DU1", hour=11):
            path = tmp_path / "data" / "sim" / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            as_of = f"{name[:10]}T{hour}:00:00+00:00"
            record = {"account": account, "as_of": as_of, "net_asset_value": worth}
            path.write_text(json.dumps(record))
            return path

        def past(self, **changes):
            limits = LimitSettings(**changes)
            settings = self.settings.model_copy(update={"limits": limits})
            return recorded(settings, account="DU1", session=TODAY)

        def values(self, **changes):
            return [
                (one.session.day, one.net_asset_value) for one in self.past(**changes).valuations
            ]

    return Records()


def test_without_a_record_there_is_no_history_and_nothing_is_wrong(records):
    assert records.past() == History()


def test_only_this_accounts_records_before_the_session_count(records):
    records.put("2026-06-11.json", 100.0)
    records.put("2026-06-12.json", 90.0)
    records.put("2026-06-12.json", 95.0, kind="positions_at_close", hour=20)
    records.put("2026-06-12.r2.json", 91.0, hour=12)
    records.put("2026-06-10.json", 500.0, account="DU2")
    records.put("2026-06-15.json", 80.0)
    records.put("2026-06-16.json", 70.0)
    assert records.values() == [(11, 100.0), (12, 90.0), (12, 91.0), (12, 95.0)]
    assert records.values(account_since=FRIDAY) == [(12, 90.0), (12, 91.0), (12, 95.0)]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"account": "DU1"}', '{"account": "DU1", "as_of": "?"}']
)
def test_a_record_that_cannot_be_read_is_never_no_history(records, content):
    records.put("2026-06-11.json", 100.0)
    records.put("2026-06-12.json", 1.0).write_text(content)
    past = records.past()
    assert past.valuations == ()
    assert past.unreadable.startswith("positions/2026-06-12.json cannot be read")


def test_a_file_that_is_no_day_is_not_passed_over(records):
    records.put("2026-06-1x.json", 100.0)
    assert "2026-06-1x.json" in records.past().unreadable


def a_loss(desk, worth):
    """Let the account have been worth this on Friday."""
    path = desk.home / "data" / "sim" / "positions" / "2026-06-12.json"
    path.parent.mkdir(parents=True)
    as_of = (NOW - timedelta(days=3)).isoformat()
    record = {"account": desk.account, "as_of": as_of, "net_asset_value": worth}
    path.write_text(json.dumps(record))
    return path


def test_after_a_loss_beyond_the_limit_no_ticket_leaves(desk):
    a_loss(desk, 1.1e6)
    with pytest.raises(GateRefused, match=r"daily loss: since 2026-06-12: 0\.09091 above 0\.05"):
        desk.submit(desk.approved(desk.an_order(0)))
    assert desk.at_exchange() == []


def test_after_a_loss_no_single_order_passes_either(desk):
    path = a_loss(desk, 1.3e6)
    failed = {check.name for check in preview(desk).checks if not check.passed}
    assert failed == {"daily loss", "drawdown"}
    path.write_text("no JSON")
    failed = {check.name for check in preview(desk).checks if not check.passed}
    assert failed == {"account history", "daily loss", "drawdown", "losing days"}


def test_the_gate_sees_where_the_kill_switch_stands(desk):
    def stop():
        found = account_state(desk.store, desk.settings, account=desk.account, session=TODAY)
        return found.kill_switch

    assert stop() == "active"
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW, reducing=True)
    assert stop() == "reducing"
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
    assert stop() == "halted"


def by_hand(desk, order, *, quantity=None):
    """Place an order as a person does in TWS: it has no order_ref."""
    terms = OrderTerms(
        order.con_id, Side(order.side), quantity or order.quantity, Kind.LIMIT, order.limit_price,
        TimeInForce.DAY,
    )  # fmt: skip
    desk.broker.place(terms, order_id=desk.broker.next_order_id, client_id=0)


def test_an_order_placed_by_hand_counts_with_the_batch(desk):
    order = desk.an_order(1, weight=0.08)
    sha256 = desk.approved(order)
    by_hand(desk, order)
    with pytest.raises(GateRefused, match=f"largest single: {order.symbol}: 0.16"):
        desk.submit(sha256)
    assert desk.at_exchange() == []


def test_an_order_by_hand_in_the_name_of_an_order_is_listed(desk):
    order = desk.an_order(1, weight=0.02)
    by_hand(desk, order)
    found = preview(desk, a_request(desk, 1, weight=0.02))
    (listed,) = (check for check in found.checks if check.name == "open orders of others")
    assert listed.detail == f"in names of this batch: {order.symbol}"


def limited(desk, **changes):
    return desk.settings.model_copy(update={"limits": LimitSettings(**changes)})


def test_the_orders_of_a_session_are_counted_across_restarts(desk):
    settings = limited(desk, max_orders_per_session=2)
    for index in range(2):
        token = preview(desk, a_request(desk, index), settings=settings).token
        place(desk.restarted(), token, settings=settings)
    found = preview(desk.restarted(), a_request(desk, 2), settings=settings)
    (check,) = (check for check in found.checks if not check.passed)
    assert (check.name, check.value, check.limit) == ("orders this session", 3.0, 2.0)
    with desk.store.transaction() as connection:
        assert used(connection, desk.account, TODAY).orders == 2
        assert used(connection, desk.account, FRIDAY).orders == 0
        assert used(connection, "DU2", TODAY).orders == 0


def test_a_loop_that_sends_again_and_again_is_stopped_by_the_number_of_batches(desk):
    settings = limited(desk, max_submissions=3)
    for _ in range(3):
        place(desk, preview(desk, settings=settings).token, settings=settings)
    token = preview(desk, settings=settings).token
    with pytest.raises(Throttled, match="3 batches of orders and changes in the session"):
        place(desk.restarted(), token, settings=settings)
    assert len(desk.at_exchange()) == 3


def test_a_ticket_beyond_the_orders_of_a_session_is_not_committed_to(desk):
    settings = limited(desk, max_orders_per_session=2)
    sha256 = desk.approved(*(desk.an_order(index, weight=0.02) for index in range(3)))
    with pytest.raises(GateRefused, match="orders this session: 3 above 2"):
        desk.submit(sha256, settings=settings)
    assert desk.intent_states(sha256) == []
    assert desk.submit(sha256).sent == 3


def test_what_is_left_of_a_batch_does_not_count_twice(desk):
    orders = [desk.an_order(index, weight=0.02) for index in range(2)]
    sha256 = desk.approved(*orders)
    desk.submit(sha256)
    found = account_state(
        desk.store,
        desk.settings,
        account=desk.account,
        session=MONDAY.day,
        batch=[orders[0].order_ref],
    )
    assert found.orders_before == 1


def test_a_ticket_submitted_twice_is_one_batch(desk):
    sha256 = desk.approved(replace(desk.an_order(0), quantity=1))
    assert desk.submit(sha256).sent == 1
    assert desk.submit(sha256).sent == 0
    with desk.store.transaction() as connection:
        assert used(connection, desk.account, TODAY).batches == 1
