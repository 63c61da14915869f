#!/usr/bin/env bash
# polars: a quotient of two decimals has the scale of the first, so weights become 0 or 1.
#
# Versions   polars 2.1.0, pandas 3.1.1, duckdb 2.0.1, Python 3.11
# Guess      Market values as exact decimals divided by their sum give the weights, to many places
#            as in Python's decimal, or as floats as in DuckDB.
# Behaviour  The result of / keeps the scale of the numerator and is rounded to it. With cents, weights come
#            in whole percents and a position of 0.49 % weighs 0.00; with whole numbers (yen, shares, what
#            a sum of an integer column in DuckDB hands over) they are 0 or 1. No warning. The sum of the
#            weights is still 1.00, so the usual check passes.
# What follows  A book that stays in decimals to be exact loses exactly the figures a limit needs: cast to
#            Float64, or raise the scale of the numerator, before dividing. The same for an average price.
# Output seen
#            cents, polars:  0.12 0.88 0.00, sum 1.00
#            cents, duckdb:  0.119415 0.875709 0.004876
#            yen, polars:    0 1, sum 1
#            yen, pandas with Python's decimals: 0.12 0.88
#            average price of 3 shares for 10.00: 3.33
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    polars==2.1.0 pandas==3.1.1 duckdb==2.0.1 pyarrow==26.0.1
"$work/venv/bin/python" -W ignore - <<'PY' | tee "$work/seen"
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl

cents = pl.DataFrame({"value": [Decimal("1200.00"), Decimal("8800.00"), Decimal("49.00")]})
yen = pl.DataFrame({"value": [Decimal("1200"), Decimal("8800")]})


def weights(book):
    return book["value"] / book["value"].sum()


def said(values):
    return " ".join(map(str, values))


print(f"cents, polars:  {said(weights(cents))}, sum {weights(cents).sum()}")
answer = duckdb.sql("select value / sum(value) over () from cents").fetchall()
print("cents, duckdb: ", said(f"{weight:.6f}" for (weight,) in answer))
print(f"yen, polars:    {said(weights(yen))}, sum {weights(yen).sum()}")
exact = pd.Series(yen["value"].to_list())
print("yen, pandas with Python's decimals:", said(exact / exact.sum()))
bought = pl.DataFrame({"paid": [Decimal("10.00")], "shares": [Decimal("3")]})
print(f"average price of 3 shares for 10.00: {(bought['paid'] / bought['shares'])[0]}")
PY
diff "$work/seen" - <<'SEEN'
cents, polars:  0.12 0.88 0.00, sum 1.00
cents, duckdb:  0.119415 0.875709 0.004876
yen, polars:    0 1, sum 1
yen, pandas with Python's decimals: 0.12 0.88
average price of 3 shares for 10.00: 3.33
SEEN
