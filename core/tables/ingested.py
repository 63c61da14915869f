"""The tables of what was read: universe, quotes, bars, and what the vendors said."""

from __future__ import annotations

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
    price_column,
    ratio_column,
)

UNIVERSE = Schema(
    "universe",
    ("symbol",),
    (
        SYMBOL,
        CON_ID,
        Column("name", TEXT, "text"),
        Column("sector", TEXT, "GICS sector", nullable=True),
        Column("currency", TEXT, "ISO 4217"),
        Column("primary_exchange", TEXT, "IBKR exchange"),
        Column("min_tick", NUMBER, "price increment", low=1e-8, high=100.0),
        Column("price_magnifier", WHOLE, "prices are in so many parts of the currency", low=1),
        Column("lot", WHOLE, "shares, where the contract says so", nullable=True, low=1),
        Column("origin", TEXT, "constituent, holding, mover or watchlist"),
    ),
)

QUOTES = Schema(
    "quotes",
    ("con_id",),
    (
        CON_ID,
        SYMBOL,
        Column("as_of", MOMENT, "UTC"),
        price_column("bid", nullable=True),
        price_column("ask", nullable=True),
        price_column("last", nullable=True),
        price_column("close", nullable=True),
        Column("volume", NUMBER, "shares this session", nullable=True, low=0.0),
        Column("source", TEXT, "live, frozen, delayed, delayed-frozen or previous close"),
        Column("halted", FLAG, "trading is halted", nullable=True),
    ),
)

BARS = Schema(
    "bars",
    ("con_id", "session"),
    (
        CON_ID,
        SYMBOL,
        Column("session", DAY, "exchange date"),
        price_column("open"),
        price_column("high"),
        price_column("low"),
        price_column("close"),
        Column("volume", NUMBER, "shares", low=0.0),
    ),
)

FUNDAMENTALS = Schema(
    "fundamentals",
    ("symbol",),
    (
        SYMBOL,
        Column("known_on", DAY, "date the vendor published it"),
        Column("market_cap", NUMBER, "USD", nullable=True, low=0.0),
        ratio_column("price_earnings"),
        ratio_column("price_book"),
        ratio_column("price_sales"),
        Column("dividend_yield", NUMBER, "fraction", nullable=True, low=0.0, high=1.0),
        ratio_column("earnings_per_share", "USD"),
        ratio_column("ebitda", "USD"),
        ratio_column("revenue_growth", "fraction, year on year"),
        ratio_column("return_on_equity", "fraction"),
        ratio_column("debt_to_equity"),
        Column("piotroski", NUMBER, "F-score", nullable=True, low=0.0, high=9.0),
    ),
)

HEADLINES = Schema(
    "headlines",
    ("symbol", "headline_id"),
    (
        SYMBOL,
        Column("headline_id", TEXT, "sha256 of the normalised title, first 16 digits"),
        Column("published", MOMENT, "UTC", nullable=True),
        Column("source", TEXT, "feed"),
        Column("title", TEXT, "text, untrusted"),
        Column("url", TEXT, "address, untrusted"),
        Column("polarity", NUMBER, "-1 to +1", low=-1.0, high=1.0),
    ),
)

MACRO = Schema(
    "macro",
    ("gauge",),
    (
        Column("gauge", TEXT, "name"),
        Column("observed_on", DAY, "date of the value"),
        Column("value", NUMBER, "the gauge's own unit"),
        Column("change_20", NUMBER, "difference to 20 observations earlier", nullable=True),
        Column("zscore_252", NUMBER, "of the value within 252 observations", nullable=True),
    ),
)

EARNINGS = Schema(
    "earnings",
    ("symbol",),
    (
        SYMBOL,
        Column("reports_on", DAY, "date of the next report"),
        Column("known_on", DAY, "date the vendor said so"),
    ),
)

MOVERS = Schema(
    "movers",
    ("scan", "rank"),
    (
        Column("scan", TEXT, "IBKR scan code"),
        Column("rank", WHOLE, "0 is first", low=0),
        CON_ID,
        SYMBOL,
    ),
)
