"""Faults that can be injected, and what they do."""
