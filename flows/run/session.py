"""A session that already has a ticket, opened again in the environment it was decided in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime

from core import clock
from core.calendar import Session, session
from core.errors import WrongAccount
from core.settings import Mode, Settings, SimulatorSettings
from core.storage.paths import Paths
from desk.records.order_events import newest
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketRecord
from flows.run.alerts import watched
from flows.run.environment import Environment, open_environment
from flows.run.preflight import begin_day, bucharest_day
from review.alert import with_mode
from tasks.day import Day, silent

EXECUTE, CLOSE = "execute", "close"  # commands whose failures people are told of


@dataclass(slots=True)
class OpenSession:
    """A ticket and the environment its session runs in."""

    record: TicketRecord
    environment: Environment
    session: Session
    moment: datetime  # where the embedded simulator's clock stands

    def advance_to(self, moment: datetime) -> None:
        """Move the embedded simulator's clock; elsewhere, and backwards, nothing moves."""
        if self.environment.advance_to is not None and moment > self.moment:
            self.environment.advance_to(moment)
            self.moment = moment


@contextmanager
def open_session(
    settings: Settings, ticket: str | date | None, *, command: str = ""
) -> Iterator[OpenSession]:
    """Find a ticket and open its environment.

    An embedded simulator begins at the session's decision time and goes on to where the desk last
    saw it: what has filled once must not be open again. Of a ``command`` it is written down that
    it began and how it ended, and people are told when it fails. Raises `UnknownTicket` when the
    desk knows none.
    """
    with DeskStore.of(Paths.of(settings)) as store:
        record = ticket_store.find(store, ticket, today=bucharest_day(clock.now()))
        seen = newest(store, record.ticket.account, record.ticket.session)
    with _watched(settings, record, command), _environment(settings, record) as environment:
        found = session(record.ticket.session, exchange=settings.sessions)
        opened = OpenSession(record, environment, found, found.decision_time)
        opened.advance_to(seen or found.decision_time)
        yield opened


def _watched(
    settings: Settings, record: TicketRecord, command: str
) -> AbstractContextManager[object]:
    if not command:
        return nullcontext()
    go_on = f"daybook {command} {record.short}"
    if command == CLOSE:
        go_on = f"daybook {command} --date {record.ticket.session}"
    return watched(settings, command, record.ticket.session, go_on=with_mode(go_on, settings))


def _environment(settings: Settings, record: TicketRecord) -> AbstractContextManager[Environment]:
    return open_environment(world_of(record, settings), record.ticket.session)


def begin(opened: OpenSession) -> Day:
    """Ask the gateway for its account and time. Raises `WrongAccount` for another account."""
    ticket = opened.record.ticket
    day = begin_day(opened.environment.settings, ticket.session, progress=silent)
    if day.account != ticket.account:
        raise WrongAccount(
            f"ticket {opened.record.short} is of account {ticket.account}, this gateway has "
            f"{day.account}: nothing was sent. Connect to the gateway the day was run with"
        )
    return day


def world_of(record: TicketRecord, settings: Settings) -> Settings:
    """Return the settings with the embedded simulator's market as it was for this ticket."""
    if settings.mode is not Mode.SIM or not record.world:
        return settings
    simulator = SimulatorSettings.model_validate(dict(record.world))
    return settings.model_copy(update={"simulator": simulator})
