#!/usr/bin/env bash
# A weight that is NaN is below a limit in pandas and pyarrow, above it in polars and DuckDB.
#
# Versions   pandas 3.1.1, numpy 2.4.6, pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1, Python 3.11
# Guess      weight > 0.12 is a comparison of two doubles: the same answer whichever table holds them.
# Behaviour  polars and DuckDB order NaN above every number and compare by that order, as their
#            documentation says; pandas, numpy and pyarrow's compute compare as IEEE 754 does. The largest
#            weight is NaN in DuckDB and 0.1 in the others. DuckDB over a pandas frame sees NULL, over the
#            same values as an Arrow table NaN; polars makes null of it from pandas, not from numpy.
# What follows  The same gate, moved from one table to another, turns around: "reject what is above" lets the
#            unknown pass in pandas, "accept what is not above" keeps it out in polars. Test finiteness first.
# Output seen
#            NaN > 0.12: numpy False, pandas False, pyarrow False, polars True, duckdb True
#            largest of NaN and 0.1: pandas 0.1, pyarrow 0.1, polars 0.1, duckdb nan
#            what DuckDB counts above 0.12: 0 over pandas, 1 over Arrow
#            nulls in polars: 1 from pandas, 0 from numpy
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    pandas==3.1.1 numpy==2.4.6 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
"$work/venv/bin/python" -W ignore - <<'PY' | tee "$work/seen"
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

LIMIT = 0.12
weights = np.array([np.nan, 0.1])
frame, arrow, columns = pd.DataFrame({"w": weights}), pa.table({"w": weights}), pl.DataFrame({"w": weights})


def ask(question):
    return duckdb.sql(question).fetchall()[0][0]


above = {
    "numpy": bool(weights[0] > LIMIT),
    "pandas": bool((frame["w"] > LIMIT)[0]),
    "pyarrow": pc.greater(arrow["w"], LIMIT)[0].as_py(),
    "polars": (columns["w"] > LIMIT)[0],
    "duckdb": ask(f"select 'nan'::double > {LIMIT}"),
}
largest = {
    "pandas": frame["w"].max(),
    "pyarrow": pc.max(arrow["w"]).as_py(),
    "polars": columns["w"].max(),
    "duckdb": ask("select max(w) from arrow"),
}
count = f"select count(*) filter (w > {LIMIT}) from "
print(f"NaN > {LIMIT}:", ", ".join(f"{name} {value}" for name, value in above.items()))
print("largest of NaN and 0.1:", ", ".join(f"{name} {value}" for name, value in largest.items()))
print(f"what DuckDB counts above {LIMIT}: {ask(count + 'frame')} over pandas, {ask(count + 'arrow')} over Arrow")
print(f"nulls in polars: {pl.from_pandas(frame)['w'].null_count()} from pandas, "
      f"{columns['w'].null_count()} from numpy")
PY
diff "$work/seen" - <<'SEEN'
NaN > 0.12: numpy False, pandas False, pyarrow False, polars True, duckdb True
largest of NaN and 0.1: pandas 0.1, pyarrow 0.1, polars 0.1, duckdb nan
what DuckDB counts above 0.12: 0 over pandas, 1 over Arrow
nulls in polars: 1 from pandas, 0 from numpy
SEEN
