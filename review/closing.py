"""What a session came to after its close, as people see it: in the terminal and in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.calendar import local_moment
from core.settings import Mode
from core.text.counts import count
from core.text.untrusted import one_line
from core.types import OrderStatus, Side
from desk.orders.transaction_costs import Costs
from desk.tickets.ticket_store import SHORT
from review.execution import message, state_line, title
from review.slack import MAX_ROWS, Message
from review.standing import Standing
from review.states import OrderReport
from review.text import BADGES, number


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReport:
    """One fill against the decision. Prices in the units of its market, money in the base's."""

    execution_id: str
    order_ref: str
    symbol: str
    side: Side
    quantity: float
    price: float
    decision_price: float | None  # None for an order beside the ticket
    slippage_bps: float | None
    slippage: float | None
    commission: float | None  # None until the broker reports it


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What a session's trading cost; see `desk.orders.transaction_costs.Costs`."""

    traded: float
    slippage: float
    slippage_bps: float | None
    commission: float
    without_commission: int  # fills whose commission is not known
    fills: tuple[FillReport, ...]


def cost_report(spent: Costs) -> CostReport:
    """Return costs as they are told and sealed."""
    return CostReport(
        traded=spent.traded.amount,
        slippage=spent.slippage.amount,
        slippage_bps=spent.slippage_bps,
        commission=spent.commission.amount,
        without_commission=spent.without_commission,
        fills=tuple(
            FillReport(
                execution_id=one.fill.execution_id,
                order_ref=one.fill.order_ref,
                symbol=one.fill.symbol,
                side=one.fill.side,
                quantity=one.fill.quantity,
                price=one.fill.price,
                decision_price=one.decision_price,
                slippage_bps=one.slippage_bps,
                slippage=None if one.slippage is None else one.slippage.amount,
                commission=None if one.commission is None else one.commission.amount,
            )
            for one in spent.fills
        ),
    )


@dataclass(frozen=True, slots=True)
class PositionMismatch:
    """A position that our own fills do not explain; see `desk.orders.position_check.Mismatch`."""

    con_id: int
    symbol: str
    expected: float  # signed shares
    held: float
    may_be_ours: bool
    reason: str


@dataclass(frozen=True, slots=True)
class UnreportedFill:
    """What an order filled by its status, without an execution report: at prices not known."""

    order_ref: str
    symbol: str
    side: Side
    quantity: float


@dataclass(frozen=True, slots=True)
class CloseReport:
    """A closed session. Money is in the account's base currency; a positive slippage is a cost."""

    session: date
    mode: Mode
    account: str
    ticket_sha256: str
    standing: Standing  # what the day came to
    states: tuple[OrderReport, ...]
    costs: CostReport
    mismatches: tuple[PositionMismatch, ...]  # positions our own fills do not explain
    net_asset_value: float
    head: str  # of the journal
    unreported: tuple[UnreportedFill, ...] = ()  # filled by their status, at prices not known
    expired: bool = False  # the ticket waited for an answer or for sending until this close
    moved_to: datetime | None = None  # where the embedded simulator's clock was moved
    problems: tuple[str, ...] = ()  # what of this is not on record where it should be

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Symbols of orders that did not fill, or not wholly."""
        return tuple(s.symbol for s in self.states if s.filled < s.quantity)

    @property
    def exit_code(self) -> int:
        """0 when everything is explained, 1 when a person has to look."""
        uncertain = any(state.status is OrderStatus.UNCERTAIN for state in self.states)
        # That nothing was approved or sent is no failure of the close.
        failed = self.standing.exit_code == 1
        odd = self.mismatches or self.unreported or self.problems
        return 1 if uncertain or failed or odd else 0


def close_lines(report: CloseReport) -> list[str]:
    """Return the report as plain lines."""
    head = title(report.session, report.mode, report.account, report.ticket_sha256)
    return [
        f"{head} {report.standing.verdict}",
        *(_order_line(state, report.costs) for state in report.states),
        *_summary(report),
        f"latest journal hash {report.head}",
    ]


def close_message(report: CloseReport) -> Message:
    """Return the report for Slack."""
    header = (
        f"{'⚠ ' if report.mode is Mode.LIVE else ''}daybook {report.session} · "
        f"{BADGES[report.mode]} · closed: {report.standing.headline}"
    )
    orders = [_order_line(state, report.costs) for state in report.states[:MAX_ROWS]]
    context = f"ticket {report.ticket_sha256[:SHORT]} · latest journal hash {report.head}"
    return message(header, "\n".join([*_summary(report), *orders]), context)


def _summary(report: CloseReport) -> list[str]:
    spent = report.costs
    bps = (
        "" if spent.slippage_bps is None else f" ({number(spent.slippage_bps, 1, signed=True)} bp)"
    )
    lines = [
        f"{'NOT KNOWN' if m.may_be_ours else 'NOT EXPLAINED'} {m.symbol}: {m.reason}"
        for m in report.mismatches
    ]
    lines += [
        f"NOT REPORTED {u.symbol}: {number(u.quantity, 0)} filled by the order's status, "
        "without an execution report: price and commission are not known. To ask again: "
        f"daybook close --date {report.session}"
        for u in report.unreported
    ]
    if report.moved_to is not None:
        told = local_moment(report.moved_to)
        lines.append(f"the simulator's clock was moved past the exchange's close, to {told}")
    if report.expired:
        orders = count(report.standing.orders, "order")
        lines.append(
            f"{orders} expired with this close: nothing more can be sent for {report.session}"
        )
    lines += [f"PROBLEM: {one_line(problem, 600)}" for problem in report.problems]
    if report.standing.unsent:
        lines.append(f"approved and never sent: {', '.join(report.standing.unsent)}")
    if report.unfilled:
        lines.append(f"not wholly filled: {', '.join(report.unfilled)}")
    if spent.without_commission:
        lines.append(f"{count(spent.without_commission, 'fill')} without a commission yet")
    cost = f"slippage against the decision price {number(spent.slippage, signed=True)}{bps}"
    traded = f"{count(len(spent.fills), 'fill')}, traded {number(spent.traded)}"
    return [
        *lines,
        f"{traded}, {cost}, commission {number(spent.commission)}",
        "amounts are in the base currency; positive slippage is a cost",
        f"net asset value {number(report.net_asset_value)}",
    ]


def _order_line(state: OrderReport, spent: CostReport) -> str:
    own = [fill for fill in spent.fills if fill.order_ref == state.order_ref]
    known = [fill.slippage for fill in own if fill.slippage is not None]
    cost = f"  slippage {number(sum(known), signed=True)}" if known else ""
    return f"{one_line(state_line(state), 300)}{cost}"
