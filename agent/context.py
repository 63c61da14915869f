"""What tools work with: settings, a way to the broker, a way to the day, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypedDict

from agent.client_lock import one_at_a_time
from core import clock
from core.settings import Settings
from core.storage.artefacts import Store
from core.storage.paths import Paths
from desk.records.store import DeskStore
from ibkr.gateway import FullGateway, OpenFullGateway


class AtDesk(TypedDict):
    """What every preview of the desk, and every placing, wants to know; pass it on with ``**``."""

    gateway: FullGateway  # opened for orders
    store: DeskStore
    caller: str
    now: datetime
    settings: Settings


class Services(Protocol):
    """What the rooms above do for a tool."""

    def environment(self, ticket: str | None) -> AbstractContextManager[Settings]:
        """Open what the settings talk to; yields them with the gateway's port filled in.

        An embedded simulator begins where the ticket of this hash was decided; None: at the
        newest session it has.
        """

    def why(self, symbol: str, session: date | None) -> Mapping[str, Any]:
        """Return a symbol's way through a day, from scores to order."""

    def dry_day(self, session: date | None, *, fresh: bool) -> Mapping[str, Any]:
        """Run a day that only proposes, and return its summary."""

    def execute(self, sha256: str) -> Any:
        """Send the orders of an approved ticket, each at most once, and return the report."""

    def stop(self, *, by: str, reason: str, reducing: bool) -> Any:
        """Turn the kill switch, then cancel what works at the broker, and return the report."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Everything one call knows. ``caller`` names the principal that tokens are bound to."""

    settings: Settings
    caller: str
    services: Services
    open_gateway: OpenFullGateway

    @property
    def paths(self) -> Paths:
        """Where this mode's files live."""
        return Paths.of(self.settings)

    @property
    def store(self) -> Store:
        """Write-once files under the home folder."""
        return Store(self.paths.home)

    @property
    def broker(self) -> str:
        """The name of the broker as the source of an answer."""
        return f"ibkr {self.settings.mode.value}"

    def desk(self) -> DeskStore:
        """Open the desk's memory."""
        return DeskStore.of(self.paths)

    @contextmanager
    def connect(
        self, *, for_orders: bool = False, as_desk: bool = False, ticket: str | None = None
    ) -> Iterator[FullGateway]:
        """Connect for the length of the block; calls under one client id take turns.

        Tools have client ids of their own, so as not to be in the day's way. ``as_desk`` takes
        the one the desk sends with: only that one can cancel its orders. ``ticket`` is a hash;
        an embedded simulator begins where it was decided.
        """
        own, desk = self.settings.agent, self.settings.gateway
        ids = {
            "client_id": own.client_id,
            "order_client_id": desk.order_client_id if as_desk else own.order_client_id,
        }
        client_id = ids["order_client_id" if for_orders else "client_id"]
        turn = self.paths.data / "agent" / f"client-{client_id}.lock"
        with one_at_a_time(turn), self.services.environment(ticket) as settings:
            gateway = settings.gateway.model_copy(update=ids)
            identified = settings.model_copy(update={"gateway": gateway})
            with self.open_gateway(identified, for_orders=for_orders) as opened:
                yield opened

    @contextmanager
    def at_desk(self, *, as_desk: bool = False) -> Iterator[AtDesk]:
        """Open the desk's memory and connect for orders, as `connect` does."""
        with self.desk() as store, self.connect(for_orders=True, as_desk=as_desk) as gateway:
            yield AtDesk(
                gateway=gateway,
                store=store,
                caller=self.caller,
                now=clock.now(),
                settings=self.settings,
            )


ContextFor = Callable[[str], ToolContext]  # by caller
