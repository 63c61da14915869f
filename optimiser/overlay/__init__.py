"""Overrides after the optimiser: news, halts and earnings may only reduce risk."""
