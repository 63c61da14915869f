"""The local environment: market, exchange, TWS gateway and vendors, in a process of its own."""
