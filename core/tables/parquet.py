"""Tables as artefacts: checked on write and on read, the same rows in the same bytes."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DataError, SchemaError
from core.storage.artefacts import Artefact, Store
from core.tables.schema import Schema


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
