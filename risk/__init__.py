"""Limits, measures and the gate: numbers in, a verdict out."""

from risk.gate import Verdict, check_constraints
from risk.limits import Check
from risk.order import check_order
from risk.rehearsal import Rehearsal, rehearse

__all__ = ["Check", "Rehearsal", "Verdict", "check_constraints", "check_order", "rehearse"]
