"""Limits, measures and the gate: numbers in, a verdict out."""
