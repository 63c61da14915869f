"""Target weights: numbers in, numbers out."""

from optimiser.result import TargetResult
from optimiser.target import mean_variance_cvar

__all__ = ["TargetResult", "mean_variance_cvar"]
