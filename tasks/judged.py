"""The gate's last word on a day: of the orders that would be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.storage.runs import StageRecord
from risk.figures import Figures, figures
from risk.limits import Check


def last_judgement(gate: StageRecord, rehearsal: StageRecord) -> Mapping[str, Any]:
    """Return the facts of the gate or, where the what-if changed the orders, of judging those.

    ``checks`` and ``weights`` are in both.
    """
    return rehearsal.facts if judged_again(rehearsal) else gate.facts


def judged_again(rehearsal: StageRecord) -> bool:
    """Tell whether the orders differ from those that the gate judged first."""
    return bool(rehearsal.facts["checks"])


def judgement_note(gate: StageRecord, rehearsal: StageRecord) -> str:
    """Return the last judgement in one line."""
    return rehearsal.notes if judged_again(rehearsal) else gate.notes


def checks_of(facts: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the checks that a stage wrote down."""
    return tuple(Check(**plain) for plain in facts["checks"])


def figures_of(gate: StageRecord, rehearsal: StageRecord) -> Figures:
    """Return the day's figures."""
    return figures(checks_of(last_judgement(gate, rehearsal)))
