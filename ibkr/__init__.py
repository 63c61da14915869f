"""The IBKR tool layer, the only room that knows ib_async."""
