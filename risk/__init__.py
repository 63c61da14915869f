"""Limits, measures and the gate: numbers in, a verdict out."""

from risk.gate import Verdict, check_constraints
from risk.limits import Check
from risk.order import check_order
from risk.what_if_answers import BasketWhatIf
from risk.what_if_size_down import what_if_basket

__all__ = [
    "BasketWhatIf",
    "Check",
    "Verdict",
    "check_constraints",
    "check_order",
    "what_if_basket",
]
