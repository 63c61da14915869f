"""The records of a day, gathered into what people see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.artefacts import Artefact
from core.provenance import code_hash
from core.runs import StageRecord
from core.tables import HEADLINES, SCORES, TARGETS
from core.types import OrderStatus, Side, Snapshot
from desk.ticket import Ticket, TicketLine, read_ticket
from desk.tickets import SHORT, TicketState
from review.day import (
    Check,
    DayPage,
    Headline,
    OrderLine,
    Outcome,
    Override,
    Quality,
    Rehearsal,
    Risk,
    Stage,
    SymbolLine,
    Unit,
    Verdict,
)
from risk.measures import gross, turnover
from signals.contributions import contributions
from signals.weights import BLOCKS
from tasks.columns import numbers, rows
from tasks.day import Day
from tasks.snapshot import snapshot_of

Records = Mapping[str, StageRecord]

# Where a stage stands among the nine of the operating manual.
NUMBERS = {
    "universe": 1, "market": 1, "fundamentals": 1, "news": 1, "macro": 1, "features": 1,
    "signals": 2, "snapshot": 3, "optimise": 4, "override": 5, "check": 6, "rehearse": 7,
    "propose": 8, "register": 8, "submit": 8, "fills": 8, "seal_execution": 9, "seal": 9,
    "notify": 9,
}  # fmt: skip
TITLES = {
    "override": "overlay", "check": "risk gate", "rehearse": "what-if", "propose": "orders",
    "register": "desk", "seal_execution": "execution", "seal": "journal",
}  # fmt: skip


def day_page(day: Day, records: Records, *, world: str = "") -> DayPage:
    """Gather a day. Stages that have not run yet are simply not shown."""
    ticket = read_ticket(day.store.open(records["propose"].artefacts["ticket"]).read_bytes())
    snapshot = snapshot_of(day.read_record(records["snapshot"].artefacts["positions"]))
    table = rows(day.read(records["override"].artefacts["targets"], TARGETS))
    verdict = day_verdict(ticket, records)
    return DayPage(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        currency=snapshot.currency,
        net_asset_value=snapshot.net_asset_value,
        as_of=day.as_of,
        opens_at=day.session.open,
        finish_line=day.session.finish_line,
        verdict=verdict,
        verdict_reason=verdict_reason(verdict, ticket, records),
        ticket_sha256=ticket.sha256,
        next_step=next_step(verdict, ticket, refused=_refused(records)),
        run_id=day.run_id,
        code_version=code_hash(),
        settings_hash=day.settings.decision_hash,
        world=world,
        risk=_risk(day, records, snapshot),
        orders=tuple(_order_line(line, _states(records)) for line in ticket.lines),
        checks=tuple(_gate_lines(records)),
        binding=tuple(records["optimise"].facts["binding"]),
        symbols=tuple(_symbol_lines(day, records, table, snapshot)),
        overrides=tuple(_overrides(day, records, table)),
        quality=tuple(_quality(records)),
        rehearsals=tuple(_rehearsals(records)),
        stages=stage_lines(records),
        artefacts=artefacts_of(records),
    )


def day_verdict(ticket: Ticket, records: Records) -> Verdict:
    """Return how the day ended."""
    if ticket.failed_checks:
        return Verdict.RECOMMENDATION_ONLY
    if not ticket.lines:
        return Verdict.NO_ORDERS
    if "submit" in records and records["submit"].facts["states"]:
        return Verdict.EXECUTED
    return Verdict.RECOMMENDATION_ONLY if _came_second(records) else Verdict.PROPOSED


def verdict_reason(verdict: Verdict, ticket: Ticket, records: Records) -> str:
    """Return what the verdict rests on, beyond failed checks."""
    if _came_second(records):
        return "Orders of this session were committed before; see: daybook orders"
    if verdict is Verdict.NO_ORDERS and ticket.removed:
        named = "; ".join(f"{removed.symbol}: {removed.reason}" for removed in ticket.removed[:3])
        return f"The rehearsal removed every order ({named})."
    return ""


def next_step(verdict: Verdict, ticket: Ticket, *, refused: str = "") -> str:
    """Return what a person can do; ``refused`` is why the desk did not send by itself."""
    if verdict is Verdict.PROPOSED:
        why = f"Not sent by itself: {refused}. " if refused else ""
        return (
            f"{why}To send ticket {ticket.sha256[:SHORT]}: daybook approve {ticket.session}; "
            f"to refuse it: daybook reject {ticket.session} --reason TEXT"
        )
    if verdict is Verdict.RECOMMENDATION_ONLY:
        return "Nothing will be sent. Correct what failed, then run the day again."
    if verdict is Verdict.EXECUTED:
        return f"Orders that still work are valid for {ticket.session} only."
    return ""


def _refused(records: Records) -> str:
    return records["submit"].facts["held_back"] if "submit" in records else ""


def _came_second(records: Records) -> bool:
    if "register" not in records:
        return False
    proposed = records["propose"].facts
    if proposed["status"] != "proposed" or not proposed["orders"]:
        return False
    return bool(records["register"].facts["state"] == TicketState.RECOMMENDATION)


def stage_lines(records: Records) -> tuple[Stage, ...]:
    """Return the stages in the order of the day."""
    ordered = sorted(records, key=lambda name: (NUMBERS[name], list(NUMBERS).index(name)))
    return tuple(stage_line_of(name, records[name]) for name in ordered)


def stage_line_of(name: str, record: StageRecord) -> Stage:
    """Return one stage as people see it."""
    note = f"resumed; {record.notes}".rstrip("; ") if record.resumed else record.notes
    return Stage(
        number=NUMBERS[name],
        name=TITLES.get(name, name),
        seconds=record.seconds,
        rows_in=record.rows_in,
        rows_out=record.rows_out,
        note=note,
    )


def artefacts_of(records: Records) -> tuple[Artefact, ...]:
    """Return every artefact of these stages, each once, by path."""
    found = {a.path: a for record in records.values() for a in record.artefacts.values()}
    return tuple(found[path] for path in sorted(found))


def _states(records: Records) -> dict[str, Mapping[str, Any]]:
    states: dict[str, Mapping[str, Any]] = {}
    for name in ("submit", "fills"):
        if name in records:
            states |= {state["order_ref"]: state for state in records[name].facts["states"]}
    return states


def _order_line(line: TicketLine, states: Mapping[str, Mapping[str, Any]]) -> OrderLine:
    state = states.get(line.order.order_ref)
    return OrderLine(
        side=line.order.side,
        symbol=line.order.symbol,
        quantity=line.order.quantity,
        limit_price=line.order.limit_price,
        weight_before=line.weight_before,
        weight_after=line.weight_after,
        alpha=line.alpha_score,
        adv_share=line.adv_share,
        margin_change=line.maintenance_margin_change,
        value=line.notional,
        flag=line.flag,
        status=None if state is None else OrderStatus(state["status"]),
        filled=0.0 if state is None else state["filled"],
        average_price=None if state is None else state["average_price"],
    )


def _risk(day: Day, records: Records, snapshot: Snapshot) -> Risk:
    optimal = records["optimise"].facts
    after = {int(name): weight for name, weight in records["check"].facts["weights"].items()}
    return Risk(
        gross_before=gross(snapshot.weights.values()),
        gross_after=gross(after.values()),
        gross_limit=day.settings.limits.max_gross,
        cash_after=1.0 - sum(after.values()),
        turnover=turnover(snapshot.weights, after),
        expected_return=optimal["expected_return"],
        volatility=optimal["volatility"],
        var_95=optimal["value_at_risk"],
        cvar_95=optimal["cvar"],
    )


def _checks(records: Records, name: str) -> Sequence[Mapping[str, Any]]:
    checks: Sequence[Mapping[str, Any]] = records[name].facts["checks"]
    return checks


def _failed_again(records: Records) -> list[Mapping[str, Any]]:
    """Return what failed only after the rehearsal had removed orders."""
    return [
        {**check, "name": f"after what-if: {check['name']}"}
        for check in _checks(records, "rehearse")
        if not check["passed"]
    ]


def _gate_lines(records: Records) -> list[Check]:
    """Return every check that has a limit, and whatever failed; information is left out."""
    checks = [*_checks(records, "check"), *_failed_again(records)]
    return [_check(each) for each in checks if each["limit"] is not None or not each["passed"]]


def _check(plain: Mapping[str, Any]) -> Check:
    return Check(
        name=plain["name"],
        value=plain["value"],
        limit=0.0 if plain["limit"] is None else plain["limit"],
        passed=plain["passed"],
        unit=_unit(plain["name"]),
        detail=plain["detail"],
    )


def _unit(name: str) -> Unit:
    if name in {"gross", "gross change", "invested", "net", "turnover"}:
        return Unit.MULTIPLE
    if name == "net asset value":
        return Unit.MONEY
    if name in {"finite weights", "finish line", "orders"} or name.endswith(" quantity"):
        return Unit.COUNT
    return Unit.PERCENT


def _symbol_lines(
    day: Day, records: Records, table: Sequence[Mapping[str, Any]], snapshot: Snapshot
) -> list[SymbolLine]:
    scores = day.read(records["signals"].artefacts["scores"], SCORES).set_index("con_id")
    parts = contributions(scores, settings=day.settings.signals)
    by_block = {block: numbers(parts[block]) for block in BLOCKS}
    before, after = snapshot.weights, records["check"].facts["weights"]
    return [
        SymbolLine(
            symbol=row["symbol"],
            weight_before=before.get(row["con_id"], 0.0),
            weight_after=after.get(str(row["con_id"]), 0.0),
            alpha=row["alpha_score"],
            **{block: by_block[block].get(row["con_id"]) for block in BLOCKS},
        )
        for row in table
    ]


def _overrides(day: Day, records: Records, table: Sequence[Mapping[str, Any]]) -> list[Override]:
    headlines = day.read(records["news"].artefacts["headlines"], HEADLINES)
    return [
        Override(
            symbol=row["symbol"],
            reason=row["override"],
            weight_before=row["weight_optimal"],
            weight_after=row["weight"],
            headlines=tuple(_headlines(headlines[headlines["symbol"] == row["symbol"]])),
        )
        for row in table
        if row["override"]
    ]


def _headlines(table: pd.DataFrame) -> list[Headline]:
    return [
        Headline(
            title=row["title"],
            source=row["source"],
            published=row["published"] and row["published"].to_pydatetime(),
            polarity=row["polarity"],
        )
        for row in rows(table.sort_values("polarity").head(3))
    ]


def _quality(records: Records) -> list[Quality]:
    market, features = records["market"].facts, records["features"].facts
    asked = records["market"].rows_in or 0
    lines = [
        _missing("symbols without a contract", records["universe"].facts["refused"],
                 records["universe"].rows_in or 0, "left out"),
        _missing("symbols without bars", market["no_bars"], asked, "left out"),
        _missing("symbols without a quote", market["no_quote"], asked, "left out"),
        _missing("symbols not usable", features["dropped"], asked, "left out; frozen if held"),
    ]  # fmt: skip
    for name in ("fundamentals", "news", "macro"):
        degraded = records[name].facts["degraded"]
        if degraded:
            lines.append(
                Quality(what=f"{name} source failed", affected=1, of=1,
                        consequence=f"its part of every score is unknown: {degraded}")
            )  # fmt: skip
    return lines


def _missing(what: str, reasons: Mapping[str, str], of: int, consequence: str) -> Quality:
    examples = tuple(f"{name}: {why}" for name, why in sorted(reasons.items())[:3])
    return Quality(
        what=what,
        affected=len(reasons),
        of=of,
        consequence=consequence if reasons else "",
        examples=examples,
    )


def _rehearsals(records: Records) -> list[Rehearsal]:
    facts = records["rehearse"].facts
    orders = {order["order_ref"]: order for order in (*facts["orders"], *facts["removed"])}
    first: dict[str, int] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for step in facts["steps"]:
        first.setdefault(step["order_ref"], step["asked_quantity"])
        last[step["order_ref"]] = step
    kept = {order["order_ref"] for order in facts["orders"]}
    return [
        _rehearsal(orders[ref], first[ref], step, kept=ref in kept) for ref, step in last.items()
    ]


def _rehearsal(
    order: Mapping[str, Any], first: int, step: Mapping[str, Any], *, kept: bool
) -> Rehearsal:
    answer = step["answer"] or {}
    outcome = Outcome.KEPT if kept else Outcome.REMOVED
    if kept and step["asked_quantity"] != first:
        outcome = Outcome.SIZED_DOWN
    elif not kept and step["action"] == "removed and flagged":
        outcome = Outcome.FLAGGED
    return Rehearsal(
        symbol=order["symbol"],
        side=Side(order["side"]),
        quantity=first,
        quantity_after=order["quantity"] if kept else 0,
        outcome=outcome,
        margin_change=answer.get("maintenance_margin_change"),
        commission=answer.get("commission"),
        reason=step["reason"],
    )
