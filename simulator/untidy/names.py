"""Names of companies: as IBKR writes them, and as newspapers do."""

from __future__ import annotations

import re
from dataclasses import replace

from simulator.market.market import Instrument
from simulator.untidy.oddities import Untidiness

_LONGEST = 30  # IBKR cuts longer names
_SHORTER = {
    "INCORPORATED": "INC", "CORPORATION": "CORP", "COMPANY": "CO", "LIMITED": "LTD",
    "INTERNATIONAL": "INTL", "HOLDINGS": "HLDGS", "TECHNOLOGIES": "TECHNOLOGIES",
    "INDUSTRIES": "INDS", "PHARMACEUTICALS": "PHARM", "FINANCIAL": "FINL", "GROUP": "GRP",
}  # fmt: skip
_SUFFIXES = re.compile(
    r",?\s+(Inc|Incorporated|Corp|Corporation|Co|Company|Ltd|Limited|plc|PLC|N\.V|S\.A|AG|SE|Group|"
    r"Holdings|Technologies|International|Industries)\.?$"
)


def as_ibkr(name: str) -> str:
    """Return a name in capitals, shortened: ``KIKUNDRA TECHNOLOGIES``, ``APPLE INC``."""
    words = re.sub(r"[.,']", "", name).upper().split()
    short = " ".join(_SHORTER.get(word, word) for word in words)
    return short[:_LONGEST].rstrip()


def as_told(instrument: Instrument, untidy: Untidiness) -> Instrument:
    """Return an instrument with the name that the broker gives it."""
    if "capitals" not in untidy:
        return instrument
    return replace(instrument, name=as_ibkr(instrument.name))


def as_printed(instrument: Instrument, untidy: Untidiness, *key: object) -> str:
    """Return what a headline calls a company: short, possessive, or with some exchange's tag."""
    name, symbol = instrument.name, instrument.symbol.replace(" ", ".")
    short = name
    for _ in range(2):
        bare = _SUFFIXES.sub("", short)
        short = bare if " " in bare or bare == short else short
    ways = (
        short,
        name,
        f"{short}'s management",
        f"{name} ({instrument.primary_exchange.title()}: {symbol})",
        f"{short} (TSX: {symbol}; {instrument.primary_exchange}:{symbol})",
        f"{name} ${symbol}",
    )
    return ways[int(untidy.draw("newspapers", instrument.con_id, *key) * len(ways))]
