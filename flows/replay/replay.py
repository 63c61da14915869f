"""The replay: the stages of the day, session by session, on an exchange in this process.

1. Every session is decided at its decision time, by the functions that decide the live day, from
   what the gateway and the vendors knew at that moment.
2. The desk sends the orders of a ticket that passes, with all its checks. They fill at the open,
   or at the close where a limit was reached meanwhile, with the simulator's spread, commissions
   and margin.
3. The account at the close is all that the next session begins with. It is written down, so a
   replay that was killed goes on where it was, and comes to the same.

A replay has a home and a desk of its own: the live ones never see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic import SecretStr

from core import calendar
from core.canonical import canonical_json, sha256_of
from core.errors import DaybookError
from core.settings import Mode, Settings, Submit
from core.storage.paths import Paths
from core.storage.provenance import code_hash
from core.storage.runs import RunBook, StageRecord
from core.tables import FEATURES
from desk.tickets.order_ticket import Ticket, read_ticket
from flows.replay.date_range import Range, choose_sessions
from flows.replay.replay_home import ReplayedDay, ReplayHome
from flows.run.preflight import begin_day
from flows.run.runner import Runner
from flows.run.stages import decide, hand_to_desk
from ibkr.replay.source import ReplaySource
from ibkr.replay.world import Account, ReplayEnvironment, Settlement, open_replay
from risk.account import History, Valuation
from tasks.day import Progress, silent
from tasks.ingest.features import features
from tasks.stage import Stage, StageResult
from tasks.trade.submit import SubmitResult

P = ParamSpec("P")
R = TypeVar("R", bound=StageResult)

KEY = SecretStr("simulated")


class ReplayStopped(DaybookError):
    """A session could not be replayed; those before it are kept."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that is complete."""

    replay_id: str
    source: ReplaySource
    home: ReplayHome
    sessions: tuple[date, ...]


def replay(
    settings: Settings,
    asked: Range,
    *,
    now: datetime,
    resume: str,
    progress: Progress = silent,
    fresh: bool = False,
) -> Replay:
    """Replay a range of sessions, going on after those that are done.

    Parameters
    ----------
    settings
        Of the live run; whatever mode and vendors they name, a replay is simulated.
    now
        What counts as the past.
    resume
        The command that would continue, for error texts.
    progress
        Is told how many sessions are done.
    fresh
        Forget what was replayed before.

    Raises
    ------
    ConfigurationError
        The range cannot be replayed; nothing was done.
    ReplayStopped
        A session failed; the ones before it are kept.
    """
    source = ReplaySource(settings.simulator)
    sessions = choose_sessions(
        asked,
        source,
        now=now,
        min_bars=settings.universe.min_bars,
        exchange=settings.sessions,
    )
    source.refuse_unknown_base(calendar.session(sessions[0]))
    simulated = settings.model_copy(update={"mode": Mode.SIM, "submit": Submit.AUTO})
    replay_id = name_of(simulated, source, sessions)
    home = ReplayHome(Paths.of(simulated).data / "replay" / replay_id)
    with home.alone():
        if fresh:
            home.forget()
        _replay_rest(simulated, source, sessions, home, resume=resume, progress=progress)
    return Replay(replay_id, source, home, sessions)


def name_of(settings: Settings, source: ReplaySource, sessions: Sequence[date]) -> str:
    """Name a replay: same range, world, settings and code, same name and same result."""
    decides = [
        settings.decision_hash,
        settings.simulator.cash,
        settings.simulator.base_currency,
        source.world_id,
        code_hash("flows", "simulator"),
    ]
    short = sha256_of(canonical_json(decides))[:12]
    return f"{sessions[0].isoformat()}_{sessions[-1].isoformat()}_{short}"


def _replay_rest(
    settings: Settings,
    source: ReplaySource,
    sessions: Sequence[date],
    home: ReplayHome,
    *,
    resume: str,
    progress: Progress,
) -> None:
    done = home.done(sessions)
    progress("sessions", done, len(sessions))
    if done == len(sessions):
        return
    account, past = Account(settings.simulator.cash), Past()
    for session in sessions[:done]:
        replayed = home.get(session)
        account = replayed.settlement.account
        past.add(replayed)
    with open_replay(source, calendar.session(sessions[done])) as world:
        simulated = _in_world(settings, world)
        for number, day in enumerate(sessions[done:], start=done + 1):
            try:
                replayed, ticket = _replay_session(
                    simulated, world, day, account, home, past, resume
                )
            except DaybookError as error:
                raise ReplayStopped(f"the replay stopped at {day}: {error}") from error
            home.put(replayed, ticket)
            account = replayed.settlement.account
            past.add(replayed)
            progress("sessions", number, len(sessions))
    home.tidy()


def _in_world(settings: Settings, world: ReplayEnvironment) -> Settings:
    """Return the settings with every vendor of the world: a real one would tell of today."""
    vendors = settings.vendors.model_copy(
        update={
            "fundamentals_url": f"{world.http_url}/stable",
            "fundamentals_key": KEY,
            "news_urls": (
                f"{world.http_url}/rss/markets.xml",
                f"{world.http_url}/rss/companies.xml",
            ),
            "slack_webhook": None,
        }
    )
    return settings.model_copy(update={"vendors": vendors})


def _replay_session(
    settings: Settings,
    world: ReplayEnvironment,
    session_day: date,
    account: Account,
    home: ReplayHome,
    past: Past,
    resume: str,
) -> tuple[ReplayedDay, bytes]:
    """Decide one session, trade it, and settle it at its close."""
    session = calendar.session(session_day, exchange=settings.sessions)
    scratch = home.scratch()
    world.begin(session, account, state=scratch / "exchange")
    day = begin_day(
        settings.model_copy(update={"home": scratch}),
        session_day,
        progress=silent,
        open_gateway=world.open_gateway,
        past=past,
        world=world.title,
    )
    book = RunBook.open(day.paths, session_day, day.run_key)
    runner = Runner(book, Waiting, NobodyWatches(), resume=resume)
    proposed = decide(day, runner)
    content = day.store.open(proposed.artefacts["ticket"]).read_bytes()
    ticket = read_ticket(content)
    submitted = hand_to_desk(day, runner, proposed)
    table = day.read(runner.records[features].artefacts["features"], FEATURES)
    settlement = world.settle(session, universe=table["con_id"].tolist())
    return _replayed(ticket, submitted.result if submitted else None, settlement), content


def _replayed(
    ticket: Ticket, submitted: SubmitResult | None, settlement: Settlement
) -> ReplayedDay:
    return ReplayedDay(
        session=ticket.session,
        verdict=ticket.status.value,
        failed_checks=tuple(check.name for check in ticket.failed_checks),
        held_back=submitted.held_back if submitted else "",
        orders=submitted.sent if submitted else 0,
        ticket_sha256=ticket.sha256,
        net_asset_value=ticket.net_asset_value,
        settlement=settlement,
    )


class Past:
    """What the replay's account was worth before each session.

    See `desk.gate.account_state.PastOf`. Two numbers a session are all that is kept in memory.
    """

    def __init__(self) -> None:
        self._valuations: list[Valuation] = []

    def add(self, day: ReplayedDay) -> None:
        """Keep what the account was worth when a session was decided, and at its close."""
        found = calendar.session(day.session)
        self._valuations += [
            Valuation(day.session, found.decision_time, day.net_asset_value),
            Valuation(day.session, found.close, day.settlement.equity),
        ]

    def __call__(self, settings: Settings, *, account: str, session: date) -> History:
        """Return the valuations of earlier sessions."""
        del settings, account  # a replay has one account, and begins where it begins
        return History(tuple(one for one in self._valuations if one.session < session))


class Waiting(Generic[R]):
    """A stage that is run when its record is asked for, in the caller's thread."""

    def __init__(self, stage: Stage[P, R], /, *args: P.args, **kwargs: P.kwargs) -> None:
        self._run = partial(stage.fn, *args, **kwargs)

    def result(self) -> StageRecord[R]:
        """Run the stage."""
        return self._run()


class NobodyWatches:
    """Is told how each session goes, and keeps it to itself: a replay has one progress bar."""

    def begins(self, world: str) -> None:
        """Do nothing."""

    def started(self, title: str) -> None:
        """Do nothing."""

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Do nothing."""
