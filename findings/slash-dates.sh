#!/usr/bin/env bash
# 01/05/2026 in a CSV is January in pandas and May in polars and DuckDB, until a later row says otherwise.
#
# Versions   pandas 3.1.1, polars 2.1.0, duckdb 2.0.1, Python 3.11
# Guess      Dates with slashes are read alike, stay text, or are refused where they are ambiguous.
# Behaviour  pandas takes the month first, polars and DuckDB the day first, without a word. What follows in
#            the column decides the rest: DuckDB changes to the other order for the whole file when a
#            day above 12 requires it; pandas and polars then leave all of the column as text.
# What follows  The statement of an American broker, fetched daily, is read with days and months exchanged
#            by DuckDB from the 1st to the 12th and rightly from the 13th; a European one in pandas
#            changes its type on the 13th. Name the format: dateformat, date_format, str.to_date.
# Output seen
#            01/05/2026 and 02/05/2026: pandas 2026-01-05, polars 2026-05-01, duckdb 2026-05-01
#            01/05/2026 and 06/15/2026: pandas 2026-01-05, polars '01/05/2026', duckdb 2026-01-05
#            01/05/2026 and 15/06/2026: pandas '01/05/2026', polars 2026-05-01, duckdb 2026-05-01
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pandas==3.1.1 polars==2.1.0 duckdb==2.0.1
"$work/venv/bin/python" -W ignore - "$work/statement.csv" <<'PY' | tee "$work/seen"
import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl

path = sys.argv[1]


def said(value):
    return repr(value) if isinstance(value, str) else f"{value:%Y-%m-%d}"


for later in ("02/05/2026", "06/15/2026", "15/06/2026"):
    pathlib.Path(path).write_text(f"date,amount\n01/05/2026,100\n{later},200\n")
    first = {
        "pandas": pd.read_csv(path, parse_dates=["date"])["date"][0],
        "polars": pl.read_csv(path, try_parse_dates=True)["date"][0],
        "duckdb": duckdb.sql(f"select date from '{path}'").fetchall()[0][0],
    }
    print(f"01/05/2026 and {later}:", ", ".join(f"{name} {said(value)}" for name, value in first.items()))
PY
diff "$work/seen" - <<'SEEN'
01/05/2026 and 02/05/2026: pandas 2026-01-05, polars 2026-05-01, duckdb 2026-05-01
01/05/2026 and 06/15/2026: pandas 2026-01-05, polars '01/05/2026', duckdb 2026-01-05
01/05/2026 and 15/06/2026: pandas '01/05/2026', polars 2026-05-01, duckdb 2026-05-01
SEEN
