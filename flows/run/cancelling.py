"""Taking back what works at the broker, once the kill switch is turned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from core import clock
from core.settings import Settings
from desk.errors import DeskBusy, TicketChanged, UnknownTicket
from desk.orders.cancellation import Cancellation, cancel_all
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketRecord
from flows.run.environment import open_environment
from flows.run.session import open_session
from ibkr.gateway import FullGateway
from ibkr.socket_gateway import open_socket
from ibkr.wire.handshake import ClientIdTaken

Tell = Callable[[str], None]

# Seconds for whoever is sending: it ends after the order under way, and asks how those stand.
PATIENCE = 60.0
ASK_AGAIN_AFTER = 0.5  # seconds


def cancel_open_orders(settings: Settings, store: DeskStore, tell: Tell | None) -> Cancellation:
    """Cancel every working order of ours once nobody sends; see `flows.run.halt.stop`."""
    with _world(settings, _newest(store)) as there:
        with open_socket(there) as gateway:
            account = gateway.account
        with _alone(store, account, tell):
            return _cancel_as_each_client(there, store)


@contextmanager
def _alone(store: DeskStore, account: str, tell: Tell | None) -> Iterator[None]:
    """Hold the account, saying so where whoever sends has to end first."""
    with ExitStack() as held:
        try:
            held.enter_context(store.alone(account))
        except DeskBusy:
            if tell is not None:
                tell(
                    f"trading halted; another process is sending for {account}: waiting up to "
                    f"{PATIENCE:g} s for it to report its orders, then cancelling"
                )
            held.enter_context(store.alone(account, patience=PATIENCE))
        yield


def _opened(settings: Settings) -> FullGateway:
    """Open the gateway for orders, once whoever follows its orders has let go of the client id."""
    deadline = clock.stopwatch() + PATIENCE
    while True:
        try:
            return open_socket(settings, for_orders=True)
        except ClientIdTaken:
            if clock.stopwatch() >= deadline:
                raise
            time.sleep(ASK_AGAIN_AFTER)


@contextmanager
def _world(settings: Settings, record: TicketRecord | None) -> Iterator[Settings]:
    if record is None:
        with open_environment(settings, None) as environment:
            yield environment.settings
    else:
        with open_session(settings, record.sha256) as opened:
            yield opened.environment.settings


def _cancel_as_each_client(settings: Settings, store: DeskStore) -> Cancellation:
    """Cancel as the desk and, where orders are left, as the agents: each can cancel its own."""
    first: Cancellation | None = None
    for client_id in (settings.gateway.order_client_id, settings.agent.order_client_id):
        gateway = settings.gateway.model_copy(update={"order_client_id": client_id})
        identified = settings.model_copy(update={"gateway": gateway})
        with _opened(identified) as opened:
            found = cancel_all(
                opened, store, timeout=settings.orders.acknowledge_timeout, now=clock.now()
            )
        first = found if first is None else replace(found, asked=first.asked)
        if first.flat:
            break
    assert first is not None
    return first


def _newest(store: DeskStore) -> TicketRecord | None:
    try:
        return ticket_store.find(store, None)
    except (UnknownTicket, TicketChanged):
        return None  # orders are cancelled whatever the desk's rows look like
