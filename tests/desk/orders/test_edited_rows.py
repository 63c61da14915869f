"""What an edit by hand brings about: the desk halts, says so once, and a person goes on."""

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
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.audit import trail
from tests.desk.desk_harness import NOW
from tests.desk.orders.edited_rows import Kept, edit, ticket_at


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
    assert "was not sent: desk halted trading" in desk.submit(sha256).held_back
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
