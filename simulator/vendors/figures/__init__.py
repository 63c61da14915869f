"""Fundamentals and macro gauges: invented, or read from a file."""
