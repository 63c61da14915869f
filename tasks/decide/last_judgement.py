"""The gate's last word on a day: of the orders that would be sent."""

from __future__ import annotations

from collections.abc import Mapping

from risk.limits import Check
from tasks.decide.risk_gate import RiskGateResult
from tasks.decide.what_if import WhatIfResult


def last_checks(gate: RiskGateResult, what_if: WhatIfResult) -> tuple[Check, ...]:
    """Return the checks of the gate or, where the what-if changed the orders, of judging those."""
    return what_if.checks if what_if.judged_again else gate.checks


def last_weights(gate: RiskGateResult, what_if: WhatIfResult) -> Mapping[int, float]:
    """Return the weights that were judged last, by conId."""
    return what_if.weights if what_if.judged_again else gate.weights


def last_passed(gate: RiskGateResult, what_if: WhatIfResult) -> bool:
    """Tell whether what was judged last passed."""
    return what_if.passed if what_if.judged_again else gate.passed
