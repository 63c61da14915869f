"""The local world: market, exchange, TWS gateway and vendors, in a process of its own."""
