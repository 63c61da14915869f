"""The day: nine stages from market data to a journal entry.

Nothing here knows whether a stage runs in a thread or as a Prefect task: that is `Runner`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import StageFailed
from core.settings import Submit
from core.storage.runs import Records, StageRecord
from desk.tickets.order_ticket import TicketStatus
from flows.run.runner import Runner
from review.execution import after_sending
from review.standing import Standing
from tasks.day import Day
from tasks.decide.optimise import optimise
from tasks.decide.order_ticket import OrderTicketResult, order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.decide.snapshot import snapshot
from tasks.decide.what_if import what_if
from tasks.ingest.earnings import earnings
from tasks.ingest.features import features
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.ingested import Ingested
from tasks.ingest.macro import macro
from tasks.ingest.market import market
from tasks.ingest.news import news
from tasks.ingest.universe import universe
from tasks.record.day_message import notify_of_day
from tasks.record.execution import execution
from tasks.record.journal import journal
from tasks.trade.desk import desk
from tasks.trade.fills import fills, keep_submission
from tasks.trade.standing import standing
from tasks.trade.submit import SubmitResult, submit_automatically

AFTER_THE_OPEN = timedelta(minutes=1)

MoveClock = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a day came to."""

    day: Day
    records: Records  # in the order the stages ended

    @property
    def standing(self) -> Standing:
        """What the day is, as the desk has it."""
        return self.records[standing].result.standing

    @property
    def exit_code(self) -> int:
        """The exit code of what the day is (see `review.verdict`), and 1 when a person looks."""
        return 1 if self.attention else self.standing.exit_code

    @property
    def attention(self) -> str:
        """What a person has to look at besides what the day is; empty for nothing."""
        if fills not in self.records:
            return ""
        filled = self.records[fills].result
        return after_sending(filled.states, filled.not_asked)


def run_day(day: Day, runner: Runner, *, advance_to: MoveClock | None = None) -> Outcome:
    """Take one session through all nine stages.

    ``advance_to`` moves the simulator's clock past the open, so that orders that were sent can
    fill; it is None where time passes by itself. Raises `StageFailed`; what earlier stages wrote
    is kept.
    """
    proposed = decide(day, runner)
    submitted = hand_to_desk(day, runner, proposed)
    if submitted is not None and submitted.result.states:
        _follow(day, runner, submitted, advance_to)
    # Where the clock is moved by hand, an earlier hour would be asked about later fills.
    made = runner.records
    runner.run(standing, day, made, ask=advance_to is None)
    runner.run(journal, day, made)
    runner.run(notify_of_day, day, made)
    return Outcome(day, made)


def decide(day: Day, runner: Runner) -> StageRecord[OrderTicketResult]:
    """Take one session from market data to its order ticket: stages 1 to 8, nothing is sent."""
    ingested = _ingest(day, runner)
    account = runner.start(snapshot, day)
    scores = runner.run(signals, day, ingested.features)
    held = account()
    optimal = runner.run(
        optimise, day, ingested.universe, ingested.features, scores, ingested.market, held
    )
    targets = runner.run(overlay, day, optimal, ingested, held)
    verdict = runner.run(risk_gate, day, targets, ingested, held, optimal)
    asked = runner.run(what_if, day, targets, ingested, held, verdict)
    return runner.run(order_ticket, day, targets, ingested, held, verdict, asked)


def _ingest(day: Day, runner: Runner) -> Ingested:
    chosen = runner.run(universe, day)
    # IBKR's pace is the bottleneck; the vendors are asked meanwhile.
    bars = runner.start(market, day, chosen)
    figures = runner.start(fundamentals, day, chosen)
    headlines = runner.start(news, day, chosen)
    gauges = runner.start(macro, day)
    dates = runner.start(earnings, day, chosen)
    fetched, reported, told, measured = bars(), figures(), headlines(), gauges()
    return Ingested(
        universe=chosen,
        market=fetched,
        news=told,
        earnings=dates(),
        features=runner.run(features, day, chosen, fetched, reported, told, measured),
    )


def hand_to_desk(
    day: Day, runner: Runner, proposed: StageRecord[OrderTicketResult]
) -> StageRecord[SubmitResult] | None:
    """Give the ticket to the desk and, in auto mode, let it be sent; None where it is not to be.

    A record without states is of a ticket that the desk refused: it waits for a person.
    """
    made = runner.records
    runner.run(desk, day, proposed, made[overlay], made[snapshot])
    if not _may_send(day, proposed.result):
        return None
    return runner.run(submit_automatically, day, proposed)


def _may_send(day: Day, proposed: OrderTicketResult) -> bool:
    return (
        day.settings.submit is Submit.AUTO
        and proposed.status is TicketStatus.PROPOSED
        and proposed.orders > 0
    )


def _follow(
    day: Day,
    runner: Runner,
    submitted: StageRecord[SubmitResult],
    advance_to: MoveClock | None,
) -> None:
    if advance_to is not None:
        advance_to(day.session.open + AFTER_THE_OPEN)
    try:
        filled = runner.run(fills, day, submitted)
    except StageFailed as failed:
        # The orders have left: what is known of them is sealed and told, whatever else fails.
        filled = runner.run(keep_submission, submitted, failed.reason)
    runner.run(execution, day, submitted, filled)
