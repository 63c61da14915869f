"""When companies report next, from Financial Modeling Prep's stable API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
from pydantic import SecretStr

from core import tables
from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from core.text.counts import count
from feeds.http import Fetcher, Payload, checked_address, staged_name
from feeds.records import Parsed, day, rows

CALENDAR = "earnings-calendar"
AHEAD = timedelta(days=89)  # the vendor answers at most three months; everybody reports in them


class Earnings:
    """The earnings calendar at ``url``, for example ``https://…/stable``."""

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

    def fetch(self, symbols: Sequence[str], *, as_of: date) -> tuple[Parsed, tuple[Payload, ...]]:
        """Return the next earnings date of every symbol that has one, and the payload.

        Parameters
        ----------
        symbols
            IBKR's spelling.
        as_of
            The day of the run, which is the day these dates became known to us.

        Raises `VendorError` when the calendar cannot be had, or knows none of the symbols.
        """
        query = {"from": as_of.isoformat(), "to": (as_of + AHEAD).isoformat()}
        content = self._fetcher.get(f"{self._url}/{CALENDAR}", query={**query, "apikey": self._key})
        payload = Payload(staged_name(CALENDAR, content), content)
        parsed = parse_earnings(payload, symbols, as_of=as_of, ceiling=self._ceiling)
        return parsed, (payload,)


def parse_earnings(
    payload: Payload,
    symbols: Sequence[str],
    *,
    as_of: date,
    ceiling: float = MAX_UNREADABLE.default,
) -> Parsed:
    """Read the staged file again: same payload, same table.

    Dates before ``as_of`` are over, and rows updated after it were not known. A symbol without a
    date is not one without earnings: it is counted among the problems.
    """
    spellings = {s.replace(" ", joint): s for s in symbols for joint in ("-", ".", " ")}
    dates: dict[str, date] = {}
    damaged: list[str] = []
    for row in rows(payload, damaged, ceiling=ceiling):
        symbol = spellings.get(str(row.get("symbol")).strip().upper())
        on, updated = day(row.get("date")), day(row.get("lastupdated"))
        if symbol is None or on is None or not as_of <= on <= as_of + AHEAD:
            continue
        if updated is None or updated <= as_of:
            dates[symbol] = min(on, dates.get(symbol, on))
    if not dates:
        raise VendorError(
            f"the earnings calendar has a date for none of {count(len(set(symbols)), 'symbol')} in "
            f"the {AHEAD.days} days from {as_of}"
        )
    records = [{"symbol": s, "reports_on": dates[s], "known_on": as_of} for s in sorted(dates)]
    columns = [column.name for column in tables.EARNINGS.columns]
    return Parsed(pd.DataFrame(records, columns=columns), (*damaged, *_without(symbols, dates)))


def _without(symbols: Sequence[str], dates: dict[str, date]) -> list[str]:
    absent = sorted(set(symbols) - set(dates))
    if not absent:
        return []
    named = ", ".join(absent[:3]) + ("…" if len(absent) > 3 else "")
    return [f"earnings date not known of {count(len(absent), 'symbol')}, such as {named}"]
