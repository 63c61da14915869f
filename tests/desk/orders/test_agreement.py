"""Rows of the desk edited by hand: whatever bears on what is sent is found before a byte leaves."""

import pytest

import journal
from desk import kill_switch
from desk.errors import OrdersAltered
from desk.kill_switch import TradingState
from desk.previews.order_change import ChangeRequest, place_change, preview_change
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.tickets import ticket_store
from review.states import order_reports
from tasks.record.entry import order_rows
from tests.desk.desk_harness import MONDAY, NOW
from tests.desk.orders.edited_rows import HARMLESS, Kept, edit, ticket_at, unfound
from tests.desk.previews.strategy_harness import StrategyStage
from tests.desk.socket_harness import SocketStage
from tests.fixtures.tiers import every


@pytest.mark.parametrize("state", every(2, ["sent", "approved", "acknowledged", "intended"]))
def test_an_edit_of_any_column_that_bears_on_what_is_sent_is_found_at_every_state(desk, state):
    sha256 = ticket_at(desk, state)
    kept = Kept(desk, desk.account, sha256)
    assert unfound(kept) <= HARMLESS
    assert kept.after("UPDATE previews SET used_at = NULL") or state == "approved"


def test_what_an_earlier_version_committed_without_listing_its_orders_is_no_edit(desk):
    sha256 = ticket_at(desk, "sent")
    kept = Kept(desk, desk.account, sha256)
    unlisted = (
        "UPDATE audit SET detail = json_remove(detail, '$.order_refs') WHERE action = 'committed'"
    )
    assert not kept.after(unlisted)
    assert kept.after("UPDATE intents SET quantity = 900")


def test_an_edit_of_a_strategy_or_its_legs_is_found(tmp_path):
    stage = StrategyStage(tmp_path)
    opened = stage.opened()
    stage.place(stage.closing(opened, quantity=4).token)
    assert unfound(Kept(stage, "DU1")) <= HARMLESS


@pytest.mark.world
def test_an_edit_of_a_changed_order_or_of_its_change_is_found_before_it_changes_again(tmp_path):
    desk = SocketStage(tmp_path)
    try:
        given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
                 "settings": desk.settings}  # fmt: skip
        order = desk.an_order(0)
        request = OrderRequest(order.symbol, order.side, order.quantity, order.limit_price)
        works = place_previewed(preview_order(request, **given).token, **given)
        change = preview_change(ChangeRequest(works.order_ref, quantity=11), **given)
        assert place_change(change.token, **given).confirmed
        again = preview_change(ChangeRequest(works.order_ref, quantity=12), **given)
        edit(desk.home / "desk.sqlite", "UPDATE changes SET quantity = 900")
        with pytest.raises(OrdersAltered, match="stored 900, approved 11"):
            place_change(again.token, **given)
        assert desk.placed() == ["placed", "modified"]
        assert kill_switch.state(desk.store) is TradingState.HALTED
        edit(desk.home / "desk.sqlite", "UPDATE changes SET quantity = 11")
        assert unfound(Kept(desk, desk.account)) <= HARMLESS
    finally:
        desk.close()


ROWS = {
    "an order added": "INSERT INTO intents SELECT 'DB1:AAAAAAAAAAAAAAAA', account, session, 7,"
    " source, con_id, symbol, side, quantity, order_type, limit_price, time_in_force, outside_rth,"
    " state, committed_at FROM intents WHERE position = 1",
    "an order deleted": "DELETE FROM intents WHERE position = 1",
    "an order moved to another ticket": "UPDATE intents SET source = 'x' WHERE position = 1",
    "an approval added": "INSERT INTO decisions SELECT 9, ticket_sha256, approved, by, at, '[]\n',"
    " reason FROM decisions",
    "the approval deleted": "DELETE FROM decisions",
    "the trail cut short": "DELETE FROM audit WHERE action = 'approved'",
    "every order gone": "DELETE FROM intents",
}


@pytest.mark.parametrize("what", ROWS)
def test_a_row_too_many_or_too_few_halts_the_desk_and_nothing_leaves(desk, what):
    sha256 = ticket_at(desk, "intended")
    before = desk.at_exchange()
    edit(desk.home / "desk.sqlite", ROWS[what])
    with pytest.raises(OrdersAltered, match="the kill switch is set"):
        desk.submit(sha256)
    assert desk.at_exchange() == before
    assert kill_switch.state(desk.store) is TradingState.HALTED


BACK = "UPDATE intents SET state = 'intended'"
TAKEN_BACK = (
    "INSERT INTO audit (at, actor, action, subject, detail) SELECT at, actor, 'not sent',"
    " subject, detail FROM audit WHERE action = 'sending'"
)
NO_ACTS = "DELETE FROM audit WHERE action IN ('sending', 'sent')"
NOT_SHOWN = ["DELETE FROM sightings", "DELETE FROM fills"]
AS_IF_NEVER_SENT = {
    "the state": [BACK],
    "the state and the act of sending": [BACK, "DELETE FROM audit WHERE action = 'sending'"],
    "the state, with an act that takes it back": [BACK, TAKEN_BACK],
    "the state and every act of sending": [BACK, NO_ACTS],
    "the rows, as if nothing was committed to": [
        "DELETE FROM intents",
        "DELETE FROM audit WHERE action = 'committed'",
        "UPDATE tickets SET state = 'approved'",
    ],
    "everything that the file tells of it": [BACK, NO_ACTS, *NOT_SHOWN],
    "the file, by a copy from before": [
        *NOT_SHOWN,
        "DELETE FROM intents",
        "DELETE FROM audit WHERE action IN ('sending', 'sent', 'committed')",
        "UPDATE tickets SET state = 'approved'",
    ],
}


@pytest.mark.parametrize("what", AS_IF_NEVER_SENT)
def test_an_order_that_left_is_not_sent_again_whatever_the_rows_say_and_the_broker_forgot(
    desk, what
):
    orders = [desk.an_order(n, weight=0.02) for n in range(2)]
    sha256 = desk.approved(*orders)
    sent = desk.submit(sha256)
    desk.store.journal = desk.home / "log"
    held = ticket_store.fetch(desk.store, sha256).held
    journal.log(desk.store.journal, journal.Entry(
        "run", "execution", NOW, MONDAY.day, {}, (), order_rows(order_reports(sent.states, held)),
    ))  # fmt: skip
    edit(desk.home / "desk.sqlite", *AS_IF_NEVER_SENT[what])
    forgetful, again = desk.gateway().trading, []

    def place_orders(batch, *, timeout, leaving):
        for order in batch:
            with leaving(order):
                again.append(order)
        return ()

    gateway = desk.faulty_trading(
        order_states=dict, orders_by_hand=tuple, place_orders=place_orders
    )
    with pytest.raises(OrdersAltered, match=r"intents"):
        desk.submit(sha256, gateway)
    assert again == []
    assert set(forgetful.order_states()) == {order.order_ref for order in orders}
    assert kill_switch.state(desk.store) is TradingState.HALTED
