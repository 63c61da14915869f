"""Parquet files that vendors serve from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ConfigurationError, DataError


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the named columns.

    Raises `ConfigurationError` if there is no such file and `DataError` if it is no parquet file
    or lacks a column; all missing ones are named.
    """
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}; correct the path")
    try:
        known = set(pq.read_schema(path).names)
        missing = [name for name in columns if name not in known]
        if missing:
            raise DataError(f"{path.name} is not the file it should be: no column {missing}")
        frame: pd.DataFrame = pq.read_table(path, columns=list(columns)).to_pandas(
            date_as_object=False
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as parquet: {error}") from error
    return frame
