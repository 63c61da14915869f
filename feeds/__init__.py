"""Every source that is not IBKR."""
