"""``daybook orders``: the broker is asked first, or the answer says as of when it is and why."""

from __future__ import annotations

from datetime import date
from typing import Any

from core import clock
from core.errors import DaybookError
from core.settings import Mode, Settings
from core.storage.paths import Paths
from desk.orders.reconciliation import reconcile
from desk.records.order_events import newest
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketRecord, TicketState
from flows.run.environment import open_environment
from flows.run.preflight import bucharest_day
from ibkr.socket_gateway import open_socket
from review.orders import NEWEST, desk_view
from review.standing import order_states
from review.verdict import MAY_CHANGE


def orders_view(settings: Settings, day: date | None) -> dict[str, Any]:
    """Return the desk's view of a session, or of the newest tickets, as plain values.

    Where orders may still change at the broker it is asked, without sending anything. Where it
    cannot be, the view tells why, and when it last said something new.
    """
    with DeskStore.of(Paths.of(settings)) as store:
        shown = ticket_store.listed(store, day, last=NEWEST if day is None else 50)
        open_ones = [record for record in shown if _may_change(store, record)]
        asked = _ask(settings, store, open_ones) if open_ones else None
        now = None if settings.mode is Mode.SIM else clock.now()  # simulated time is not ours
        return desk_view(store, day, now=now) | {"broker": asked}


def _may_change(store: DeskStore, record: TicketRecord) -> bool:
    if record.state is not TicketState.COMMITTED:
        return False
    return any(state.status in MAY_CHANGE for state in order_states(store, record))


def _ask(settings: Settings, store: DeskStore, records: list[TicketRecord]) -> dict[str, Any]:
    """Ask the broker for the session its clock is in; say what came of it."""
    last = records[-1].ticket
    seen = newest(store, last.account, last.session)
    told = {
        "asked_at": None,
        "not_asked_because": "",
        "as_of": None if seen is None else seen.isoformat(),
        "to_ask": f"daybook execute {last.session}",
    }
    if settings.mode is Mode.SIM and settings.gateway.port is None:
        return told | {"not_asked_because": "the embedded simulator runs only within a command"}
    try:
        with (
            open_environment(settings, None) as environment,
            open_socket(environment.settings, for_orders=True) as gateway,
        ):
            now = gateway.server_time()
            today = bucharest_day(now)
            if (gateway.account, today) not in {(r.ticket.account, r.ticket.session)
                                                for r in records}:  # fmt: skip
                why = f"the gateway has account {gateway.account} on {today}"
                return told | {"not_asked_because": why}
            with store.alone(gateway.account):
                reconcile(store, gateway.trading, account=gateway.account, session=today, now=now)
    except DaybookError as error:
        return told | {"not_asked_because": str(error)}
    return told | {"asked_at": now.isoformat()}
