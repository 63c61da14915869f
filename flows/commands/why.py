"""``daybook why``: one symbol's way through the day, from block scores to the order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.journal_reader import decided_day
from core.calendar import local_moment
from core.canonical import plain
from core.errors import NoData
from core.order_action import action
from core.settings import Settings
from core.storage.artefacts import Store
from core.storage.paths import Paths
from core.storage.runs import Declared, RunBook
from core.tables import FEATURES, HEADLINES, SCORE_PARTS, SCORES, TARGETS, Schema, read_table
from core.tables.columns import rows
from core.text.untrusted import one_line
from desk.errors import UnknownTicket
from desk.records.store import DeskStore
from desk.tickets.ticket_store import committed, fetch
from review.page_parts.data_sources import unknown_sources
from review.standing import order_states, ticket_standing
from review.states import OrderReport, order_reports
from tasks.decide.final_verdict import last_checks, last_passed
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.decide.snapshot import snapshot
from tasks.decide.what_if import what_if
from tasks.ingest.features import features
from tasks.ingest.market import market
from tasks.ingest.news import news
from tasks.ingest.universe import universe
from tasks.record.day_page import source_failures


def explain(settings: Settings, symbol: str, day: date | None) -> dict[str, Any]:
    """Return the story of a symbol on a day, from the last recorded run of that day.

    Raises `NoData` when no run of that day is recorded, or when it did not include the symbol; the
    reason a symbol was left out is part of the message.
    """
    paths = Paths.of(settings)
    decided = decided_day(paths, day)
    entry, decision = decided.entry.entry, decided.decision
    book = RunBook.open(paths, entry.session, decision.run_key)
    reader = _Reader(decided.store, book, one_line(symbol).upper())
    score = reader.row(signals, "scores", SCORES)
    if score is None:
        raise NoData(reader.why_absent(entry.session))
    target = reader.row(overlay, "targets", TARGETS) or {}
    con_id = score["con_id"]
    return {
        "symbol": reader.symbol,
        "con_id": con_id,
        "session": entry.session.isoformat(),
        "run_id": entry.run_id,
        "verdict": decision.verdict,
        "environment": book[market].result.world,
        "unknown": list(unknown_sources(source_failures(book), book[news].result.doubted)),
        "blocks": {name: score[name] for name in ("technical", "fundamental", "sentiment")},
        "coverage": score["coverage"],
        "alpha_score": score["alpha_score"],
        "expected_return_daily": score["expected_return"],
        "volatility_daily": score["volatility"],
        "features": reader.parts(),
        "headlines": reader.headlines(),
        "weight_before": target.get("weight_before"),
        "weight_optimal": target.get("weight_optimal"),
        "override": target.get("override"),
        "rules_met": reader.rules_met(con_id),
        "earnings_unknown": book[overlay].result.earnings_unknown,
        "weight": target.get("weight"),
        "gate": reader.gate(con_id),
        "what_if": reader.what_if(con_id),
        "order": reader.order(con_id, paths, decision.verdict),
    }


class _Reader:
    """Reads one symbol's part of the artefacts of a run."""

    def __init__(self, store: Store, book: RunBook, symbol: str) -> None:
        self.symbol = symbol
        self._store = store
        self._book = book

    def _rows(self, stage: Declared[object], name: str, schema: Schema) -> list[dict[str, Any]]:
        table = read_table(self._store, self._book[stage].artefacts[name], schema)
        return rows(table[table["symbol"] == self.symbol])

    def row(self, stage: Declared[object], name: str, schema: Schema) -> dict[str, Any] | None:
        found = self._rows(stage, name, schema)
        return found[0] if found else None

    def why_absent(self, session: date) -> str:
        quality = self._book[market].result.quality  # None: sealed before bars were judged
        if quality is not None:
            for con_id, symbol in quality.symbols.items():
                if symbol == self.symbol:
                    why = quality.quarantined[con_id]
                    return f"{self.symbol} was in quarantine on {session}: {why}"
        refused, dropped = self._book[universe].result.refused, self._book[features].result.dropped
        for reasons in (refused, dropped):
            if reason := reasons.get(self.symbol):
                return f"{self.symbol} was left out on {session}: {reason}"
        return f"{self.symbol} was not in the universe of {session}"

    def parts(self) -> list[dict[str, Any]]:
        known = {row["feature"]: row for row in self._rows(signals, "score_parts", SCORE_PARTS)}
        columns = ("block", "feature", "value", "score", "weight")
        told = self.row(features, "features", FEATURES) or {}
        ordered = [name for name in told if name in known]
        return [{column: known[name][column] for column in columns} for name in ordered]

    def headlines(self) -> list[dict[str, Any]]:
        found = self._rows(news, "headlines", HEADLINES)
        return [
            {"published": str(row["published"] or "undated"), "title": row["title"],
             "polarity": row["polarity"]}
            for row in found
        ]  # fmt: skip

    def rules_met(self, con_id: int) -> list[dict[str, Any]]:
        findings = self._book[overlay].result.findings
        return [plain(finding) for finding in findings if finding.name == con_id]

    def gate(self, con_id: int) -> dict[str, Any]:
        gate, asked = self._book[risk_gate].result, self._book[what_if].result
        return {
            "passed": last_passed(gate, asked),
            "quantity": gate.quantities.get(con_id),
            "weight_in_lots": gate.weights.get(con_id),
            "skipped": gate.skipped.get(self.symbol),
            "failed": [plain(one) for one in last_checks(gate, asked) if not one.passed],
        }

    def what_if(self, con_id: int) -> list[dict[str, Any]]:
        asked = self._book[what_if].result
        both = (*asked.orders, *asked.removed)
        refs = {order.order_ref for order in both if order.con_id == con_id}
        return [plain(step) for step in asked.steps if step.order_ref in refs]

    def order(self, con_id: int, paths: Paths, sealed: str) -> dict[str, Any] | None:
        """Return the symbol's order, and how the desk has it; ``sealed`` where it has no ticket."""
        orders = self._book[what_if].result.orders
        own = next((order for order in orders if order.con_id == con_id), None)
        if own is None:
            return None
        sha256 = self._book[order_ticket].artefacts["ticket"].sha256
        state, status = _at_desk(paths, sha256, self.symbol, own.order_ref, sealed)
        words = action(own.side, own.quantity, self._held(con_id))
        return {**plain(own), "action": words, "status": status, "state": plain(state)}

    def _held(self, con_id: int) -> float:
        """Return the shares that were held when the day was decided."""
        stored = self._store.open(self._book[snapshot].artefacts["positions"])
        positions = json.loads(stored.read_bytes())["positions"].values()
        return float(sum(each["quantity"] for each in positions if each["con_id"] == con_id))


def _at_desk(
    paths: Paths, sha256: str, symbol: str, order_ref: str, sealed: str
) -> tuple[OrderReport | None, str]:
    """Return how an order stands at the broker, if it was sent, and its status in words."""
    with DeskStore.of(paths) as store:
        try:
            record = fetch(store, sha256)
        except UnknownTicket:
            return None, sealed
        counts = committed(store, record.ticket.account, record.ticket.session) or record
        states = order_reports(order_states(store, counts), counts.held)
        found = ticket_standing(store, counts, now=None)
    own = next((state for state in states if state.order_ref == order_ref), None)
    if own is not None:
        return own, own.status.value
    if not states:
        return None, found.verdict.value
    return None, "pending" if symbol in found.unsent else "not sent"


def render(story: Mapping[str, Any], console: Console) -> None:
    """Print the story, one step a line."""
    head = f"{story['symbol']} on {story['session']} (run {story['run_id']})"
    console.print(Text(head, style="bold"))
    for label, text in _steps(story):
        line = Text.assemble((f"{label:<13} ", "dim"), text)
        console.print(line, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("block", "feature"):
        table.add_column(column)
    for column in ("value", "score", "weight"):
        table.add_column(column, justify="right")
    for part in story["features"]:
        table.add_row(
            part["block"], part["feature"], _number(part["value"], 4),
            _number(part["score"], 2), _number(part["weight"], 2),
        )  # fmt: skip
    console.print()
    console.print(table)


def _steps(story: Mapping[str, Any]) -> list[tuple[str, str]]:
    blocks = ", ".join(f"{name} {_number(score, 2)}" for name, score in story["blocks"].items())
    gate, order = story["gate"], story["order"]
    unknown = ", ".join(story["unknown"])
    steps = [
        *([("market", story["environment"])] if story["environment"] else []),
        *([("unknown", f"{unknown}: not in the scores")] if unknown else []),
        ("block scores", f"{blocks}; {story['coverage']:.0%} of the features known"),
        (
            "alpha",
            (
                f"{_number(story['alpha_score'], 2)}, expected "
                f"{_bps(story['expected_return_daily'])} a day at "
                f"{_percent(story['volatility_daily'])} volatility"
            ),
        ),
        (
            "weight",
            f"{_percent(story['weight_before'])} held, {_percent(story['weight_optimal'])} optimal",
        ),
        ("override", _override_line(story)),
        ("gate", _gate_line(gate)),
        ("what-if", _what_if_line(story["what_if"])),
        ("order", _order_line(order)),
    ]
    steps += [
        ("headline", f"{_published(h['published'])} {_number(h['polarity'], 2)} {h['title']}")
        for h in story["headlines"][-5:]
    ]
    return steps


def _override_line(story: Mapping[str, Any]) -> str:
    met = "; ".join(finding["evidence"] for finding in story["rules_met"])
    line = story["override"] or (f"{met}; no change" if met else "none")
    if story["earnings_unknown"]:
        line += "; earnings calendar unavailable (see stage 1 earnings)"
    return str(line)


def _gate_line(gate: Mapping[str, Any]) -> str:
    verdict = (
        "passed"
        if gate["passed"]
        else "FAILED: " + "; ".join(f"{c['name']}: {c['detail']}" for c in gate["failed"])
    )
    lots = f"{gate['quantity']} shares, {_percent(gate['weight_in_lots'])}"
    return f"{verdict}; {lots}" + (f"; not traded: {gate['skipped']}" if gate["skipped"] else "")


def _what_if_line(steps: list[Mapping[str, Any]]) -> str:
    if not steps:
        return "not asked"
    return " → ".join(f"{s['asked_quantity']} shares {s['action']} ({s['reason']})" for s in steps)


def _order_line(order: Mapping[str, Any] | None) -> str:
    if order is None:
        return "none"
    text = (
        f"{order['action']} {order['quantity']} at {order['limit_price']} {order['time_in_force']}"
    )
    state = order["state"]
    if state is None or not state["filled"]:
        return f"{text}, {order['status']}"
    price = state["average_price"]
    at = "" if price is None else f" at {price}"
    return f"{text}, {state['status']}, {state['filled']:g} filled{at}"


def _number(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:+.{digits}f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2%}"


def _bps(value: float | None) -> str:
    return "unknown" if value is None else f"{1e4 * value:+.1f} bp"


def _published(moment: str) -> str:
    """Return when a headline came out, to the minute, as people here read it."""
    return moment if moment == "undated" else local_moment(datetime.fromisoformat(moment))
