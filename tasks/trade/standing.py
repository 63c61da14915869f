"""Stage 8: what the day is once the desk has its ticket: asked of the desk, never guessed."""

from __future__ import annotations

from dataclasses import dataclass

from core.canonical import canonical_json, plain, sha256_of
from core.errors import GatewayError
from core.storage.runs import Records
from desk.orders import intents
from desk.orders.reconciliation import reconcile
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from review.standing import Standing, order_states
from review.standing import standing as standing_of
from review.states import OrderReport, order_reports
from review.verdict import Verdict
from tasks.day import Day
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.signals import signals
from tasks.stage import Output, StageResult, stage
from tasks.trade.fills import fills
from tasks.trade.submit import submit


@dataclass(frozen=True, slots=True)
class StandingResult(StageResult):
    """What the day is, and how its orders stand."""

    standing: Standing
    states: tuple[OrderReport, ...]
    content: str  # hash of what was decided and how it stands; see `content_of`


@stage(8, StandingResult)
def standing(day: Day, made: Records, *, ask: bool) -> Output[StandingResult]:
    """Read how the session stands at the desk; ``ask`` the broker first where orders were sent.

    A broker that does not answer is noted: then orders stand as they were last seen.
    """
    proposed = made[order_ticket].result
    why = made[submit].result.held_back if submit in made else ""
    with DeskStore.of(day.paths) as store:
        own = ticket_store.fetch(store, proposed.sha256)
        unasked = _ask(day, store) if ask and fills not in made else ""
        found = standing_of(store, own, now=day.as_of, why=why)
        counts = ticket_store.fetch(store, found.ticket_sha256)
        states = order_reports(order_states(store, counts), counts.held)
    if proposed.no_orders and found.verdict in {Verdict.NO_ORDERS, Verdict.RECOMMENDATION_ONLY}:
        found = found.because("; ".join(filter(None, (found.why, proposed.no_orders))))
    return Output(
        result=StandingResult(found, states, content_of(day, made, found, states)),
        rows_out=len(states),
        notes="; ".join(part for part in (found.headline, unasked) if part),
    )


def content_of(day: Day, made: Records, found: Standing, states: tuple[OrderReport, ...]) -> str:
    """Return a hash of what was decided and how it stands: a rerun with the same changed nothing.

    Times of stages, prices that led to the same orders and the name of the run are no part of it.
    """
    decided = [
        made[signals].artefacts["scores"].sha256,
        made[overlay].artefacts["targets"].sha256,
        made[order_ticket].artefacts["ticket"].sha256,
    ]
    told = {"standing": plain(found), "states": plain(states)}
    return sha256_of(canonical_json([day.run_key, decided, told]))


def _ask(day: Day, store: DeskStore) -> str:
    """Ask the broker how the session's orders stand; return why it could not be asked."""
    if not intents.of_session(store, day.account, day.session.day):
        return ""
    try:
        with day.connect(for_orders=True) as gateway:
            reconcile(
                store,
                gateway.trading,
                account=day.account,
                session=day.session.day,
                now=gateway.server_time(),
            )
    except GatewayError as error:
        return f"as last seen, the broker did not say: {error}"
    return ""
