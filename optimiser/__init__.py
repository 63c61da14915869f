"""Target weights: numbers in, numbers out."""

from optimiser.target import TargetResult, mean_variance_cvar

__all__ = ["TargetResult", "mean_variance_cvar"]
