#!/usr/bin/env bash
# ib_async: a Flex report's identifiers become numbers wherever they can be read as one.
#
# Versions   ib_async 2.1.0, Python 3.11
# Guess      FlexReport.extract (and df) turn quantities and prices into numbers and leave names alone.
# Behaviour  parseNumbers is on by default and tries float() and int() on every attribute. A CUSIP loses its
#            leading zero, one with an E in it becomes 1.2345e+108; Hong Kong's 0700 becomes 700; the
#            tickers INF (Informa, London) and NAN become infinity and not-a-number; dates become
#            integers, while a quantity written "1,000" stays text. So a column has the type of its rows.
# What follows  Joins on CUSIP or symbol miss those rows, and a row whose symbol is NaN drops out of a groupby
#            of the frame: the total is short and nothing says so. Use parseNumbers=False and convert by name.
# Output seen
#            037833100 -> 37833100, 12345E106 -> 1.2345e+110, 0700 -> 700, INF -> inf, NAN -> nan, 1,000 -> '1,000'
#            traded 600.0, of which in the groupby by symbol 500.0
# Fails (exit 1) when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ib_async==2.1.0 pandas==3.1.1
cat > "$work/report.xml" <<'XML'
<FlexQueryResponse><FlexStatements><FlexStatement><Trades>
  <Trade symbol="AAPL" cusip="037833100" quantity="1,000" netCash="100.5"/>
  <Trade symbol="KES" cusip="12345E106" quantity="5" netCash="150"/>
  <Trade symbol="0700" cusip="" quantity="100" netCash="200"/>
  <Trade symbol="INF" cusip="" quantity="10" netCash="49.5"/>
  <Trade symbol="NAN" cusip="" quantity="10" netCash="100"/>
</Trades></FlexStatement></FlexStatements></FlexQueryResponse>
XML
"$work/venv/bin/python" -W ignore - "$work/report.xml" <<'PY' | tee "$work/seen"
import sys

from ib_async import FlexReport

report = FlexReport(path=sys.argv[1])
written, read = report.extract("Trade", parseNumbers=False), report.extract("Trade")
pairs = [(0, "cusip"), (1, "cusip"), (2, "symbol"), (3, "symbol"), (4, "symbol"), (0, "quantity")]
print(", ".join(f"{getattr(written[row], name)} -> {getattr(read[row], name)!r}" for row, name in pairs))
frame = report.df("Trade")
by_symbol = frame.groupby("symbol")["netCash"].sum()
print(f"traded {frame['netCash'].sum()}, of which in the groupby by symbol {by_symbol.sum()}")
PY
diff "$work/seen" - <<'SEEN'
037833100 -> 37833100, 12345E106 -> 1.2345e+110, 0700 -> 700, INF -> inf, NAN -> nan, 1,000 -> '1,000'
traded 600.0, of which in the groupby by symbol 500.0
SEEN
