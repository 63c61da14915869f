"""What a table may hold: columns with types, units and ranges, a key, and the check of it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SchemaError
from core.text.counts import count
from core.types.account import LEAST_PRICE

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
            yield f"{count(repeated.num_rows, 'repeated key')}, for example {first}"


def _value_problems(column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    if values.null_count and not column.nullable:
        yield f"{column.name}: {count(values.null_count, 'null value')} of {len(values)}"
    if pa.types.is_floating(column.type):
        odd = pc.sum(pc.invert(pc.is_finite(values)), min_count=0).as_py()
        if odd:
            yield f"{column.name}: {count(odd, 'value')} NaN or infinite"
            return
    if len(values) == values.null_count or column.low is column.high is None:
        return
    bounds = pc.min_max(values)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if column.low is not None and not low >= column.low:
        yield f"{column.name}: {low:g} is below {column.low:g} ({column.unit})"
    if column.high is not None and not high <= column.high:
        yield f"{column.name}: {high:g} is above {column.high:g} ({column.unit})"


def price_column(name: str, *, nullable: bool = False) -> Column:
    """Return a column of prices per share."""
    return Column(name, NUMBER, "per share, contract currency", nullable, low=LEAST_PRICE, high=1e7)


def score_column(name: str) -> Column:
    """Return a column of scores, which may be unknown."""
    return Column(name, NUMBER, "-1 to +1, null = not known", nullable=True, low=-1.0, high=1.0)


def ratio_column(name: str, unit: str = "ratio") -> Column:
    """Return a column of numbers without bounds, which may be unknown."""
    return Column(name, NUMBER, unit, nullable=True)


def weight_column(name: str) -> Column:
    """Return a column of weights."""
    return Column(name, NUMBER, "fraction of net asset value", low=-5.0, high=5.0)


CON_ID = Column("con_id", WHOLE, "IBKR contract id", low=1)
SYMBOL = Column("symbol", TEXT, "IBKR symbol")
