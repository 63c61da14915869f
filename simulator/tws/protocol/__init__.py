"""Frames and versions of the TWS protocol."""
