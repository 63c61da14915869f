"""What the day is once the desk has its ticket: asked of the desk, never guessed from stages."""

from __future__ import annotations

from collections.abc import Mapping

from core.canonical import canonical_json, sha256_of
from core.errors import GatewayError
from core.storage.runs import StageRecord
from desk.orders import intents
from desk.orders.reconciliation import reconcile
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from review.standing import order_states, standing
from review.verdict import Verdict
from tasks.day import Day
from tasks.execute import state_records
from tasks.stage import stage


@stage("8 state")
def read_state(
    day: Day,
    records: Mapping[str, StageRecord],
    ask: bool,  # noqa: FBT001 - stages are given by position
) -> StageRecord:
    """Read how the session stands at the desk; ``ask`` the broker first where orders were sent.

    A broker that does not answer is noted: then orders stand as they were last seen.
    """
    proposed = records["propose"]
    submitted = records["submit"].facts if "submit" in records else {}
    with DeskStore.of(day.paths) as store:
        own = ticket_store.fetch(store, proposed.facts["sha256"])
        unasked = _ask(day, store) if ask and "fills" not in records else ""
        found = standing(store, own, now=day.as_of, why=submitted.get("held_back", ""))
        counts = ticket_store.fetch(store, found.ticket_sha256)
        states = state_records(order_states(store, counts), counts.held)
    why_none = proposed.facts["no_orders"]
    if why_none and found.verdict in {Verdict.NO_ORDERS, Verdict.RECOMMENDATION_ONLY}:
        found = found.because("; ".join(part for part in (found.why, why_none) if part))
    told = {"standing": found.record(), "states": states}
    return StageRecord(
        stage="state",
        artefacts={},
        facts=told | {"content": content_of(day, records, told)},
        rows_out=len(states),
        notes="; ".join(part for part in (found.headline, unasked) if part),
    )


def content_of(day: Day, records: Mapping[str, StageRecord], told: Mapping[str, object]) -> str:
    """Return a hash of what was decided and how it stands: a rerun with the same changed nothing.

    Times of stages, prices that led to the same orders and the name of the run are no part of it.
    """
    decided = [
        records["signals"].artefacts["scores"].sha256,
        records["override"].artefacts["targets"].sha256,
        records["propose"].artefacts["ticket"].sha256,
    ]
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
