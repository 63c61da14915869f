"""Exposure against its limits: gross, net, cash, the largest name, each sector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from risk import measures
from risk.limits import Check, Limits, check, in_words
from risk.outcomes import Portfolio


def exposure_checks(portfolio: Portfolio, rules: Limits) -> Iterator[Check]:
    """Hold gross, its change, what is invested, net and the largest name against their limits."""
    before = measures.gross(portfolio.current.values())
    yield check("gross", portfolio.worst(lambda w: measures.gross(w.values())), rules.gross)
    change = portfolio.worst(lambda w: abs(measures.gross(w.values()) - before))
    yield check("gross change", change, rules.gross_change)
    invested = portfolio.worst(lambda w: measures.invested(w.values()))
    cash = f"cash without short proceeds {in_words(1.0 - invested, '.4f')}"
    yield check("invested", invested, rules.invested, cash)
    net = portfolio.worst(lambda w: measures.net(w.values()), either_way=True)
    yield check("net", net, rules.net, either_way=True)
    named = [measures.largest(outcome) for outcome in portfolio.outcomes]
    name, size = max(named, key=lambda pair: (math.isnan(pair[1]), pair[1]))
    yield check("largest single", size, rules.single, portfolio.name(name))


def sector_checks(
    portfolio: Portfolio, rules: Limits, sectors: Mapping[int, str]
) -> Iterator[Check]:
    """Hold the gross weight of each sector against its limit.

    Names without a sector are no sector: nothing says that they move together. They have a limit
    of their own, so that weight cannot hide there where that is wanted.
    """
    totals: dict[str, float] = {measures.UNKNOWN: 0.0}
    for outcome in portfolio.outcomes:
        for sector, size in measures.sector_weights(outcome, sectors).items():
            before = totals.get(sector, 0.0)
            totals[sector] = math.nan if math.isnan(before + size) else max(before, size)
    unknown = totals.pop(measures.UNKNOWN)
    ordered = sorted(totals, key=lambda sector: (math.isnan(totals[sector]), totals[sector]))
    largest = ordered[-1] if ordered else None
    size = totals[largest] if largest else 0.0
    yield check("largest sector", size, rules.sector, largest or "no sector is known")
    yield check("unknown sector", unknown, rules.unknown_sector)
