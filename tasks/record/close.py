"""After the close: what filled, what it cost, and whether the account holds what it should."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.calendar import local_time
from core.canonical import plain
from core.errors import ConfigurationError
from core.tables import FILLS
from core.text.counts import count
from core.types import Contract, Fill, OrderState, OrderStatus, Snapshot
from desk.gate.decision_prices import units_decided
from desk.orders import intents
from desk.orders.position_check import Unreported, fills_since, mismatches, unreported
from desk.orders.reconciliation import look_back
from desk.orders.transaction_costs import Costs, costs
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import OPEN, TicketRecord
from review.closing import CostReport, PositionMismatch, UnreportedFill, cost_report
from review.states import OrderReport, counted, order_reports, uncertain_names
from tasks.day import Day
from tasks.decide.snapshot import record_of
from tasks.stage import Output, StageResult, stage
from tasks.trade.fills import fills_table


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseResult(StageResult):
    """What a session came to.

    Its artefacts: ``fills``, ``positions``, and ``close``, this in JSON.
    """

    ticket: str  # its hash
    states: tuple[OrderReport, ...]
    unfilled: tuple[str, ...]  # orders that did not fill, or not wholly, by order_ref
    uncertain: tuple[str, ...]  # orders whose fate is not known, by order_ref
    unreported: tuple[UnreportedFill, ...]
    costs: CostReport
    mismatches: tuple[PositionMismatch, ...]
    net_asset_value: float  # base currency


@dataclass(frozen=True, slots=True)
class _Seen:
    """What desk and broker said after the close."""

    record: TicketRecord
    states: tuple[OrderState, ...]  # of every order of the session
    snapshot: Snapshot
    contracts: dict[int, Contract]  # of what was traded beside the ticket

    @property
    def fills(self) -> tuple[Fill, ...]:
        """What filled since the decision."""
        return tuple(fills_since(self.states, self.record.ticket.decided_at))

    @property
    def costs(self) -> Costs:
        """What that cost."""
        decided = {line.order.order_ref: line.reference_price for line in self.record.ticket.lines}
        units = units_decided(self.record, self.snapshot, self.contracts)
        return costs(self.fills, decided, units, self.snapshot.exchange_rates)

    @property
    def mismatches(self) -> tuple[PositionMismatch, ...]:
        """The positions that our own fills do not explain."""
        # Of an order that was committed to before the decision it is not known when it filled.
        own = {order.order_ref for order in self.record.ticket.orders}
        beside = unreported(state for state in self.states if state.order_ref in own)
        odd = mismatches(self.record.holdings, self.fills, self.snapshot, beside)
        return tuple(
            PositionMismatch(m.con_id, m.symbol, m.expected, m.held, m.may_be_ours, m.reason)
            for m in odd
        )


@stage(None, CloseResult, retries=2)
def close(day: Day, sha256: str) -> Output[CloseResult]:
    """Ask for the session's final states, fills and positions, and hold them against the decision.

    Raises `ConfigurationError` before the session's close.
    """
    if day.as_of < day.session.close:
        raise ConfigurationError(
            f"{day.session.day} closes at {local_time(day.session.close)}, the gateway's clock "
            f"says {local_time(day.as_of)}: close the session afterwards"
        )
    seen = _look(day, sha256)
    states, spent = seen.states, seen.costs
    result = CloseResult(
        ticket=sha256,
        states=order_reports(states, seen.record.held),
        unfilled=tuple(s.order_ref for s in states if s.filled < s.quantity),
        uncertain=tuple(s.order_ref for s in states if s.status is OrderStatus.UNCERTAIN),
        unreported=tuple(_silent(unreported(states))),
        costs=cost_report(spent),
        mismatches=seen.mismatches,
        net_asset_value=seen.snapshot.net_asset_value,
    )
    return Output(
        result=result,
        artefacts={
            "fills": day.write("fills", fills_table(states, seen.snapshot.exchange_rates), FILLS),
            "positions": day.write_record("positions_at_close", record_of(seen.snapshot)),
            "close": day.write_record("close", plain(result)),
        },
        rows_in=len(states),
        rows_out=len(seen.fills),
        notes=close_note(states, spent, len(result.mismatches), len(result.unreported)),
    )


def _look(day: Day, sha256: str) -> _Seen:
    with DeskStore.of(day.paths) as store, day.connect(for_orders=True) as gateway:
        account = look_back(store, gateway, session=day.session.day, now=gateway.server_time())
        record = ticket_store.fetch(store, sha256)
        if record.state in OPEN:
            ticket_store.expire(store, sha256, now=day.as_of)
        ordered = intents.of_session(store, day.account, day.session.day)
        others = {con_id for intent in ordered for con_id in intent.order.changes}
        others -= {order.con_id for order in record.ticket.orders}
        contracts = gateway.market.describe(others).contracts if others else {}
    return _Seen(record, account.states_of(ordered), account.snapshot, contracts)


def _silent(found: Iterable[Unreported]) -> list[UnreportedFill]:
    return [
        UnreportedFill(each.order_ref, each.symbol, each.side, each.quantity)
        for each in found
        if each.quantity > 0.0
    ]


def close_note(states: Sequence[OrderState], spent: Costs, unexplained: int, unpriced: int) -> str:
    """Return one line on a session; what needs a person comes first."""
    orders, positions = (
        count(unpriced, "ORDER", "ORDERS"),
        count(unexplained, "POSITION", "POSITIONS"),
    )
    silent = f"{orders} FILLED WITHOUT AN EXECUTION REPORT; " if unpriced else ""
    odd = f"{positions} NOT EXPLAINED; " if unexplained else ""
    bps = "" if spent.slippage_bps is None else f" ({spent.slippage_bps:+.1f} bp)"
    return (
        f"{uncertain_names(states)}{odd}{silent}{counted(states)}; "
        f"{count(len(spent.fills), 'fill')}, slippage {spent.slippage.amount:+,.2f}{bps}, "
        f"commission {spent.commission.amount:,.2f}"
    )
