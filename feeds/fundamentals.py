"""Company fundamentals and index membership from Financial Modeling Prep's stable API.

A few bulk files hold every symbol the vendor knows: the number of calls does not grow with the
universe. Field names as served by ``/stable`` in 2026.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from pydantic import SecretStr

from core import tables
from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from core.text.counts import count
from feeds.http import BULK_LIMIT, NO_QUERY, Fetcher, Payload, checked_address, staged_name
from feeds.records import Parsed, Row, day, number, rows, text
from feeds.universe.index_members import Constituent, parse_constituents

RATIOS, METRICS, SCORES = "ratios-ttm-bulk", "key-metrics-ttm-bulk", "scores-bulk"
GROWTH = "income-statement-growth-bulk"
CONSTITUENTS = "sp500-constituent"

# Fiscal years end, and are filed, at any time of a calendar year: in January nobody has filed
# the last one, and a company whose year ends in January is a year ahead.
FISCAL_YEARS = (0, 1, 2)
OLDEST_GROWTH = timedelta(days=550)  # a year, plus half a year to file the next one


@dataclass(frozen=True, slots=True)
class Field:
    """Where a column comes from, and the values that can be true."""

    column: str  # of core.tables.FUNDAMENTALS
    file: str
    names: tuple[str, ...]  # the first of these keys that holds a number
    low: float
    high: float
    zero_is_unknown: bool = False  # the vendor writes 0 where it has no figure


FIELDS = (
    Field("market_cap", METRICS, ("marketCap", "marketCapTTM"), 1e5, 1e14, zero_is_unknown=True),
    Field("price_earnings", RATIOS, ("priceToEarningsRatioTTM",), -1e5, 1e5, zero_is_unknown=True),
    Field("price_book", RATIOS, ("priceToBookRatioTTM",), -1e5, 1e5, zero_is_unknown=True),
    Field("price_sales", RATIOS, ("priceToSalesRatioTTM",), 0.0, 1e5, zero_is_unknown=True),
    Field("dividend_yield", RATIOS, ("dividendYieldTTM",), 0.0, 1.0),
    Field("earnings_per_share", RATIOS, ("netIncomePerShareTTM",), -1e6, 1e6),
    Field("revenue_growth", GROWTH, ("growthRevenue",), -1.0, 1e3),
    Field("return_on_equity", METRICS, ("returnOnEquityTTM",), -1e4, 1e4),
    Field("debt_to_equity", RATIOS, ("debtToEquityRatioTTM",), -1e5, 1e5),
    Field("piotroski", SCORES, ("piotroskiScore",), 0.0, 9.0),
)
ENTERPRISE_VALUE = Field("ebitda", METRICS, ("enterpriseValueTTM",), -1e14, 1e14)
EV_TO_EBITDA = Field("ebitda", METRICS, ("evToEBITDATTM",), -1e6, 1e6, zero_is_unknown=True)
LARGEST_EBITDA = 1e13
FILES = (RATIOS, METRICS, SCORES, GROWTH)


class Fundamentals:
    """Financial Modeling Prep at ``url``, for example ``https://…/stable``.

    Of a file that has more unreadable rows than ``ceiling``, a fraction, nothing is believed.
    """

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

    def constituents(self) -> tuple[tuple[Constituent, ...], Payload]:
        """Return the members of the S&P 500, and the payload they came in."""
        payload = self._get(CONSTITUENTS)
        return parse_constituents(payload, ceiling=self._ceiling), payload

    def fetch(self, symbols: Sequence[str], *, as_of: date) -> tuple[Parsed, tuple[Payload, ...]]:
        """Return one row per symbol that the vendor knows, and the payloads.

        Parameters
        ----------
        symbols
            IBKR's spelling.
        as_of
            The day of the run, which is the day these figures became known to us.

        Raises
        ------
        VendorError
            The ratios cannot be had, or no symbol is known. Any other file that fails leaves
            its columns null and is named among the problems.
        """
        payloads = [self._get(RATIOS)]
        problems: list[str] = []
        for name, query in _other_files(as_of):
            try:
                payloads.append(self._get(name, query))
            except VendorError as error:
                problems.append(f"without {name}: {error}")
        parsed = parse_fundamentals(payloads, symbols, as_of=as_of, ceiling=self._ceiling)
        return Parsed(parsed.frame, (*problems, *parsed.problems)), tuple(payloads)

    def _get(self, name: str, query: Mapping[str, str] = NO_QUERY) -> Payload:
        content = self._fetcher.get(
            f"{self._url}/{name}", query={**query, "apikey": self._key}, limit=BULK_LIMIT
        )
        return Payload(
            staged_name("-".join(["fundamentals", name, *query.values()]), content), content
        )


def _other_files(as_of: date) -> list[tuple[str, dict[str, str]]]:
    years = [str(as_of.year - back) for back in FISCAL_YEARS]
    return [
        (METRICS, {}),
        (SCORES, {}),
        *((GROWTH, {"year": year, "period": "FY"}) for year in years),
    ]


def parse_fundamentals(
    payloads: Sequence[Payload],
    symbols: Sequence[str],
    *,
    as_of: date,
    ceiling: float = MAX_UNREADABLE.default,
) -> Parsed:
    """Read the staged files again: same payloads, same table.

    Values that are not finite or cannot be true become null and are counted, as are rows that
    cannot be read. Raises `VendorError` when the ratios cannot be read, more than ``ceiling`` of
    their rows cannot, or no symbol is known.
    """
    problems: list[str] = []
    wanted = _Wanted(symbols, as_of, ceiling)
    found = {name: wanted.rows(payloads, name, problems) for name in FILES}
    known = [s for s in sorted(set(symbols)) if any(s in file for file in found.values())]
    if not known:
        raise VendorError(
            f"the fundamentals vendor knows none of {count(len(symbols), 'symbol')}; "
            "check that vendors.fundamentals_url ends in /stable"
        )
    if len(known) < len(set(symbols)):
        absent = sorted(set(symbols) - set(known))
        named = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        plural = "" if len(absent) == 1 else "s"
        problems.append(f"{len(absent)} symbol{plural} without fundamentals ({named})")
    refused: Counter[str] = Counter()
    records = [_record(symbol, found, as_of, refused) for symbol in known]
    problems += [f"{count(n, 'value')} of {column} cannot be true" for column, n in refused.items()]
    columns = [column.name for column in tables.FUNDAMENTALS.columns]
    return Parsed(pd.DataFrame(records, columns=columns), tuple(problems))


class _Wanted:
    """The rows of some symbols, whatever the vendor's spelling of them."""

    def __init__(self, symbols: Iterable[str], as_of: date, ceiling: float) -> None:
        self._spellings = {s.replace(" ", joint): s for s in symbols for joint in ("-", ".", " ")}
        self._as_of = as_of
        self._ceiling = ceiling

    def rows(self, payloads: Iterable[Payload], name: str, problems: list[str]) -> dict[str, Row]:
        """Return the newest row of each symbol in one kind of file."""
        newest: dict[str, Row] = {}
        twice: set[str] = set()
        for payload in payloads:
            if not payload.name.startswith(f"fundamentals-{name}"):
                continue
            try:
                # The whole file first: of one that is not believed no row may count.
                found = list(self._of(payload, name, problems))
            except VendorError as error:
                if name == RATIOS:
                    raise
                problems.append(str(error))
                continue
            for symbol, row in found:
                held = newest.get(symbol)
                if held is None or text(row.get("date")) > text(held.get("date")):
                    newest[symbol] = row
                    twice.discard(symbol)
                elif row != held and text(row.get("date")) == text(held.get("date")):
                    twice.add(symbol)  # which of the two is true nobody can tell
        if twice:
            named = ", ".join(sorted(twice)[:5]) + (", …" if len(twice) > 5 else "")
            problems.append(f"{name}: rows that contradict each other, none is used ({named})")
        return {symbol: row for symbol, row in newest.items() if symbol not in twice}

    def _of(self, payload: Payload, name: str, problems: list[str]) -> Iterator[tuple[str, Row]]:
        for row in rows(payload, problems, ceiling=self._ceiling):
            symbol = self._spellings.get(str(row.get("symbol")).strip().upper())
            if symbol is not None and (name != GROWTH or _is_current(row, self._as_of)):
                yield symbol, row


def _is_current(row: Row, as_of: date) -> bool:
    ended = day(row.get("date"))
    return ended is not None and as_of - OLDEST_GROWTH <= ended <= as_of


def _record(
    symbol: str, found: Mapping[str, Mapping[str, Row]], as_of: date, refused: Counter[str]
) -> dict[str, object]:
    record: dict[str, object] = {"symbol": symbol, "known_on": as_of}
    for field in FIELDS:
        record[field.column] = _value(found[field.file].get(symbol), field, refused)
    metrics = found[METRICS].get(symbol)
    value = _value(metrics, ENTERPRISE_VALUE, refused)
    multiple = _value(metrics, EV_TO_EBITDA, refused)
    record["ebitda"] = None
    if value is not None and multiple is not None:
        ebitda = value / multiple
        record["ebitda"] = ebitda if abs(ebitda) <= LARGEST_EBITDA else None
    return record


def _value(row: Row | None, field: Field, refused: Counter[str]) -> float | None:
    cells = [row.get(name.casefold()) for name in field.names] if row else []
    given = [cell for cell in cells if cell not in (None, "")]
    if not given:
        return None
    value = number(given[0])
    if value == 0 and field.zero_is_unknown:
        return None
    if value is None or not field.low <= value <= field.high:
        refused[field.column] += 1
        return None
    return value
