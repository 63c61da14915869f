"""Headlines to be filled in: by tone, and some only for the sector where they make sense.

Fields: ``{name}`` the company, ``{percent}``, ``{dollars}`` and ``{count}`` invented figures.
"""

from __future__ import annotations

POSITIVE = (
    "{name} beats quarterly earnings estimates as revenue rises {percent}%",
    "{name} raises full-year guidance after strong quarter",
    "{name} shares jump {percent}% on upbeat outlook",
    "{name} lifts dividend by {percent}% and expands buyback to ${dollars} million",
    "{name} wins ${dollars} million contract, its largest this year",
    "Analysts upgrade {name} to buy, citing improving margins",
    "{name} reports record profit, tops Wall Street forecasts",
    "{name} announces ${dollars} million share repurchase programme",
    "{name} gains market share as rivals stumble, survey shows",
    "{name} cuts debt by ${dollars} million ahead of schedule",
    "{name} outperforms sector as cost savings boost profitability",
    "Strong demand drives {percent}% sales growth at {name}",
)
NEGATIVE = (
    "{name} misses profit estimates, shares slide {percent}%",
    "{name} cuts full-year outlook, citing weak demand",
    "{name} warns of lower margins as costs climb",
    "Analysts downgrade {name} to sell on slowing growth",
    "{name} to lay off {count} workers in restructuring",
    "{name} faces lawsuit over alleged disclosure failures",
    "{name} posts wider loss as revenue falls {percent}%",
    "{name} recalls products after safety complaints",
    "{name} takes ${dollars} million impairment charge",
    "{name} suspends dividend to preserve cash",
    "Short seller attacks {name}, calling results inflated",
    "{name} loses key customer, revenue at risk",
)
NEUTRAL = (
    "{name} to report quarterly results next week",
    "{name} names new chief financial officer",
    "{name} to present at industry conference in Boston",
    "{name} schedules annual meeting of shareholders",
    "{name} completes previously announced sale of a subsidiary",
    "{name} files quarterly report with regulators",
    "{name} opens office in Singapore",
    "{name} appoints two directors to its board",
    "What to watch when {name} reports",
    "{name} renews credit facility of ${dollars} million",
    "{name} moves headquarters to a new building",
    "{name} sets record date for regular dividend",
)

# (sector, or None for all; headline). Rare, and meant to be noticed.
BREAKING_NEGATIVE: tuple[tuple[str | None, str], ...] = (
    (None, "BREAKING: {name} trading halted pending news"),
    (None, "BREAKING: {name} discloses accounting probe by regulators"),
    (None, "BREAKING: {name} files for bankruptcy protection"),
    (None, "BREAKING: {name} chief executive resigns amid fraud investigation"),
    ("Health Care", "BREAKING: FDA rejects lead drug of {name}"),
    ("Health Care", "BREAKING: FDA ban halts sales of main {name} product"),
    ("Information Technology", "BREAKING: {name} confirms data breach, {count} accounts exposed"),
)
BREAKING_POSITIVE: tuple[tuple[str | None, str], ...] = (
    (None, "BREAKING: {name} raises guidance, sees profit up {percent}%"),
    (None, "BREAKING: {name} agrees to be acquired at {percent}% premium"),
    ("Health Care", "BREAKING: FDA approves lead drug of {name}"),
)
