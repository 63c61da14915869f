"""The optimisation problem: inputs, limits, objective, covariance, scenarios."""
