"""Contracts with increments of price and size that a specification says little of."""

from __future__ import annotations

from dataclasses import replace

from simulator.instruments.market_rules import LOT, WIDER_RULE
from simulator.market.market import Instrument
from simulator.untidy.oddities import Untidiness

CENT = 0.01


def with_odd_increments(instrument: Instrument, untidy: Untidiness) -> Instrument:
    """Return a share with the increments that an untidy world gives it: the same prices."""
    if instrument.sec_type != "STK" or instrument.min_tick != CENT:
        return instrument
    if untidy.strikes("increments", instrument.con_id, one_in=2):
        instrument = replace(instrument, market_rule=WIDER_RULE)
    if untidy.strikes("sizes", instrument.con_id, one_in=4):
        instrument = replace(instrument, lot=LOT)
    return instrument
