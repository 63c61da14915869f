"""The day: nine stages from market data to a sealed journal.

Nothing here knows whether a stage runs in a thread or as a Prefect task: that is `Runner`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import StageFailed
from core.settings import Submit
from core.storage.runs import StageRecord
from flows.run.runner import Runner
from review.execution import after_sending
from review.standing import Standing
from tasks.alternative import fetch_earnings, fetch_fundamentals, fetch_macro, fetch_news
from tasks.check import check_targets
from tasks.day import Day
from tasks.execute import collect_fills, keep_submission, seal_execution, submit_automatically
from tasks.ingest import choose_universe, fetch_market
from tasks.ingested import Ingested
from tasks.optimise import optimise_target
from tasks.override import override_targets
from tasks.propose import propose_orders
from tasks.record import notify, seal_day
from tasks.register import register_ticket
from tasks.rehearse import rehearse_orders
from tasks.score import build_features, compute_scores
from tasks.snapshot import take_snapshot
from tasks.state import read_state

AFTER_THE_OPEN = timedelta(minutes=1)

MoveClock = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a day came to."""

    day: Day
    records: dict[str, StageRecord]  # by stage, in the order the stages ended

    @property
    def standing(self) -> Standing:
        """What the day is, as the desk has it."""
        return Standing.of_record(self.records["state"].facts["standing"])

    @property
    def exit_code(self) -> int:
        """The exit code of what the day is (see `review.verdict`), and 1 when a person looks."""
        return 1 if self.attention else self.standing.exit_code

    @property
    def attention(self) -> str:
        """What a person has to look at besides what the day is; empty for nothing."""
        filled = self.records.get("fills")
        return "" if filled is None else after_sending(filled.facts)


def run_day(day: Day, runner: Runner, *, advance_to: MoveClock | None = None) -> Outcome:
    """Take one session through all nine stages.

    ``advance_to`` moves the simulator's clock past the open, so that orders that were sent can
    fill; it is None where time passes by itself. Raises `StageFailed`; what earlier stages wrote
    is kept.
    """
    proposed = decide(day, runner)
    submitted = hand_to_desk(day, runner, proposed)
    if submitted is not None and submitted.facts["states"]:
        _follow(day, runner, submitted, advance_to)
    # Where the clock is moved by hand, an earlier hour would be asked about later fills.
    asks = advance_to is None
    runner.run("state", read_state, day, dict(runner.records), asks)
    runner.run("seal", seal_day, day, dict(runner.records))
    runner.run("notify", notify, day, dict(runner.records))
    return Outcome(day, runner.records)


def decide(day: Day, runner: Runner) -> StageRecord:
    """Take one session from market data to its order ticket: stages 1 to 8, nothing is sent."""
    ingested = _ingest(day, runner)
    snapshot = runner.start("snapshot", take_snapshot, day)
    scores = runner.run("signals", compute_scores, day, ingested.features)
    held = snapshot()
    optimal = runner.run(
        "optimise", optimise_target, day, ingested.features, scores, ingested.market, held
    )
    targets = runner.run("override", override_targets, day, optimal, ingested, held)
    verdict = runner.run("check", check_targets, day, targets, ingested, held, optimal)
    rehearsal = runner.run("rehearse", rehearse_orders, day, targets, ingested, held, verdict)
    return runner.run("propose", propose_orders, day, targets, ingested, held, verdict, rehearsal)


def _ingest(day: Day, runner: Runner) -> Ingested:
    universe = runner.run("universe", choose_universe, day)
    # IBKR's pace is the bottleneck; the vendors are asked meanwhile.
    market = runner.start("market", fetch_market, day, universe)
    fundamentals = runner.start("fundamentals", fetch_fundamentals, day, universe)
    news = runner.start("news", fetch_news, day, universe)
    macro = runner.start("macro", fetch_macro, day)
    earnings = runner.start("earnings", fetch_earnings, day, universe)
    scored = (universe, market(), fundamentals(), news(), macro())
    return Ingested(
        *scored,
        earnings=earnings(),
        features=runner.run("features", build_features, day, *scored),
    )


def hand_to_desk(day: Day, runner: Runner, proposed: StageRecord) -> StageRecord | None:
    """Give the ticket to the desk and, in auto mode, let it be sent; None where it is not to be.

    A record without states is of a ticket that the desk refused: it waits for a person.
    """
    made = runner.records
    runner.run("register", register_ticket, day, proposed, made["override"], made["snapshot"])
    if not _may_send(day, proposed):
        return None
    return runner.run("submit", submit_automatically, day, proposed)


def _may_send(day: Day, proposed: StageRecord) -> bool:
    return (
        day.settings.submit is Submit.AUTO
        and proposed.facts["status"] == "proposed"
        and proposed.facts["orders"] > 0
    )


def _follow(day: Day, runner: Runner, submitted: StageRecord, advance_to: MoveClock | None) -> None:
    if advance_to is not None:
        advance_to(day.session.open + AFTER_THE_OPEN)
    try:
        filled = runner.run("fills", collect_fills, day, submitted)
    except StageFailed as failed:
        # The orders have left: what is known of them is sealed and told, whatever else fails.
        filled = runner.run("fills", keep_submission, submitted, failed.reason)
    runner.run("seal_execution", seal_execution, day, submitted, filled)
