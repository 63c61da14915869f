"""Derivatives: options and futures, their names, expirations and prices."""
