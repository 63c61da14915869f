"""The schemas of every table that is written, with units, ranges and keys.

A table is checked on write and on read, and all its problems are reported at once. A column that
is not nullable holds a finite value in every row; a nullable one may be null (not known), never
NaN. Bytes are deterministic: same rows, same file.
"""

from __future__ import annotations

from core.tables.decisions import FILLS, TARGETS
from core.tables.features import (
    FEATURES,
    FUNDAMENTAL_FEATURES,
    SCORE_PARTS,
    SCORES,
    SENTIMENT_FEATURES,
    TECHNICAL_FEATURES,
)
from core.tables.ingested import (
    BARS,
    EARNINGS,
    FUNDAMENTALS,
    HEADLINES,
    MACRO,
    MOVERS,
    QUOTES,
    UNIVERSE,
)
from core.tables.parquet import read_table, write_table
from core.tables.schema import (
    CON_ID,
    DAY,
    FLAG,
    MOMENT,
    NUMBER,
    SYMBOL,
    TEXT,
    WHOLE,
    Column,
    Schema,
)

ALL_SCHEMAS = {
    schema.name: schema
    for schema in (
        UNIVERSE, QUOTES, BARS, FUNDAMENTALS, HEADLINES, MACRO, EARNINGS, MOVERS,
        FEATURES, SCORES, SCORE_PARTS, TARGETS, FILLS,
    )
}  # fmt: skip

__all__ = [
    "ALL_SCHEMAS",
    "BARS",
    "CON_ID",
    "DAY",
    "EARNINGS",
    "FEATURES",
    "FILLS",
    "FLAG",
    "FUNDAMENTALS",
    "FUNDAMENTAL_FEATURES",
    "HEADLINES",
    "MACRO",
    "MOMENT",
    "MOVERS",
    "NUMBER",
    "QUOTES",
    "SCORES",
    "SCORE_PARTS",
    "SENTIMENT_FEATURES",
    "SYMBOL",
    "TARGETS",
    "TECHNICAL_FEATURES",
    "TEXT",
    "UNIVERSE",
    "WHOLE",
    "Column",
    "Schema",
    "read_table",
    "write_table",
]
