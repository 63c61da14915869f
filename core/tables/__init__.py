"""The schemas of every table that is written, with units, ranges and keys.

A table is checked on write and on read, and all its problems are reported at once. A column that
is not nullable holds a finite value in every row; a nullable one may be null (not known), never
NaN. Bytes are deterministic: same rows, same file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import DataError, SchemaError
from core.storage.artefacts import Artefact, Store

TEXT = pa.string()
WHOLE = pa.int64()
NUMBER = pa.float64()
DAY = pa.date32()
MOMENT = pa.timestamp("us", tz="UTC")
FLAG = pa.bool_()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, unit, and the values it may hold (bounds included)."""

    name: str
    type: pa.DataType
    unit: str
    nullable: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A named table layout. Rows are unique in, and sorted by, the key columns."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def arrow(self) -> pa.Schema:
        """Return the pyarrow schema, with units in the field metadata."""
        return pa.schema(
            [
                pa.field(c.name, c.type, nullable=c.nullable, metadata={"unit": c.unit})
                for c in self.columns
            ],
            metadata={"schema": self.name},
        )

    def build(self, frame: pd.DataFrame) -> pa.Table:
        """Turn a frame into a checked table, sorted by key; NaN in nullable columns becomes null.

        Raises `SchemaError` with every problem found.
        """
        missing = [c.name for c in self.columns if c.name not in frame.columns]
        extra = sorted(set(frame.columns) - {c.name for c in self.columns})
        if missing or extra:
            raise SchemaError(
                self.name,
                [f"column {n!r} is missing" for n in missing]
                + [f"column {n!r} is not in the schema" for n in extra],
            )
        ordered = frame[[c.name for c in self.columns]]
        try:
            table = pa.Table.from_pandas(ordered, preserve_index=False)
            plain = pa.schema([pa.field(c.name, c.type) for c in self.columns])
            table = table.cast(plain).sort_by([(k, "ascending") for k in self.key])
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise SchemaError(self.name, [str(error)]) from error
        problems = list(self.problems(table))
        if problems:
            raise SchemaError(self.name, problems)
        return (
            table.combine_chunks().cast(self.arrow()).replace_schema_metadata({"schema": self.name})
        )

    def problems(self, table: pa.Table) -> Iterator[str]:
        """Yield everything wrong with a table, in words with counts and examples."""
        names = [c.name for c in self.columns]
        if table.column_names != names:
            yield f"columns are {table.column_names}, expected {names}"
            return
        for column in self.columns:
            values = table[column.name]
            if values.type != column.type:
                yield f"{column.name}: type {values.type}, expected {column.type}"
                continue
            yield from _value_problems(column, values)
        yield from self._key_problems(table)

    def _key_problems(self, table: pa.Table) -> Iterator[str]:
        groups = table.group_by(list(self.key)).aggregate([([], "count_all")])
        repeated = groups.filter(pc.greater(groups["count_all"], 1))
        if repeated.num_rows:
            first = {k: repeated[k][0].as_py() for k in self.key}
            yield f"{repeated.num_rows} repeated key(s), for example {first}"


def _value_problems(column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    if values.null_count and not column.nullable:
        yield f"{column.name}: {values.null_count} null value(s) of {len(values)}"
    if pa.types.is_floating(column.type):
        odd = pc.sum(pc.invert(pc.is_finite(values)), min_count=0).as_py()
        if odd:
            yield f"{column.name}: {odd} value(s) NaN or infinite"
            return
    if len(values) == values.null_count or column.low is column.high is None:
        return
    bounds = pc.min_max(values)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if column.low is not None and not low >= column.low:
        yield f"{column.name}: {low:g} is below {column.low:g} ({column.unit})"
    if column.high is not None and not high <= column.high:
        yield f"{column.name}: {high:g} is above {column.high:g} ({column.unit})"


def write_table(store: Store, path: Path, frame: pd.DataFrame, schema: Schema) -> Artefact:
    """Check a frame against its schema and write it once, as parquet, sorted by key."""
    table = schema.build(frame)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return store.put(path, buffer.getvalue(), schema=schema.name, rows=table.num_rows)


def read_table(store: Store, artefact: Artefact, schema: Schema) -> pd.DataFrame:
    """Read an artefact back after checking its hash and its schema. Null numbers become NaN."""
    if artefact.schema != schema.name:
        raise DataError(f"{artefact.path} holds {artefact.schema!r}, not {schema.name!r}")
    path = store.open(artefact)
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{artefact.path} cannot be read: {error}") from error
    problems = list(schema.problems(table))
    if problems:
        raise SchemaError(schema.name, problems)
    frame: pd.DataFrame = table.to_pandas(date_as_object=True)
    return frame


def _price(name: str, *, nullable: bool = False) -> Column:
    return Column(name, NUMBER, "per share, contract currency", nullable, low=1e-6, high=1e7)


def _score(name: str) -> Column:
    return Column(name, NUMBER, "-1 to +1, null = not known", nullable=True, low=-1.0, high=1.0)


def _ratio(name: str, unit: str = "ratio") -> Column:
    return Column(name, NUMBER, unit, nullable=True)


def _weight(name: str) -> Column:
    return Column(name, NUMBER, "fraction of net asset value", low=-5.0, high=5.0)


CON_ID = Column("con_id", WHOLE, "IBKR contract id", low=1)
SYMBOL = Column("symbol", TEXT, "IBKR symbol")

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
        _price("bid", nullable=True),
        _price("ask", nullable=True),
        _price("last", nullable=True),
        _price("close", nullable=True),
        Column("volume", NUMBER, "shares this session", nullable=True, low=0.0),
        Column("source", TEXT, "live, frozen, delayed or delayed-frozen"),
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
        _price("open"),
        _price("high"),
        _price("low"),
        _price("close"),
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
        _ratio("price_earnings"),
        _ratio("price_book"),
        _ratio("price_sales"),
        Column("dividend_yield", NUMBER, "fraction", nullable=True, low=0.0, high=1.0),
        _ratio("earnings_per_share", "USD"),
        _ratio("ebitda", "USD"),
        _ratio("revenue_growth", "fraction, year on year"),
        _ratio("return_on_equity", "fraction"),
        _ratio("debt_to_equity"),
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
        _price("price"),
        _price("previous_close"),
        Column("spread_bps", NUMBER, "basis points of the mid", nullable=True, low=0.0),
        Column("adv_20", NUMBER, "shares a day, 20-session mean", nullable=True, low=0.0),
        Column("bar_count", WHOLE, "sessions with a bar", low=0),
        *(_ratio(name, "see signals/technical.py") for name in TECHNICAL_FEATURES),
        *(_ratio(name, "see signals/fundamental.py") for name in FUNDAMENTAL_FEATURES),
        Column("headlines_24h", WHOLE, "headlines of the past 24 hours", low=0),
        *(_ratio(name, "see signals/sentiment.py") for name in SENTIMENT_FEATURES),
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
        _score("technical"),
        _score("fundamental"),
        _score("sentiment"),
        Column("coverage", NUMBER, "share of features known, 0 to 1", low=0.0, high=1.0),
        _score("alpha_score"),
        Column("volatility", NUMBER, "daily, fraction", nullable=True, low=0.0),
        _ratio("expected_return", "daily, fraction"),
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
        _ratio("value", "see the feature"),
        _score("score"),
        Column("weight", NUMBER, "share within its block", low=0.0, high=1.0),
    ),
)

TARGETS = Schema(
    "targets",
    ("con_id",),
    (
        CON_ID,
        SYMBOL,
        _score("alpha_score"),
        _ratio("expected_return", "daily, fraction"),
        _price("price"),
        _weight("weight_before"),
        _weight("weight_optimal"),
        _weight("weight"),
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
        _price("price"),
        Column("time", MOMENT, "UTC"),
        Column("commission", NUMBER, "base currency", nullable=True),
    ),
)

ALL_SCHEMAS = {
    schema.name: schema
    for schema in (
        UNIVERSE, QUOTES, BARS, FUNDAMENTALS, HEADLINES, MACRO, EARNINGS, MOVERS,
        FEATURES, SCORES, SCORE_PARTS, TARGETS, FILLS,
    )
}  # fmt: skip
