"""Options: chains, quotes and greeks."""
