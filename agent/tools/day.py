"""Tools about a day: run one dry, and read what past ones decided and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from agent.context import ToolContext
from agent.journal_reader import decided_day
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import Symbol
from core import clock
from core.settings import Effect
from journal import SealedEntry


@tool(Effect.READ, Scope.DAY)
def why(context: ToolContext, symbol: Symbol, session: date | None = None) -> Answer:
    """Explain why a symbol was traded or not on a recorded day; default: the newest.

    Block scores and alpha_score in -1..+1 (null: not known), coverage (fraction of features
    known), the features behind them, headlines with polarity, weight_before, weight_optimal and
    weight as fractions of net asset value, override, gate, what_if steps and the order.
    """
    day = decided_day(context.paths, session)
    story = dict(context.services.why(symbol, day.session))
    return Answer(as_of=_decided_at(day.entry), source=day.source, data=story)


@tool(Effect.READ, Scope.DAY)
def day_summary(context: ToolContext, session: date | None = None) -> Answer:
    """Return what a recorded day decided; default: the newest.

    verdict, constraints_ok, failed_checks; the gate's figures of the orders that would be sent, as
    fractions of net asset value: gross, net, cash_without_short_proceeds, turnover, and per day
    volatility, value_at_risk and expected_shortfall (the worse of historical and parametric, the
    method named); checks and checks_passed; expected_return and expected_volatility of the
    optimiser's target; top_drivers, orders, sent, the hashes of targets and orders, and every
    artefact with path (below the home folder), rows and sha256.
    """
    day = decided_day(context.paths, session)
    entry = day.entry.entry
    data = {
        "session": day.session,
        "run_id": entry.run_id,
        "facts": entry.facts,
        "artefacts": entry.artefacts,
    }
    return Answer(as_of=_decided_at(day.entry), source=day.source, data=data)


@tool(Effect.READ, Scope.DAY)
def day_report(context: ToolContext, session: date | None = None) -> Answer:
    """Return where the page of a recorded day is, for a person to open; default: the newest.

    ``path`` is below the home folder; ``sha256`` is what the journal recorded and was checked
    just now.
    """
    day = decided_day(context.paths, session)
    page = context.paths.page(day.session).relative_to(context.paths.home).with_suffix("")
    artefact = day.artefact(page.as_posix())
    day.store.open(artefact)
    return Answer(as_of=_decided_at(day.entry), source=day.source, data=artefact)


@tool(Effect.PREVIEW, Scope.DAY)
def dry_day(context: ToolContext, session: date | None = None, *, fresh: bool = False) -> Answer:
    """Run a whole day that only proposes: all nine stages, a ticket, a journal entry, no order.

    Takes up to some minutes. ``session`` default: today; in the embedded simulator the newest it
    has. ``fresh`` ignores cached stages. Returns verdict, exit_code (3: recommendation only),
    figures (the gate's), failed_checks, orders, actions, stages with seconds, and artefacts. The
    ticket waits for a person.
    """
    summary: dict[str, Any] = dict(context.services.dry_day(session, fresh=fresh))
    return Answer(as_of=clock.now(), source=f"day {summary['run_id']}", data=summary)


def _decided_at(sealed: SealedEntry) -> datetime:
    return sealed.entry.timestamp
