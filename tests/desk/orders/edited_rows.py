"""A desk's file edited by hand, one cell after the other."""

import shutil
import sqlite3
from contextlib import closing

from desk.orders import intents
from desk.orders.agreement import differences
from desk.orders.intents import IntentState
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.schema import METADATA
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from tests.desk.desk_harness import MONDAY, NOW

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
        by_hand.execute("PRAGMA synchronous = OFF")  # nothing here cuts the power
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
