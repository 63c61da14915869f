"""Why the desk does not send: one class per thing the caller can do about it.

DaybookError
├── NotPermitted            this must not be sent as things stand; nothing was sent
│   ├── TicketExpired       the order cut-off has passed: the next run decides again
│   ├── TicketChanged       the bytes are not those that were approved: run the day again
│   │   └── OrdersAltered   the desk's own rows are not: the kill switch is set, a person looks
│   ├── TicketClosed        rejected, superseded or a recommendation only: another ticket counts
│   ├── AlreadyApproved     one approval is enough; `daybook execute` continues it
│   ├── AlreadyCommitted    its orders were committed before; look at `daybook orders`
│   ├── NotApproved         a person has to approve it first
│   ├── GateRefused         a limit, a price or a position speaks against it
│   ├── Throttled            enough orders or batches for one session: the next one begins anew
│   ├── ClocksDisagree      this computer's clock or the gateway's is wrong: set it
│   └── Stopped             the kill switch is on: `daybook resume` turns it off
├── TokenRefused            the order was not placed: preview it again
│   ├── TokenAltered        never issued here, or not as it was issued
│   ├── TokenForeign        issued to another caller
│   ├── TokenUsed           a token places one order, once
│   └── TokenExpired        too old
├── DeskBusy                another process is sending for this account: wait for it
├── DeskHeld                another program holds the desk's file: close it (a `StorageError`)
├── UnknownOrders           the broker has orders of ours that this desk never committed to
├── UnknownTicket           no such ticket (also a `NoData`)
└── UnknownTrade            no such strategy was opened here (also a `NoData`)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from core.errors import DaybookError, NoData, StorageError
from core.text.counts import count

if TYPE_CHECKING:  # it brings pandas, which a stop must not wait for
    from risk.limits import Check


class NotPermitted(DaybookError):
    """Something must not be sent as things stand. Nothing was."""


class TicketExpired(NotPermitted):
    """The order cut-off has passed: the ticket is a recommendation only."""

    exit_code = 5


class TicketChanged(NotPermitted):
    """What would be sent is not what was approved."""


class OrdersAltered(TicketChanged):
    """The desk's rows of a session differ from what was approved.

    ``differences`` are all that was found, as `desk.orders.agreement.Difference`.
    """

    exit_code = 4  # as for `Stopped`: the kill switch is set

    def __init__(self, message: str, *, session: date, differences: Sequence[Any]) -> None:
        self.session = session
        self.differences = tuple(differences)
        super().__init__(message)


class TicketClosed(NotPermitted):
    """The ticket was rejected, superseded, or never more than a recommendation."""


class AlreadyApproved(NotPermitted):
    """The ticket has an approval. A second one changes nothing."""


class AlreadyCommitted(NotPermitted):
    """The account is committed to the orders of this session."""


class NotApproved(NotPermitted):
    """The ticket has no approval."""


class GateRefused(NotPermitted):
    """The gate found something. ``checks`` are those that failed."""

    exit_code = 3

    def __init__(self, checks: Sequence[Check], *, remedy: str) -> None:
        self.checks = tuple(checks)
        listed = "; ".join(f"{check.name}: {check.detail}" for check in self.checks)
        super().__init__(
            f"{count(len(self.checks), 'check')} failed, nothing was sent: {listed}; {remedy}"
        )


class Throttled(NotPermitted):
    """The session has had as many orders or batches as the limits allow."""

    exit_code = 3


class ClocksDisagree(NotPermitted):
    """The gateway's clock and this computer's are too far apart to know what time it is."""


class Stopped(NotPermitted):
    """The kill switch forbids it."""

    exit_code = 4


class TokenRefused(DaybookError):
    """A preview's token does not place an order. Nothing was sent."""


class TokenAltered(TokenRefused):
    """The desk never issued the token, or what it stands for has changed."""


class TokenForeign(TokenRefused):
    """The token was issued to another caller."""


class TokenUsed(TokenRefused):
    """The token was used before."""


class TokenExpired(TokenRefused):
    """The token is too old."""


class DeskBusy(DaybookError):
    """Another process is sending for this account."""


class DeskHeld(StorageError):
    """Another program holds the desk's file."""


class UnknownOrders(DaybookError):
    """The broker has orders of ours that this desk does not remember."""


class UnknownTicket(NoData):
    """The desk has no such ticket."""


class NoTicketName(UnknownTicket):
    """What was given can name no ticket at all."""

    exit_code = 2


class UnknownTrade(NoData):
    """The desk never opened such a strategy."""
