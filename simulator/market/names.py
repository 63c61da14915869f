"""Synthetic companies: names, tickers and conIds that belong to nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

# Share of each GICS sector in a large US index by number of companies, with a few industries and
# the word that companies of each put in their names.
SECTORS: dict[str, tuple[float, tuple[tuple[str, str], ...]]] = {
    "Communication Services": (
        0.046,
        (
            ("Broadcasting", "Broadcasting"),
            ("Interactive Media & Services", "Interactive"),
            ("Integrated Telecommunication Services", "Telecom"),
        ),
    ),
    "Consumer Discretionary": (
        0.100,
        (
            ("Apparel Retail", "Apparel"),
            ("Automotive Parts & Equipment", "Motor Parts"),
            ("Restaurants", "Restaurants"),
            ("Homebuilding", "Homes"),
        ),
    ),
    "Consumer Staples": (
        0.074,
        (
            ("Packaged Foods & Meats", "Foods"),
            ("Household Products", "Household"),
            ("Soft Drinks & Non-alcoholic Beverages", "Beverages"),
        ),
    ),
    "Energy": (
        0.044,
        (
            ("Oil & Gas Exploration & Production", "Petroleum"),
            ("Oil & Gas Storage & Transportation", "Pipelines"),
            ("Oil & Gas Equipment & Services", "Drilling"),
        ),
    ),
    "Financials": (
        0.148,
        (
            ("Regional Banks", "Bancorp"),
            ("Property & Casualty Insurance", "Insurance"),
            ("Asset Management & Custody Banks", "Capital"),
            ("Transaction & Payment Processing Services", "Payments"),
        ),
    ),
    "Health Care": (
        0.120,
        (
            ("Biotechnology", "Biotech"),
            ("Pharmaceuticals", "Pharma"),
            ("Health Care Equipment", "Medical"),
            ("Life Sciences Tools & Services", "Diagnostics"),
        ),
    ),
    "Industrials": (
        0.156,
        (
            ("Aerospace & Defense", "Aerospace"),
            ("Industrial Machinery & Supplies & Components", "Machinery"),
            ("Cargo Ground Transportation", "Freight"),
            ("Building Products", "Building Products"),
        ),
    ),
    "Information Technology": (
        0.140,
        (
            ("Application Software", "Software"),
            ("Semiconductors", "Semiconductor"),
            ("Communications Equipment", "Networks"),
            ("IT Consulting & Other Services", "Technologies"),
        ),
    ),
    "Materials": (
        0.052,
        (
            ("Specialty Chemicals", "Chemicals"),
            ("Steel", "Steel"),
            ("Paper & Plastic Packaging Products & Materials", "Packaging"),
        ),
    ),
    "Real Estate": (
        0.060,
        (
            ("Office REITs", "Properties"),
            ("Data Center REITs", "Data Centers"),
            ("Multi-Family Residential REITs", "Residential"),
        ),
    ),
    "Utilities": (
        0.060,
        (
            ("Electric Utilities", "Electric"),
            ("Gas Utilities", "Gas"),
            ("Water Utilities", "Water"),
        ),
    ),
}

_FIRST = [c + v + e for c in "BCDFGHJKLMNPRSTV" for v in "aeiou" for e in "bdklmnprtv"]
_LAST = [
    "avane", "ostra", "imere", "ulund", "owick", "estead", "ivara", "orrin",
    "elune", "undra", "avelle", "ostine", "eraxa", "ibrand", "olveth", "urwen",
]  # fmt: skip
MOST_COMPANIES = 5001

# US tickers of five letters end in a letter with a meaning (F and Y foreign, X fund, Q bankrupt,
# W warrant, ...). These endings are next to unused, so a synthetic ticker names no real company.
_ENDINGS = "TSEHD"
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Company:
    """A synthetic listed company."""

    symbol: str
    name: str
    sector: str  # GICS
    industry: str  # GICS sub-industry
    exchange: str  # IBKR's code of the primary exchange


def companies(seed: int, count: int) -> list[Company]:
    """Invent companies; a longer list begins with the shorter one. At most `MOST_COMPANIES`."""
    rng = np.random.default_rng([seed, 1])
    stems = rng.permutation(len(_FIRST) * len(_LAST))
    offset = float(rng.random())
    picks = rng.random((MOST_COMPANIES, 2))
    taken: set[str] = set()
    return [_company(int(stems[i]), (offset + i * _GOLDEN) % 1.0, picks[i], taken)
            for i in range(count)]  # fmt: skip


def _company(stem: int, place: float, pick: np.ndarray, taken: set[str]) -> Company:
    word = _FIRST[stem // len(_LAST)] + _LAST[stem % len(_LAST)]
    sector = _sector_at(place)
    industries = SECTORS[sector][1]
    industry, noun = industries[int(pick[0] * len(industries))]
    return Company(
        symbol=_ticker(word, noun, taken),
        name=f"{word} {noun} Inc.",
        sector=sector,
        industry=industry,
        exchange="NASDAQ" if pick[1] < 0.4 else "NYSE",
    )


def _sector_at(place: float) -> str:
    """Return the sector at a place in [0, 1): evenly spread places give each sector its share."""
    total = sum(share for share, _ in SECTORS.values())
    reached = 0.0
    for sector, (share, _) in SECTORS.items():
        reached += share / total
        if place < reached:
            return sector
    return sector


def _ticker(word: str, noun: str, taken: set[str]) -> str:
    letters = word.upper()
    short = letters[0] + "".join(c for c in letters[1:] if c not in "AEIOU")
    fourths = noun[0].upper() + letters[1:] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    turn = len(taken) % len(_ENDINGS)
    for fourth in fourths:
        for ending in _ENDINGS[turn:] + _ENDINGS[:turn]:
            ticker = (short[:3] + fourth + ending)[-5:]
            if ticker not in taken:
                taken.add(ticker)
                return ticker
    raise AssertionError(f"no ticker left that begins with {short[:3]}")


def con_ids(keys: Iterable[str]) -> dict[str, int]:
    """Give each key a conId of nine digits: the same key, the same conId.

    Keys that meet by chance are told apart in the order given.
    """
    found: dict[str, int] = {}
    taken: set[int] = set()
    for key in keys:
        con_id, attempt = _con_id(key), 0
        while con_id in taken:
            attempt += 1
            con_id = _con_id(f"{key}#{attempt}")
        taken.add(con_id)
        found[key] = con_id
    return found


def _con_id(key: str) -> int:
    digest = hashlib.sha256(key.encode()).digest()
    return 100_000_000 + int.from_bytes(digest[:8], "big") % 900_000_000
