"""The tables of signals: features, scores, and what each score is made of."""

from __future__ import annotations

from core.tables.schema import (
    CON_ID,
    NUMBER,
    SYMBOL,
    TEXT,
    WHOLE,
    Column,
    Schema,
    price_column,
    ratio_column,
    score_column,
)

TECHNICAL_FEATURES = (
    "sma_gap_20_50",
    "macd_histogram",
    "rsi_14",
    "atr_14",
    "atr_breakout",
    "donchian_position_20",
    "bollinger_position_20",
    "adx_14",
    "directional_gap_14",
    "obv_slope_20",
    "momentum_12_1",
    "reversal_5",
    "volatility_20",
)
FUNDAMENTAL_FEATURES = (
    "earnings_yield",
    "earnings_yield_vs_sector",
    "book_yield",
    "sales_yield",
    "ebitda_yield",
    "dividend_yield",
    "revenue_growth",
    "return_on_equity",
    "debt_to_equity",
    "piotroski",
)
SENTIMENT_FEATURES = ("polarity_24h", "sentiment_z", "attention_z")

FEATURES = Schema(
    "features",
    ("con_id",),
    (
        CON_ID,
        SYMBOL,
        Column("sector", TEXT, "GICS sector", nullable=True),
        price_column("price"),
        price_column("previous_close"),
        Column("spread_bps", NUMBER, "basis points of the mid", nullable=True, low=0.0),
        Column("adv_20", NUMBER, "shares a day, 20-session mean", nullable=True, low=0.0),
        Column("bar_count", WHOLE, "sessions with a bar", low=0),
        *(ratio_column(name, "see signals/technical.py") for name in TECHNICAL_FEATURES),
        *(ratio_column(name, "see signals/fundamental.py") for name in FUNDAMENTAL_FEATURES),
        Column("headlines_24h", WHOLE, "headlines of the past 24 hours", low=0),
        *(ratio_column(name, "see signals/sentiment.py") for name in SENTIMENT_FEATURES),
        Column(
            "risk_off", NUMBER, "0 calm to 1 stress, same for all", nullable=True, low=0, high=1
        ),
    ),
)

SCORES = Schema(
    "scores",
    ("con_id",),
    (
        CON_ID,
        SYMBOL,
        score_column("technical"),
        score_column("fundamental"),
        score_column("sentiment"),
        Column("coverage", NUMBER, "share of features known, 0 to 1", low=0.0, high=1.0),
        score_column("alpha_score"),
        Column("volatility", NUMBER, "daily, fraction", nullable=True, low=0.0),
        ratio_column("expected_return", "daily, fraction"),
    ),
)

SCORE_PARTS = Schema(
    "score_parts",
    ("con_id", "block", "feature"),
    (
        CON_ID,
        SYMBOL,
        Column("block", TEXT, "technical, fundamental or sentiment"),
        Column("feature", TEXT, "a column of features"),
        ratio_column("value", "see the feature"),
        score_column("score"),
        Column("weight", NUMBER, "share within its block", low=0.0, high=1.0),
    ),
)
