"""What did not happen in time: a run that did not start, was killed or is late, an answer.

Judged by daybook's own files alone, so that it works when nothing else does: no gateway, no Prefect
server. The same findings again are told only if they were not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from core import clock
from core.calendar import (
    BUCHAREST,
    Session,
    is_session,
    next_session,
    previous_session,
    session,
)
from core.errors import DaybookError
from core.settings import Settings
from core.storage.attempts import DONE, FAILED, Attempt, attempts
from core.storage.paths import Paths
from core.text.counts import count
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import SHORT, TicketRecord, TicketState
from flows.run.alerts import REPLAY, STOP, effect_of, failure, send_alert
from flows.run.preflight import bucharest_day
from flows.run.session import CLOSE
from review.alert import Alert, alert_lines, with_mode
from review.standing import ticket_standing
from review.text import local
from review.verdict import Verdict

RUN, WATCH = "run", "watch"
START_WITHIN = timedelta(minutes=20)  # of the decision time: 14:20 in Bucharest
CLOSE_BY = time(23, 50)  # in Bucharest: twenty minutes after the close is scheduled
_UNANSWERED = (TicketState.WAITING, TicketState.APPROVED, TicketState.EXPIRED)


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What a watch found wrong: each alert, and how telling it went."""

    session: date | None  # None: no session that day
    moment: datetime
    alerts: tuple[tuple[Alert, str], ...] = ()


def watch(
    settings: Settings, day: date | None = None, *, now: datetime | None = None
) -> WatchReport:
    """Look at one session, and tell people of what is wrong and was not told yet.

    Parameters
    ----------
    day
        The session; None for today, in Bucharest.
    now
        The moment it is judged at; None for the present.

    Raises
    ------
    StorageError
        Daybook's own files cannot be read: whether anything ran is then not known, which people
        are told.
    """
    moment = now or clock.now()
    day = day or bucharest_day(moment)
    if not is_session(day, exchange=settings.sessions):
        return WatchReport(None, moment)
    try:
        found = _findings(settings, session(day, exchange=settings.sessions), moment)
    except DaybookError as error:
        go_on = with_mode(f"daybook {WATCH} --date {day}", settings)
        send_alert(settings, failure(settings, WATCH, day, error, go_on=go_on))
        raise
    return WatchReport(day, moment, tuple((alert, send_alert(settings, alert)) for alert in found))


def watch_lines(seen: WatchReport) -> list[str]:
    """Return what was found as plain lines."""
    if seen.session is None:
        return ["no session today; nothing to check"]
    if not seen.alerts:
        return [f"{seen.session}, {local(seen.moment)} Bucharest: no alerts"]
    return [
        line for alert, note in seen.alerts for line in (*alert_lines(alert), f"  message: {note}")
    ]


def _findings(settings: Settings, watched: Session, moment: datetime) -> list[Alert]:
    begun = attempts(Paths.of(settings), watched.day)
    replays = _replays_before(settings, watched.day)
    alerts = [_of_runs(settings, watched, [a for a in begun if a.command == RUN], moment)]
    alerts += [
        Alert.read(last.alert) if last.alert else _gone(settings, watched, last)
        for last in _last_of_each((*replays, *begun))
        if last.command != RUN and (last.killed or last.end == FAILED)
    ]
    alerts += _of_tickets(settings, watched, moment)
    alerts.append(_of_close(settings, watched, begun, moment))
    return [alert for alert in alerts if alert is not None]


def _replays_before(settings: Settings, day: date) -> tuple[Attempt, ...]:
    """Return the replays begun since the session before, on days on which nothing is watched."""
    days = (day - previous_session(day, exchange=settings.sessions).day).days
    return tuple(
        attempt
        for ago in range(days - 1, 0, -1)
        for attempt in attempts(Paths.of(settings), day - timedelta(days=ago))
        if attempt.command == REPLAY
    )


def _of_runs(
    settings: Settings, watched: Session, runs: list[Attempt], moment: datetime
) -> Alert | None:
    if not runs:
        return _not_started(settings, watched, moment)
    last = runs[-1]
    if last.alert:
        return Alert.read(last.alert)  # it failed or was late: told then, or told now
    if last.killed:
        return _gone(settings, watched, last)
    if moment >= watched.finish_line and not any(run.end == DONE for run in runs):
        return _not_ended(settings, watched, last)
    return None


def _not_started(settings: Settings, watched: Session, moment: datetime) -> Alert | None:
    if moment < watched.decision_time + START_WITHIN:
        return None
    what = (f"no run of session {watched.day} had begun at {local(moment)} Bucharest; it is due at "
            f"{local(watched.decision_time)}")  # fmt: skip
    return _alert(settings, watched, "run:not-started", "run did not start", what)


def _not_ended(settings: Settings, watched: Session, last: Attempt) -> Alert:
    title = "run is late" if last.running else "run was stopped"
    state = "still runs" if last.running else "was stopped, and no other has ended"
    what = (f"the run that began at {local(last.begun_at)} Bucharest {state}; the order cut-off "
            f"was {local(watched.finish_line)}")  # fmt: skip
    return _alert(settings, watched, "run:late", title, what)


def _gone(settings: Settings, watched: Session, last: Attempt) -> Alert:
    what = (f"the process of the {last.command} that began at {local(last.begun_at)} Bucharest is "
            "gone without ending: killed, or the machine went down")  # fmt: skip
    cause = f"{last.command}:failed:killed:{last.begun_at:%H%M%S}"
    return _alert(settings, watched, cause, f"{last.command} was killed", what, last.command)


def _of_tickets(settings: Settings, watched: Session, moment: datetime) -> list[Alert]:
    if moment < watched.finish_line:
        return []
    found = _tickets(settings, watched.day)
    return [
        *(_expired(settings, watched, record) for record in found if record.state in _UNANSWERED),
        *_held_back(settings, watched, found, moment),
    ]


def _held_back(
    settings: Settings, watched: Session, found: tuple[TicketRecord, ...], moment: datetime
) -> list[Alert]:
    """Return an alert for each ticket that was sent in part, and whose rest cannot leave now."""
    committed = [record for record in found if record.state is TicketState.COMMITTED]
    if not committed:
        return []
    with DeskStore.of(Paths.of(settings)) as store:
        stand = [ticket_standing(store, record, now=moment) for record in committed]
    return [
        _too_late(
            settings, watched, f"ticket:held-back:{each.ticket_sha256[:SHORT]}",
            "approved orders were not sent", f"{each.headline}. {each.meaning}",
        )
        for each in stand
        if each.verdict is Verdict.HELD_BACK
    ]  # fmt: skip


def _expired(settings: Settings, watched: Session, record: TicketRecord) -> Alert:
    approved = record.state is TicketState.APPROVED
    state = "approved but not sent" if approved else "neither approved nor rejected"
    orders = count(len(record.ticket.orders), "order")
    what = (f"ticket {record.short} with {orders} was {state} by the order cut-off, "
            f"{local(watched.finish_line)} Bucharest")  # fmt: skip
    title = "approved ticket was not sent" if approved else "ticket expired unanswered"
    return _too_late(settings, watched, f"ticket:expired:{record.short}", title, what)


def _too_late(settings: Settings, watched: Session, cause: str, title: str, what: str) -> Alert:
    """Return an alert about orders that can no longer leave for this session."""
    following = next_session(watched.day, exchange=settings.sessions).day
    return replace(
        _alert(settings, watched, cause, title, what),
        go_on=f"its orders can no longer be sent; session {following} is decided afresh: "
        "daybook run",
    )


def _of_close(
    settings: Settings, watched: Session, begun: tuple[Attempt, ...], moment: datetime
) -> Alert | None:
    due = datetime.combine(watched.day, CLOSE_BY, BUCHAREST)
    committed = [r for r in _tickets(settings, watched.day) if r.state is TicketState.COMMITTED]
    if moment < due or not committed or any(a.command == CLOSE for a in begun):
        return None
    what = (f"no close of session {watched.day} had begun at {local(moment)} Bucharest: fills, "
            "costs and positions are not reconciled")  # fmt: skip
    return _alert(settings, watched, "close:not-started", "close did not start", what, CLOSE)


def _tickets(settings: Settings, day: date) -> tuple[TicketRecord, ...]:
    paths = Paths.of(settings)
    if not (paths.data / "desk").is_dir():  # to look at it would make one
        return ()
    with DeskStore.of(paths) as store:
        return ticket_store.listed(store, day)


def _last_of_each(begun: tuple[Attempt, ...]) -> list[Attempt]:
    return list({attempt.command: attempt for attempt in begun}.values())


def _alert(
    settings: Settings, watched: Session, cause: str, title: str, what: str, command: str = RUN
) -> Alert:
    go_on = f"daybook {command}" + (f" --date {watched.day}" if command in {RUN, CLOSE} else "")
    return Alert(
        cause=cause,
        session=watched.day,
        mode=settings.mode,
        title=title,
        what=what,
        effect=effect_of(settings, cause, watched.day),
        go_on=go_on if command == REPLAY else with_mode(go_on, settings),
        stop=with_mode(STOP, settings),
    )
