"""Synthetic markets that tests only read: each is built once in a process."""

from functools import cache

from simulator.market.synthetic import SyntheticMarket


@cache
def synthetic_market(seed, symbols):
    return SyntheticMarket(seed, symbols)
