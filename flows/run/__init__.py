"""A session from settings to outcome: preflight, stages, execution, close, alerts."""
