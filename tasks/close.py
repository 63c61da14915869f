"""After the close: what filled, what it cost, and whether the account holds what it should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import ConfigurationError
from core.storage.runs import StageRecord
from core.tables import FILLS
from core.types import OrderState, OrderStatus
from desk.gate.decision_prices import units_decided
from desk.orders import intents
from desk.orders.position_check import fills_since, mismatches, unreported
from desk.orders.reconciliation import reconcile
from desk.orders.transaction_costs import Costs, costs
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import OPEN, TicketRecord
from review.states import counted, uncertain_names
from tasks.day import Day
from tasks.execute import fills_table, order_rows, seal, state_records, ticket_artefact
from tasks.snapshot import record_of
from tasks.stage import stage


@stage("close", retries=2)
def settle(day: Day, sha256: str) -> StageRecord:
    """Ask for the session's final states, fills and positions, and hold them against the decision.

    Raises `ConfigurationError` before the session's close.
    """
    if day.as_of < day.session.close:
        raise ConfigurationError(
            f"{day.session.day} closes at {day.session.close:%H:%M} UTC, the gateway's clock says "
            f"{day.as_of:%H:%M} UTC: close the session afterwards"
        )
    with DeskStore.of(day.paths) as store, day.connect(for_orders=True) as gateway:
        found = reconcile(
            store,
            gateway.trading,
            account=day.account,
            session=day.session.day,
            now=gateway.server_time(),
        )
        snapshot = gateway.portfolio.snapshot()
        record = ticket_store.fetch(store, sha256)
        if record.state in OPEN:
            ticket_store.expire(store, sha256, now=day.as_of)
        ordered = intents.of_session(store, day.account, day.session.day)
        others = {con_id for intent in ordered for con_id in intent.order.changes}
        others -= {order.con_id for order in record.ticket.orders}
        contracts = gateway.market.describe(others).contracts if others else {}
    states = [found.states[intent.order.order_ref] for intent in ordered]
    fills = fills_since(states, record.ticket.decided_at)
    decided = {line.order.order_ref: line.reference_price for line in record.ticket.lines}
    units = units_decided(record, snapshot, contracts)
    spent = costs(fills, decided, units, snapshot.exchange_rates)
    # Of an order that was committed to before the decision it is not known when it filled.
    own = {order.order_ref for order in record.ticket.orders}
    beside = unreported(state for state in states if state.order_ref in own)
    odd = mismatches(record.holdings, fills, snapshot, beside)
    silent = [each for each in unreported(states) if each.quantity > 0.0]
    facts: dict[str, Any] = {
        "ticket": sha256,
        "states": state_records(states, record.held),
        "unfilled": [s.order_ref for s in states if s.filled < s.quantity],
        "uncertain": [s.order_ref for s in states if s.status is OrderStatus.UNCERTAIN],
        "unreported": [
            {
                "order_ref": s.order_ref,
                "symbol": s.symbol,
                "side": s.side.value,
                "quantity": s.quantity,
            }
            for s in silent
        ],
        "costs": cost_record(spent),
        "mismatches": [
            {
                "con_id": each.con_id,
                "symbol": each.symbol,
                "expected": each.expected,
                "held": each.held,
                "may_be_ours": each.may_be_ours,
                "reason": each.reason,
            }
            for each in odd
        ],
        "net_asset_value": snapshot.net_asset_value,
    }
    return StageRecord(
        stage="close",
        artefacts={
            "fills": day.write("fills", fills_table(states, snapshot.exchange_rates), FILLS),
            "positions": day.write_record("positions_at_close", record_of(snapshot)),
            "close": day.write_record("close", facts),
        },
        facts=facts,
        rows_in=len(states),
        rows_out=len(fills),
        notes=close_note(states, spent, len(odd), len(silent)),
    )


@stage("close journal")
def seal_close(day: Day, sha256: str, settled: StageRecord) -> StageRecord:
    """Seal what the session came to, one row for each order and each unexplained position."""
    with DeskStore.of(day.paths) as store:
        record = ticket_store.fetch(store, sha256)
    facts = close_facts(record, settled)
    rows = [
        *order_rows(settled.facts["states"]),
        *(
            {"symbol": each["symbol"], "con_id": each["con_id"], "payload": each}
            for each in settled.facts["mismatches"]
        ),
    ]
    artefacts = (ticket_artefact(record), *settled.artefacts.values())
    sealed = seal(day, "close", facts, artefacts, rows)
    return StageRecord(
        stage="seal_close",
        artefacts={},
        facts={"seq": sealed.seq, "head": sealed.head},
        rows_out=len(rows),
        notes=f"entry {sealed.number}, head {sealed.head[:12]}",
    )


def close_facts(record: TicketRecord, settled: StageRecord) -> dict[str, Any]:
    """Return what the journal says of a closed session, as plain JSON values."""
    spent: Mapping[str, Any] = settled.facts["costs"]
    return {
        "run_key": record.ticket.run_key,
        "mode": record.ticket.mode,
        "account": record.ticket.account,
        "ticket": record.sha256,
        "ticket_state": record.state.value,
        "orders": len(settled.facts["states"]),
        "unfilled": settled.facts["unfilled"],
        "uncertain": settled.facts["uncertain"],
        "unreported": settled.facts["unreported"],
        "mismatches": [each["symbol"] for each in settled.facts["mismatches"]],
        "net_asset_value": settled.facts["net_asset_value"],
        **{name: value for name, value in spent.items() if name != "fills"},
    }


def cost_record(spent: Costs) -> dict[str, Any]:
    """Return costs as plain JSON values, one row for each fill."""
    return {
        "traded": spent.traded.amount,
        "slippage": spent.slippage.amount,
        "slippage_bps": spent.slippage_bps,
        "commission": spent.commission.amount,
        "without_commission": spent.without_commission,
        "fills": [
            {
                "execution_id": one.fill.execution_id,
                "order_ref": one.fill.order_ref,
                "symbol": one.fill.symbol,
                "side": one.fill.side.value,
                "quantity": one.fill.quantity,
                "price": one.fill.price,
                "decision_price": one.decision_price,
                "slippage_bps": one.slippage_bps,
                "slippage": None if one.slippage is None else one.slippage.amount,
                "commission": None if one.commission is None else one.commission.amount,
            }
            for one in spent.fills
        ],
    }


def close_note(states: list[OrderState], spent: Costs, unexplained: int, unpriced: int) -> str:
    """Return one line on a session; what needs a person comes first."""
    silent = f"{unpriced} ORDER(S) FILLED WITHOUT AN EXECUTION REPORT; " if unpriced else ""
    odd = f"{unexplained} POSITION(S) NOT EXPLAINED; " if unexplained else ""
    bps = "" if spent.slippage_bps is None else f" ({spent.slippage_bps:+.1f} bp)"
    return (
        f"{uncertain_names(states)}{odd}{silent}{counted(states)}; {len(spent.fills)} fills, "
        f"slippage {spent.slippage.amount:,.2f}{bps}, commission {spent.commission.amount:,.2f}"
    )
