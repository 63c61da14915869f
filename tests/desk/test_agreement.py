"""Rows of the desk edited by hand: whatever bears on what is sent is found before a byte leaves."""

import contextlib
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from itertools import cycle

import pytest
import sqlalchemy as sa

import journal
from core.canonical import sha256_of
from core.errors import DaybookError, StorageError
from core.types import Side
from desk import kill_switch
from desk.errors import OrdersAltered, TokenRefused, UnknownTicket
from desk.kill_switch import TradingState
from desk.orders import intents
from desk.orders.agreement import differences
from desk.orders.intents import IntentState
from desk.previews.order_change import ChangeRequest, place_change, preview_change
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.audit import trail
from desk.records.schema import METADATA
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from review.states import order_reports
from tasks.record.entry import order_rows
from tests.desk.desk_harness import MONDAY, NOW
from tests.desk.socket_harness import SocketStage
from tests.desk.strategies.strategy_harness import StrategyStage

BEARING = (
    "tickets",
    "decisions",
    "intents",
    "previews",
    "legs",
    "strategies",
    "closings",
    "changes",
)
# What decides nothing that is sent; everything else of these tables has to be found.
HARMLESS = {
    "tickets.path",  # the file at the path is held against the hash instead
    "tickets.world",
    "tickets.registered_at",
    "decisions.id",
    "intents.committed_at",  # of a preview's order; a ticket's is found
    "previews.caller",  # of a token that was used; an unused one no longer fits its row
    "previews.issued_at",
    "previews.expires_at",
    "previews.used_at",  # from one moment to another; emptied, it is found
    "changes.id",
    "changes.at",
}
OTHER = {"BUY": "SELL", "SELL": "BUY", "intended": "sent", "sent": "intended",
         "acknowledged": "intended", "committed": "approved", "approved": "committed",
         "confirmed": "not sent"}  # fmt: skip


# Tokens that became an order or a change; another one is refused when it comes back.
ROWS_OF = {
    "previews": "WHERE token_sha256 IN (SELECT source FROM intents) OR token_sha256 IN (SELECT"
    " source FROM changes)",
}
YES_OR_NO = {"approved", "outside_rth"}


def another(value, column):
    """Return a value of the same kind that is not this one."""
    if isinstance(value, bytes):
        return value.replace(b"BUY", b"SEL") + b" "
    if column in YES_OR_NO:
        return 1 - value
    if value is None or isinstance(value, int | float):
        return (value or 0) + 7
    return OTHER.get(value, f"{value}0" if not value.endswith("-15") else "2026-06-16")


def edit(path, *statements, values=()):
    """Run statements as a person with any SQLite program does."""
    with closing(sqlite3.connect(path)) as by_hand, by_hand:
        for statement in statements:
            by_hand.execute(statement, values)


class Kept:
    """A desk's file as it was at one state, given out as often as it is edited."""

    def __init__(self, desk, account, ticket=None):
        self.path = desk.home / "desk.sqlite"
        self.account = account
        self.tickets = [ticket] if ticket else []
        self.copy = desk.home / "kept.sqlite"
        desk.store.close()
        shutil.copy(self.path, self.copy)

    def cells(self):
        """Yield every filled cell that may bear on what is sent: table, row id, column, value."""
        with closing(sqlite3.connect(self.copy)) as there:
            for table in BEARING:
                columns = [column.name for column in METADATA.tables[table].columns]
                told = ", ".join(f'"{name}"' for name in columns)
                for row in there.execute(
                    f"SELECT rowid, {told} FROM {table} {ROWS_OF.get(table, '')}"
                ):
                    yield from (
                        (table, row[0], *cell) for cell in zip(columns, row[1:], strict=True)
                    )

    def after(self, statement, *values):
        """Return what differs once a statement was run on the file."""
        shutil.copy(self.copy, self.path)
        edit(self.path, statement, values=values)
        with closing(DeskStore(self.path)) as store, store.transaction() as connection:
            try:
                return differences(connection, self.account, MONDAY.day, self.tickets)
            except (ValueError, KeyError, TypeError):
                return ("cannot be read",)


def ticket_at(desk, state):
    """Bring a ticket of two orders, one of which is approved, to a state beside a single order."""
    orders = [desk.an_order(0, weight=0.02), desk.an_order(1, weight=0.02)]
    given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
             "settings": desk.settings}  # fmt: skip
    sha256 = desk.approved(*orders, desk.an_order(3, weight=0.02),
                           only=[order.symbol for order in orders])  # fmt: skip
    if state != "approved":
        single = desk.an_order(2, weight=0.02)
        request = OrderRequest(single.symbol, single.side, 5, single.limit_price)
        place_previewed(preview_order(request, **given).token, **given)
        intents.commit_ticket(desk.store, ticket_store.fetch(desk.store, sha256), now=NOW)
    if state == "sent":
        refs = [order.order_ref for order in orders]
        intents.mark(desk.store, refs, IntentState.SENT, now=NOW)
    if state == "acknowledged":
        assert desk.submit(sha256).sent == 2
    return sha256


def unfound(kept):
    """Return the columns in which an edit is not found, one by one, in any row."""
    cells = list(kept.cells())
    assert kept.after("UPDATE desk_schema SET version = version") == ()
    return {
        f"{table}.{column}"
        for table, row, column, value in cells
        if not kept.after(
            f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', another(value, column), row
        )
    }


@pytest.mark.parametrize("state", ["approved", "intended", "sent", "acknowledged"])
def test_an_edit_of_any_column_that_bears_on_what_is_sent_is_found_at_every_state(desk, state):
    sha256 = ticket_at(desk, state)
    kept = Kept(desk, desk.account, sha256)
    assert unfound(kept) <= HARMLESS
    assert kept.after("UPDATE previews SET used_at = NULL") or state == "approved"


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


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM switches",
        "UPDATE switches SET state = 'active'",
        "UPDATE switches SET state = 'reducing'",
        "UPDATE switches SET state = 'off'",
        "UPDATE switches SET at = 7",
        "INSERT INTO switches (state, by, reason, at) VALUES ('active', 'ana', '', '2026-06-15')",
    ],
)
def test_a_kill_switch_that_was_moved_by_hand_lets_nothing_out_and_a_person_can_still_turn_it(
    desk, change
):
    sha256 = desk.approved(desk.an_order(0))
    kill_switch.stop(desk.store, by="ana", reason="odd prices", now=NOW)
    edit(desk.home / "desk.sqlite", change)
    with pytest.raises((OrdersAltered, StorageError)):
        desk.submit(sha256)
    assert desk.at_exchange() == []
    kill_switch.resume(desk.store, by="ana", now=NOW)
    assert desk.submit(sha256).sent == 1


def test_a_row_of_another_type_is_never_a_defect_and_lets_nothing_out(desk):
    kept = Kept(desk, desk.account, ticket_at(desk, "acknowledged"))
    values = cycle(["CAST('x' AS BLOB)", "'zz'", "7", "9e999"])
    for table, row, column in [cell[:3] for cell in kept.cells()]:
        shutil.copy(kept.copy, kept.path)
        with contextlib.suppress(sqlite3.IntegrityError):  # the file's own rules refuse it
            edit(kept.path, f'UPDATE {table} SET "{column}" = {next(values)} WHERE rowid = {row}')
        with closing(desk.restarted().store), contextlib.suppress(DaybookError):
            assert desk.submit(kept.tickets[0]).sent == 0, (table, column)


def test_two_orders_that_swapped_place_and_source_are_both_named(desk):
    sha256 = ticket_at(desk, "intended")
    path = desk.home / "desk.sqlite"
    edit(path, "UPDATE intents SET position = position + 10 WHERE source = ?", values=[sha256])
    edit(path, "UPDATE intents SET position = 11 - position WHERE source = ?", values=[sha256])
    with pytest.raises(OrdersAltered) as found:
        desk.submit(sha256)
    assert {each.column for each in found.value.differences} == {"position"}
    assert len({each.row for each in found.value.differences}) == 2


def test_an_incident_is_named_in_switch_trail_and_journal_once_and_ends_by_a_persons_word(desk):
    sha256 = ticket_at(desk, "intended")
    desk.store.journal = desk.home / "log"
    order = desk.an_order(0, weight=0.02)
    path = desk.home / "desk.sqlite"
    edit(path, "UPDATE intents SET quantity = 3 * quantity, side = 'SELL' WHERE order_ref = ?",
         values=[order.order_ref])  # fmt: skip
    for _ in range(2):
        with pytest.raises(OrdersAltered) as found:
            desk.submit(sha256)
    said = f"intents.quantity of {order.order_ref}: stored {3 * order.quantity}"
    assert f"{said}, approved {order.quantity}" in str(found.value)
    assert f"intents.side of {order.order_ref}: stored SELL, approved BUY" in str(found.value)
    halted = kill_switch.read(desk.store)
    assert (halted.state, halted.by, said in halted.reason) == (TradingState.HALTED, "desk", True)
    assert [act.action for act in trail(desk.store)].count("altered") == 1
    (entry,) = [sealed.entry for sealed in journal.entries(desk.home / "log")]
    assert (entry.kind, entry.session, entry.facts["differences"]) == (
        "incident",
        date(2026, 6, 15),
        2,
    )

    edit(path, "UPDATE intents SET quantity = quantity / 3, side = 'BUY' WHERE order_ref = ?",
         values=[order.order_ref])  # fmt: skip
    assert "was not sent: desk stopped all orders" in desk.submit(sha256).held_back
    kill_switch.resume(desk.store, by="ana", now=NOW)
    assert desk.submit(sha256).sent == 2


def test_rows_edited_while_a_batch_leaves_hold_the_rest_and_halt_the_desk(desk):
    orders = [desk.an_order(n, weight=0.02) for n in range(4)]
    sha256, path = desk.approved(*orders), desk.home / "desk.sqlite"
    trading = desk.gateway().trading

    def place_orders(batch, *, timeout, leaving):
        def watched(order):
            if order.order_ref == orders[2].order_ref:
                edit(path, "UPDATE intents SET limit_price = 999 WHERE order_ref = ?",
                     values=[order.order_ref])  # fmt: skip
            return leaving(order)

        return trading.place_orders(batch, timeout=timeout, leaving=watched)

    outcome = desk.submit(sha256, desk.faulty_trading(place_orders=place_orders))
    assert desk.at_exchange() == [order.order_ref for order in orders[:2]]
    assert f"intents.limit_price of {orders[2].order_ref}: stored 999.0" in outcome.held_back
    assert kill_switch.state(desk.store) is TradingState.HALTED
    assert desk.intent_states(sha256) == ["acknowledged", "acknowledged", "intended", "intended"]


def test_a_ticket_whose_bytes_or_row_are_gone_is_not_sent(desk):
    sha256, path = ticket_at(desk, "intended"), desk.home / "desk.sqlite"
    edit(path, "UPDATE tickets SET content = replace(content, 'BUY', 'SEL')")
    with pytest.raises(OrdersAltered, match=r"tickets.content"):
        desk.submit(sha256)
    edit(path, "DELETE FROM tickets")
    with pytest.raises(UnknownTicket):
        desk.submit(sha256)
    assert len(desk.at_exchange()) == 1  # the single order that was there before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE previews SET terms = replace(terms, '\"BUY\"', '\"SELL\"')",
        "UPDATE previews SET caller = 'eve'",
        "UPDATE previews SET expires_at = '2027-01-01T00:00:00+00:00'",
    ],
)
def test_a_token_fits_no_row_that_was_edited_since_even_with_its_hash(desk, change):
    order = desk.an_order(0)
    given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
             "settings": desk.settings}  # fmt: skip
    request = OrderRequest(order.symbol, Side.BUY, 5, order.limit_price)
    token = preview_order(request, **given).token
    edit(desk.home / "desk.sqlite", change)
    with desk.store.transaction() as connection:
        terms = connection.scalar(sa.text("SELECT terms FROM previews"))
    edit(desk.home / "desk.sqlite", "UPDATE previews SET terms_sha256 = ?",
         values=[sha256_of(terms.encode())])  # fmt: skip
    with pytest.raises(TokenRefused):
        place_previewed(token, **given | {"caller": "eve" if "eve" in change else "ana"})
    assert desk.at_exchange() == []


def test_a_token_whose_use_was_wiped_from_its_row_is_still_used(desk):
    order = desk.an_order(0)
    given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
             "settings": desk.settings}  # fmt: skip
    request = OrderRequest(order.symbol, Side.BUY, 5, order.limit_price)
    token = preview_order(request, **given).token
    place_previewed(token, **given)
    edit(desk.home / "desk.sqlite", "UPDATE previews SET used_at = NULL")
    with pytest.raises(TokenRefused):
        place_previewed(token, **given)
    assert len(desk.at_exchange()) == 1
