"""Stages 2 to 8: from scores to the order ticket."""
