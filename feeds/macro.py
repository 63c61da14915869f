"""Gauges of the whole market: volatility, interest rates, oil, the euro, the index fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from pydantic import SecretStr

from core import tables
from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from core.text.counts import count
from feeds.http import Fetcher, Payload, checked_address, staged_name
from feeds.records import Parsed, day, number, rows

TREASURY = "treasury-rates"
PRICES = "historical-price-eod/light"
LOOKBACK = timedelta(days=400)  # at least 252 observations, with holidays to spare
WINDOW = timedelta(days=89)  # the vendor answers at most three months of rates at once
STALE_AFTER = timedelta(days=10)
CHANGE, ZSCORE = 20, 252


@dataclass(frozen=True, slots=True)
class Gauge:
    """One gauge: the vendor's name for it, and the values that can be true."""

    name: str
    source: str  # a symbol of the price files, or a column of the treasury file
    low: float
    high: float


PRICED = (
    Gauge("vix", "^VIX", 5.0, 200.0),
    Gauge("wti", "CLUSD", -100.0, 500.0),  # settled at -37.63 USD on 2020-04-20
    Gauge("eurusd", "EURUSD", 0.5, 2.5),
    Gauge("spy", "SPY", 1.0, 1e5),
)
RATES = (
    Gauge("us10y", "year10", -5.0, 25.0),
    Gauge("us2y", "year2", -5.0, 25.0),
)
CURVE = "curve"  # us10y - us2y, percentage points


class Macro:
    """Market gauges from Financial Modeling Prep at ``url``, for example ``https://…/stable``."""

    def __init__(
        self,
        fetcher: Fetcher,
        url: str,
        key: SecretStr,
        *,
        ceiling: float = MAX_UNREADABLE.default,
    ) -> None:
        checked_address(url, secret=True)
        self._fetcher, self._url, self._key = fetcher, url.rstrip("/"), key
        self._ceiling = ceiling

    def fetch(self, *, as_of: date) -> tuple[Parsed, tuple[Payload, ...]]:
        """Return one row per gauge, and the payloads.

        Only days before ``as_of`` are read: its own prices are not final when the day is
        decided. A gauge that cannot be had, or is stale, is left out and named. Raises
        `VendorError` when none can be had.
        """
        payloads: list[Payload] = []
        problems: list[str] = []
        for stem, path, query in _requests(as_of):
            try:
                content = self._fetcher.get(
                    f"{self._url}/{path}", query={**query, "apikey": self._key}
                )
                payloads.append(Payload(staged_name(stem, content), content))
            except VendorError as error:
                problems.append(f"without {stem}: {error}")
        parsed = parse_macro(payloads, as_of=as_of, ceiling=self._ceiling)
        return Parsed(parsed.frame, (*problems, *parsed.problems)), tuple(payloads)


def _requests(as_of: date) -> list[tuple[str, str, dict[str, str]]]:
    """Return what to ask: staged name, path and query of each call."""
    first, last = as_of - LOOKBACK, as_of - timedelta(days=1)
    asked = [
        (
            f"macro-{gauge.name}",
            PRICES,
            {"symbol": gauge.source, "from": first.isoformat(), "to": last.isoformat()},
        )
        for gauge in PRICED
    ]
    while first <= last:
        until = min(first + WINDOW, last)
        query = {"from": first.isoformat(), "to": until.isoformat()}
        asked.append((f"macro-{TREASURY}-{first.isoformat()}", TREASURY, query))
        first = until + timedelta(days=1)
    return asked


def parse_macro(
    payloads: Sequence[Payload], *, as_of: date, ceiling: float = MAX_UNREADABLE.default
) -> Parsed:
    """Read the staged files again: same payloads, same table.

    Nothing is believed of a file of which more than ``ceiling`` cannot be read. Raises
    `VendorError` when no gauge can be read.
    """
    problems: list[str] = []

    def read(prefix: str, column: str, gauge: Gauge) -> dict[date, float]:
        chosen = [payload for payload in payloads if payload.name.startswith(prefix)]
        return _series(chosen, column, gauge, as_of, problems, ceiling)

    series = {g.name: read(f"macro-{g.name}.", "price", g) for g in PRICED} | {
        g.name: read(f"macro-{TREASURY}-", g.source, g) for g in RATES
    }
    both = series["us10y"].keys() & series["us2y"].keys()
    series[CURVE] = {on: series["us10y"][on] - series["us2y"][on] for on in both}
    records = []
    for name in sorted(series):
        newest = max(series[name], default=None)
        if newest is None:
            problems.append(f"{name} is absent")
        elif as_of - newest > STALE_AFTER:
            problems.append(f"{name} is left out: its newest value is of {newest}")
        else:
            records.append({"gauge": name, "observed_on": newest, **_summary(series[name])})
    if not records:
        raise VendorError(f"no market gauge can be used: {'; '.join(problems)}")
    columns = [column.name for column in tables.MACRO.columns]
    return Parsed(pd.DataFrame(records, columns=columns), tuple(dict.fromkeys(problems)))


def _series(
    payloads: Sequence[Payload],
    column: str,
    gauge: Gauge,
    as_of: date,
    problems: list[str],
    ceiling: float,
) -> dict[date, float]:
    found: dict[date, float] = {}
    doubtful: set[date] = set()
    refused = 0
    for payload in payloads:
        try:
            # The whole file first: of one that is not believed no row may count.
            found_rows = list(rows(payload, problems, ceiling=ceiling))
        except VendorError as error:
            problems.append(str(error))
            continue
        for row in found_rows:
            if row.get(column) in (None, ""):
                continue
            on, value = day(row.get("date")), number(row.get(column))
            if on is None or value is None or not gauge.low <= value <= gauge.high:
                refused += 1
            elif as_of - LOOKBACK <= on < as_of and found.setdefault(on, value) != value:
                doubtful.add(on)  # two values of one day; which is true is not known
    found = {on: value for on, value in found.items() if on not in doubtful}
    refused += len(doubtful)
    if refused:
        problems.append(f"{count(refused, 'value')} of {gauge.name} cannot be true")
    return found


def _summary(series: Mapping[date, float]) -> dict[str, float | None]:
    """Return the newest value, its change over 20 observations and its z-score within 252."""
    values = np.array([series[on] for on in sorted(series)], dtype=np.float64)
    newest = float(values[-1])
    change = newest - float(values[-1 - CHANGE]) if len(values) > CHANGE else None
    window = values[-ZSCORE:]
    spread = float(window.std(ddof=1)) if len(window) == ZSCORE else 0.0
    zscore = (newest - float(window.mean())) / spread if spread > 0 else None
    return {"value": newest, "change_20": change, "zscore_252": zscore}
