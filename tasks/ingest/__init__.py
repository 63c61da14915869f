"""Stage 1: what the day is decided from."""
