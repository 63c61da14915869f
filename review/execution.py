"""What became of a ticket's orders, as people see it: in the terminal and in Slack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from slack_sdk.models.blocks import ContextBlock, HeaderBlock, PlainTextObject, SectionBlock

from core.calendar import local_time
from core.settings import Mode
from core.text.counts import count
from core.text.untrusted import PARAGRAPH, one_line
from core.types import OrderStatus
from desk.tickets.ticket_store import SHORT
from review.slack import MAX_ROWS, MAX_SECTION, Message
from review.standing import Standing
from review.states import OrderReport, some_of
from review.text import BADGES, masked, number


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """What one execution of a ticket came to."""

    session: date
    mode: Mode
    account: str
    ticket_sha256: str
    approved_by: str
    approved_at: datetime
    only: tuple[str, ...]  # symbols; empty: every order
    sent: int  # orders that left in this call
    held_back: str  # why others did not leave
    states: tuple[OrderReport, ...]  # every order committed to, in send order
    head: str  # of the journal; empty when it could not be sealed
    standing: Standing  # what the day is now
    problems: tuple[str, ...] = ()  # what failed after the orders had left

    @property
    def rejected(self) -> tuple[str, ...]:
        """Symbols whose order the broker rejected."""
        return tuple(s.symbol for s in self.states if s.status is OrderStatus.REJECTED)

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Symbols whose order was sent and whose fate is not known."""
        return tuple(s.symbol for s in self.states if s.status is OrderStatus.UNCERTAIN)

    @property
    def exit_code(self) -> int:
        """What the day's is (see `review.verdict`), and 1 when a person has to look."""
        odd = self.uncertain or self.held_back or self.rejected or self.problems
        return 1 if odd else self.standing.exit_code

    @property
    def attention(self) -> str:
        """What a person has to look at besides what the day is; empty for nothing."""
        lines = [f"HELD BACK: {self.held_back}"] if self.held_back else []
        return "; ".join([*partly_rejected(self.states), *self.problems, *lines])


def execution_lines(report: ExecutionReport) -> list[str]:
    """Return the report as plain lines."""
    scope = f"only {some_of(report.only)}" if report.only else "all orders"
    approved = f"{one_line(report.approved_by)} at {local_time(report.approved_at)}"
    unsent = len(report.standing.unsent)
    stand = tally(state.status.value for state in report.states)
    total = f"{count(len(report.states) + unsent, 'order')} in all: {stand}"
    total += f", {unsent} pending" if unsent else ""
    return [
        title(report.session, report.mode, report.account, report.ticket_sha256),
        f"approved by {approved}: {scope}",
        *(state_line(state) for state in report.states),
        *warnings(report),
        f"{report.sent} sent by this call, {total}",
        *([one_line(report.standing.next_step, PARAGRAPH)] if report.standing.next_step else []),
        f"latest journal hash {report.head}",
    ]


def execution_message(report: ExecutionReport) -> Message:
    """Return the report for Slack."""
    header = (
        f"{'⚠ ' if report.mode is Mode.LIVE else ''}daybook {report.session} · "
        f"{BADGES[report.mode]} · {report.standing.headline}"
    )
    lines = execution_lines(report)[1 : 2 + MAX_ROWS]
    text = "\n".join([*warnings(report), *lines, *_rest(report)])
    context = f"ticket {report.ticket_sha256[:SHORT]} · latest journal hash {report.head}"
    return message(header, text, context)


def _rest(report: ExecutionReport) -> list[str]:
    return [one_line(report.standing.rest, PARAGRAPH)] if report.standing.rest else []


def message(header: str, text: str, context: str) -> Message:
    """Return a message of a header, a paragraph and a footnote."""
    blocks = (
        HeaderBlock(text=PlainTextObject(text=header[:150])),
        SectionBlock(text=PlainTextObject(text=text[:MAX_SECTION], emoji=False)),
        ContextBlock(elements=[PlainTextObject(text=context[:MAX_SECTION], emoji=False)]),
    )
    return Message(text=header, blocks=tuple(block.to_dict() for block in blocks))


def title(session: date, mode: Mode, account: str, ticket_sha256: str) -> str:
    """Return the first line: which day, which world, which account, which ticket."""
    return (
        f"daybook {session}  {BADGES[mode]}  account {masked(account)}  "
        f"ticket {ticket_sha256[:SHORT]}"
    )


def state_line(state: OrderReport) -> str:
    """Return one order and how it stands."""
    order = f"{state.action:<12} {state.symbol:<8}{number(state.quantity, 0):>9}"
    line = f"{order}  {state.status}"
    if state.filled:
        line += f" {number(state.filled, 0)} at {number(state.average_price, 4)}"
    said = one_line(state.message)
    return f"{line}  ({said})" if said else line


def tally(statuses: Iterable[str]) -> str:
    """Return how many orders are in which state."""
    found = Counter(statuses)
    return ", ".join(f"{n} {status}" for status, n in sorted(found.items())) or "no orders"


def after_sending(states: Sequence[OrderReport], why_not_asked: str) -> str:
    """Return what a person has to look at after orders have left; empty for nothing."""
    return "; ".join([*partly_rejected(states), *not_asked(why_not_asked)])


def not_asked(why: str) -> list[str]:
    """Return a line when the broker could not be asked after orders had left."""
    return [f"the broker could not be asked afterwards: {why}"] if why else []


def partly_rejected(states: Sequence[OrderReport]) -> list[str]:
    """Return a line on the orders that the broker rejected, unless it rejected every one."""
    names = [state.symbol for state in states if state.status is OrderStatus.REJECTED]
    if not names or len(names) == len(states):
        return []
    return [_rejected(names, f"{len(names)} of {count(len(states), 'order')}")]


def _rejected(names: Sequence[str], which: str) -> str:
    named = ", ".join(names)
    return f"REJECTED {named}: the broker rejected {which}; its reasons are given with each order"


def warnings(report: ExecutionReport) -> list[str]:
    """Return what a person has to look at."""
    lines = []
    if report.uncertain:
        lines.append(
            f"UNCERTAIN {', '.join(report.uncertain)}: sent, not confirmed, not sent again. "
            "Check the broker's own order list"
        )
    if report.rejected and len(report.rejected) == len(report.states):
        lines.append(_rejected(report.rejected, "every order"))
    lines += partly_rejected(report.states)
    lines += [f"PROBLEM: {one_line(problem, 600)}" for problem in report.problems]
    if report.held_back:
        lines.append(f"HELD BACK: {one_line(report.held_back, 600)}")
    return lines
