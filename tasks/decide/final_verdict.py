"""The final verdict on a day, of the orders left: to be proposed, or a recommendation only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desk.tickets.order_ticket import TicketStatus
from risk.limits import Check
from tasks.decide.risk_gate import RiskGateResult
from tasks.decide.what_if import WhatIfResult


def last_checks(gate: RiskGateResult, what_if: WhatIfResult) -> tuple[Check, ...]:
    """Return the checks of the gate or, where the what-if changed the orders, of judging those."""
    return what_if.checks if what_if.judged_again else gate.checks


def status_of(failed: Sequence[Check]) -> TicketStatus:
    """Return what a ticket is: orders to be sent, or a recommendation only where a check failed."""
    return TicketStatus.RECOMMENDATION_ONLY if failed else TicketStatus.PROPOSED


def last_weights(gate: RiskGateResult, what_if: WhatIfResult) -> Mapping[int, float]:
    """Return the weights that were judged last, by conId."""
    return what_if.weights if what_if.judged_again else gate.weights


def last_passed(gate: RiskGateResult, what_if: WhatIfResult) -> bool:
    """Tell whether what was judged last passed."""
    return what_if.passed if what_if.judged_again else gate.passed
