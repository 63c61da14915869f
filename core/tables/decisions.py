"""The tables of what was decided and done: targets and fills."""

from __future__ import annotations

from core.tables.schema import (
    CON_ID,
    MOMENT,
    NUMBER,
    SYMBOL,
    TEXT,
    Column,
    Schema,
    price_column,
    ratio_column,
    score_column,
    weight_column,
)

TARGETS = Schema(
    "targets",
    ("con_id",),
    (
        CON_ID,
        SYMBOL,
        score_column("alpha_score"),
        ratio_column("expected_return", "daily, fraction"),
        price_column("price"),
        weight_column("weight_before"),
        weight_column("weight_optimal"),
        weight_column("weight"),
        Column("override", TEXT, "why the overlay changed the weight", nullable=True),
    ),
)

FILLS = Schema(
    "fills",
    ("execution_id",),
    (
        Column("execution_id", TEXT, "IBKR execution id"),
        Column("order_ref", TEXT, "ours"),
        CON_ID,
        SYMBOL,
        Column("side", TEXT, "BUY or SELL"),
        Column("quantity", NUMBER, "shares", low=0.0),
        price_column("price"),
        Column("time", MOMENT, "UTC"),
        Column("commission", NUMBER, "base currency", nullable=True),
    ),
)
