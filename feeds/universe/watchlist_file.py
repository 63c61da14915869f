"""Watch-lists in files: one entry a line, a table with a header, or what TWS exports and imports.

TWS writes and reads lines such as ``DES,AAPL,STK,SMART/NASDAQ,,,,``, ``SYM,AAPL,SMART`` and
``CON,265598,SMART`` (IBKR, "Import Ticker Symbols").
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import ConfigurationError
from core.types.sought import Sought, read_sought

_STOCKS = {"STK", "STOCK", "ETF", ""}
_ROUTED = {"SMART", "BEST", ""}  # no listing of its own
# What the columns of a table may be called, lower case and without spaces.
_COLUMNS = {
    "symbol": "symbol", "ticker": "symbol", "underlying": "symbol", "financialinstrument": "symbol",
    "exchange": "exchange", "primaryexchange": "exchange", "primaryexch": "exchange",
    "currency": "currency", "isin": "isin", "conid": "conid",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WatchlistFile:
    """The entries of a file, in its order, each once; and why lines are none, by what they say."""

    entries: tuple[Sought, ...]
    unreadable: Mapping[str, str]


def read_watchlist(name: str, content: bytes) -> WatchlistFile:
    """Read a watch-list. A line that names no stock costs itself.

    Raises `ConfigurationError` where no line does.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # Windows' "Unicode"
    text = content.decode("utf-16" if utf_16 else "utf-8-sig", "replace")
    try:
        rows = list(_rows(text))
    except csv.Error as error:  # one cell of 128 KB: a page on one line, an archive
        raise ConfigurationError(f"the watch-list {name} is no list: {error}") from None
    lines = [
        (number, row)
        for number, row in enumerate(rows, start=1)
        if row and not row[0].startswith("#") and any(row)
    ]
    read, lines = _reader(lines)
    entries: dict[Sought, None] = {}
    unreadable: dict[str, str] = {}
    for number, row in lines:
        try:
            entries.update(dict.fromkeys(read(row)))
        except ValueError as error:
            unreadable[f"line {number} of {name}"] = str(error)
    if not entries:
        why = next((f"{where}: {what}" for where, what in unreadable.items()), "it is empty")
        raise ConfigurationError(f"the watch-list {name} names no stock: {why}")
    return WatchlistFile(tuple(entries), unreadable)


def _rows(text: str) -> Iterator[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    for row in csv.reader(io.StringIO(text), delimiter=separator):
        yield [cell.partition(" #")[0].strip() for cell in row]


_Row = Sequence[str]


def _reader(
    lines: list[tuple[int, list[str]]],
) -> tuple[Callable[[_Row], list[Sought]], list[tuple[int, list[str]]]]:
    """Return what reads the lines of a file, and the lines that hold entries."""
    if any(row[0].upper() in {"DES", "SYM", "CON"} and len(row) > 1 for _, row in lines):
        return _of_tws, lines
    header = ["".join(cell.lower().split()) for cell in lines[0][1]] if lines else []
    known = {_COLUMNS[cell]: place for place, cell in enumerate(header) if cell in _COLUMNS}
    if known.keys() & {"symbol", "isin", "conid"}:
        return (lambda row: [_of_columns(row, known)]), lines[1:]
    return (lambda row: [read_sought(cell) for cell in row if cell]), lines


def _of_tws(row: _Row) -> list[Sought]:
    kind, cells = row[0].upper(), [*row[1:], "", ""]
    if kind in {"HED", "COLUMN"}:  # a heading of the page, how its columns are laid out
        return []
    if kind == "CON":
        return [read_sought(f"conId {cells[0]}")]
    if kind == "SYM":
        return [_listed(cells[0], cells[1])]
    if kind != "DES":
        raise ValueError(f"{kind!r} begins no line of a watch-list of TWS")
    if cells[1].upper() not in _STOCKS:
        raise ValueError(f"{cells[0]} is of kind {cells[1]}, not a stock")
    return [_listed(cells[0], cells[2])]


def _listed(symbol: str, route: str) -> Sought:
    """Return a symbol at what follows SMART in ``SMART/NASDAQ``, or at a route of its own."""
    places = [place for place in route.upper().split("/") if place not in _ROUTED]
    return replace(read_sought(symbol), exchange=places[-1] if places else "")


def _of_columns(row: _Row, known: Mapping[str, int]) -> Sought:
    cells = {name: row[place] if place < len(row) else "" for name, place in known.items()}
    name = cells.get("conid") or cells.get("isin") or cells.get("symbol", "")
    found = read_sought(name)
    if found.con_id or found.isin:
        return found
    exchange, currency = cells.get("exchange", "").upper(), cells.get("currency", "").upper()
    return replace(
        found,
        exchange="" if exchange in _ROUTED else exchange or found.exchange,
        currency=currency or found.currency,
    )
