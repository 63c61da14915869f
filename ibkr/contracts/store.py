"""Contracts kept between days, so that a symbol is not looked up every morning."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DataError, SchemaError
from core.storage.artefacts import write_atomically
from core.tables import CON_ID, DAY, NUMBER, SYMBOL, TEXT, WHOLE, Column, Schema
from core.types import Contract
from ibkr.contracts.resolution import Resolved, resolved
from ibkr.wire.concurrent_requests import Progress

# Symbols are reused and companies renamed: what is older than this is looked up again.
KEPT_FOR = timedelta(days=7)

CONTRACTS = Schema(
    "contracts",
    ("symbol", "currency"),
    (
        CON_ID,
        SYMBOL,
        *(
            Column(name, TEXT, "as IBKR tells it")
            for name in ("sec_type", "exchange", "primary_exchange", "currency", "name")
        ),
        Column("min_tick", NUMBER, "price increment", low=1e-8, high=100.0),
        Column("stock_type", TEXT, "as IBKR tells it"),
        Column("price_magnifier", WHOLE, "prices are in so many parts of the currency", low=1),
        Column("lot", WHOLE, "shares, where the contract says so", nullable=True, low=1),
        Column("seen", DAY, "day on which it was looked up"),
    ),
)

Resolve = Callable[[Sequence[str], Progress | None], Resolved]


@dataclass(frozen=True, slots=True)
class Seen:
    """A contract, and the day on which IBKR told it."""

    contract: Contract
    day: date


class ContractStore:
    """The contracts of stocks in one file, by symbol and currency."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "contracts.parquet"

    def read(self) -> dict[tuple[str, str], Seen]:
        """Return what is held. Raises `DataError` for a file that cannot be read."""
        if not self._path.is_file():
            return {}
        try:
            table = pq.read_table(self._path)
            problems = list(CONTRACTS.problems(table))
        except pa.ArrowException as error:
            raise DataError(f"{self._path} cannot be read: {error}; delete it") from error
        if problems:
            raise SchemaError(CONTRACTS.name, problems)
        held = {}
        for row in table.to_pylist():
            day = row.pop("seen")
            contract = Contract(**row)
            held[contract.symbol, contract.currency] = Seen(contract, day)
        return held

    def write(self, held: Mapping[tuple[str, str], Seen]) -> None:
        """Replace what is held. Raises `StorageError` when the disk refuses."""
        names = [column.name for column in CONTRACTS.columns if column.name != "seen"]
        rows = [
            (*(getattr(seen.contract, name) for name in names), seen.day)
            for _, seen in sorted(held.items())
        ]
        buffer = io.BytesIO()
        frame = pd.DataFrame(rows, columns=[*names, "seen"])
        pq.write_table(CONTRACTS.build(frame), buffer, compression="zstd")
        write_atomically(self._path, buffer.getvalue())


def resolve_stored(
    store: ContractStore,
    symbols: Iterable[str],
    ask: Resolve,
    *,
    today: date,
    currency: str = "USD",
    progress: Progress | None = None,
) -> Resolved:
    """Return the contracts of symbols, asking only for those not looked up in the past week.

    A symbol that was refused is asked for every time. A contract looked up after ``today`` is of
    no use for it: the symbol may have been another company's.
    """
    held = store.read()
    wanted = sorted(set(symbols))
    known = {
        symbol: seen.contract
        for symbol in wanted
        if (seen := held.get((symbol, currency))) and today - KEPT_FOR < seen.day <= today
    }
    unknown = [symbol for symbol in wanted if symbol not in known]
    if not unknown:
        return resolved(known.values(), {})
    found = ask(unknown, progress)
    new = {(one.symbol, one.currency): Seen(one, today) for one in found.contracts}
    newer = {key for key, seen in held.items() if seen.day > today}
    kept = {key: seen for key, seen in new.items() if key not in newer}
    if kept:
        store.write({**held, **kept})
    return resolved([*known.values(), *found.contracts], found.refused)
