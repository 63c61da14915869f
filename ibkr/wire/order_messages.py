"""What the gateway says, as it happens, of the orders sent through one connection.

It serves to notice acknowledgements and refusals early. It is no order book: what an order's
state is, only the broker's own lists tell (`ibkr.orders.order_lists`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.money import Money
from core.text.untrusted import PARAGRAPH, one_line
from ibkr.wire.error_codes import is_refused_order


@dataclass(slots=True)
class OrderReport:
    """What the gateway said of one order so far."""

    sent: bool = False
    perm_id: int = 0
    status: str = ""
    filled: float = 0.0
    refusals: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    codes: set[int] = field(default_factory=set)  # of both

    @property
    def answered(self) -> bool:
        """Whether the broker gave the order an identity or refused it."""
        return self.perm_id > 0 or bool(self.refusals)

    @property
    def text(self) -> str:
        """Everything that was said, in words."""
        return "; ".join([*self.refusals, *self.news])


class OrderMessages:
    """What was said of each order, by order id; and the commissions by execution id."""

    def __init__(self) -> None:
        self.reports: dict[int, OrderReport] = {}
        self.commissions: dict[str, Money | None] = {}
        self._change = asyncio.Event()

    def open(self, order_id: int) -> OrderReport:
        """Begin to listen for an order, before it is sent."""
        self.reports[order_id] = OrderReport()
        return self.reports[order_id]

    def acknowledge(self, order_id: int, perm_id: int, status: str, filled: float) -> None:
        """Note that the broker knows the order."""
        if report := self.reports.get(order_id):
            report.perm_id = perm_id or report.perm_id
            report.status = status or report.status
            report.filled = max(report.filled, filled)
        self.wake()

    def add_error(self, order_id: int, code: int, text: str) -> None:
        """Note an error about the order. Most of them do not mean that the order is over."""
        if report := self.reports.get(order_id):
            report.codes.add(code)
            (report.refusals if is_refused_order(code) else report.news).append(
                f"{code}: {one_line(text, PARAGRAPH)}"
            )
            self.wake()

    def add_commission(self, execution_id: str, commission: Money | None) -> None:
        """Note a commission; it may come before the execution it belongs to."""
        self.commissions[execution_id] = commission
        self.wake()

    async def changed(self, *, within: float) -> None:
        """Wait until something is said of any order, at most so many seconds."""
        self._change.clear()
        try:
            async with asyncio.timeout(within):
                await self._change.wait()
        except TimeoutError:
            return

    def wake(self) -> None:
        """Wake those who wait for a change."""
        self._change.set()
