"""The kill switch, pulled: nothing more leaves, and what works at the broker is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core import clock
from core.errors import DaybookError
from core.paths import Paths
from core.settings import Settings
from desk import switch, tickets
from desk.cancellation import Cancellation, cancel_all
from desk.errors import UnknownTicket
from desk.store import DeskStore
from desk.switch import Switch, SwitchState
from desk.tickets import TicketRecord
from flows.session import open_session
from flows.world import open_world
from ibkr.socket_gateway import open_socket

# Seconds for whoever is sending: it ends after the order under way, and asks how those stand.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class StopReport:
    """Where the switch stands, and what became of the orders that worked."""

    switch: Switch
    cancellation: Cancellation | None  # None: the broker could not be asked
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """0 when the broker, asked again, shows no working order of ours."""
        return 0 if self.cancellation is not None and self.cancellation.flat else 1


def stop(settings: Settings, *, by: str, reason: str, reducing: bool = False) -> StopReport:
    """Turn the switch first, then cancel every working order of ours, then ask what still works.

    The switch holds whatever happens afterwards: when the broker cannot be asked, ``problem``
    says why. When this returns without one, no order that was under way is still to leave.
    """
    with DeskStore.of(Paths.of(settings)) as store:
        turned = switch.stop(store, by=by, reason=reason, now=clock.now(), reducing=reducing)
        try:
            return StopReport(turned, _cancel(settings, store))
        except DaybookError as error:
            return StopReport(turned, None, problem=str(error))


def stop_lines(report: StopReport) -> list[str]:
    """Return the report as plain lines."""
    turned = report.switch
    allowed = (
        "orders may only reduce positions"
        if turned.state is SwitchState.REDUCING
        else "no order leaves any more"
    )
    lines = [
        f"{turned.state.upper()} by {turned.by}: {allowed}; to end it: daybook resume --by NAME"
    ]
    found = report.cancellation
    if found is None:
        return [*lines, f"working orders were NOT cancelled: {report.problem}",
                "when that is mended: daybook stop"]  # fmt: skip
    lines += [f"problem: {problem}" for problem in found.problems]
    if found.flat:
        return [*lines, f"{len(found.asked)} cancelled; the broker shows no working order of ours"]
    names = ", ".join(state.symbol for state in found.still_working)
    return [*lines, f"NOT FLAT: {names} still work at the broker; cancel them in TWS"]


def _cancel(settings: Settings, store: DeskStore) -> Cancellation:
    with _world(settings, _newest(store)) as there:
        with open_socket(there) as gateway:
            account = gateway.account
        with store.alone(account, patience=PATIENCE):
            return _cancel_as_each_client(there, store)


@contextmanager
def _world(settings: Settings, record: TicketRecord | None) -> Iterator[Settings]:
    if record is None:
        with open_world(settings, None) as world:
            yield world.settings
    else:
        with open_session(settings, record.sha256) as opened:
            yield opened.world.settings


def _cancel_as_each_client(settings: Settings, store: DeskStore) -> Cancellation:
    """Cancel as the desk and, where orders are left, as the agents: each can cancel its own."""
    first: Cancellation | None = None
    for client_id in (settings.gateway.order_client_id, settings.agent.order_client_id):
        gateway = settings.gateway.model_copy(update={"order_client_id": client_id})
        identified = settings.model_copy(update={"gateway": gateway})
        with open_socket(identified, for_orders=True) as opened:
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
        return tickets.find(store, None)
    except UnknownTicket:
        return None
