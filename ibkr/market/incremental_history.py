"""History that asks only for the bars it does not hold yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pandas as pd

from core.calendar import Exchange, last_complete_session, sessions_between
from core.tables import BARS
from core.types import Contract
from ibkr.market.bar_store import BarStore, Held, Span, joined
from ibkr.market.history import History
from ibkr.wire.concurrent_requests import Progress

OVERLAP = 5  # sessions asked for again, to see that prices still agree
# Weekdays over which the names are spread: each is asked for whole once a week, on a day of its
# own. What a vendor corrects further back than the overlap would never be seen otherwise.
WEEKDAYS = 5
_DAYS = {"W": 7.0, "M": 30.4375, "Y": 365.25}
_LONGEST_GAP = 250  # sessions; after that the whole series is one request as well

Ask = Callable[[Sequence[Contract], str, Progress | None], History]
"""Asks the gateway for the bars of a duration that ends where the caller's history ends."""


def incremental_history(
    store: BarStore,
    contracts: Sequence[Contract],
    ask: Ask,
    *,
    duration: str,
    as_of: datetime,
    exchange: Exchange = "XNYS",
    progress: Progress | None = None,
) -> History:
    """Return the bars of ``duration`` up to the last session closed by ``as_of``.

    From the store where it holds them, else from the gateway, which is asked once per contract
    at most, or twice after a split; once a week for all of a contract, so that what the vendor
    corrected long ago arrives. What is new is kept. A contract whose bars in the store are
    newer than ``as_of`` is asked for anew and not kept: prices of the past must not know splits
    of the future.
    """
    newest = last_complete_session(as_of, exchange=exchange).day
    oldest = _day_before(duration, newest, exchange=exchange)
    held = store.read()
    wanted = sorted(set(contracts), key=lambda contract: contract.con_id)
    plan = {
        contract: _asked_duration(
            held.spans.get(contract.con_id),
            duration,
            oldest,
            newest,
            weekday=contract.con_id % WEEKDAYS,
            exchange=exchange,
        )
        for contract in wanted
    }
    counted = _Counted(progress, len(wanted), done=sum(1 for d in plan.values() if d is None))
    fetched, missing, left_out = _fetch(plan, ask, counted)
    series, again = _join(held, plan, fetched, duration=duration, oldest=oldest)
    refetched, refused, left_again = _fetch(dict.fromkeys(again, duration), ask, _Counted(None, 0))
    series |= {one.con_id: _Series(oldest, rows) for one, rows in refetched.items()}
    _keep(store, held, series, newest=newest)
    return History(
        bars=_table((one.rows for one in series.values()), after=oldest, until=newest),
        missing=dict(sorted({**missing, **refused}.items())),
        left_out=dict(sorted({**left_out, **left_again}.items())),
    )


class _Series(NamedTuple):
    """The bars of one contract, and the oldest day that they were asked for."""

    since: date
    rows: pd.DataFrame


def _join(
    held: Held,
    plan: Mapping[Contract, str | None],
    fetched: Mapping[Contract, pd.DataFrame],
    *,
    duration: str,
    oldest: date,
) -> tuple[dict[int, _Series], list[Contract]]:
    """Return the series that are whole, by conId, and the contracts to ask for again."""
    series: dict[int, _Series] = {}
    again: list[Contract] = []
    for contract, asked in plan.items():
        con_id, rows = contract.con_id, fetched.get(contract)
        if asked is None:
            series[con_id] = _Series(held.spans[con_id].since, held.bars[con_id])
        elif rows is not None and asked == duration:
            series[con_id] = _Series(oldest, rows)
        elif rows is not None:
            whole = joined(held.bars[con_id], rows)
            if whole is None:
                again.append(contract)
            else:
                series[con_id] = _Series(held.spans[con_id].since, whole)
    return series, again


class _Counted:
    """Progress over several questions, as of one."""

    def __init__(self, progress: Progress | None, total: int, *, done: int = 0) -> None:
        self._progress, self._total, self._done = progress, total, done

    def after(self, count: int) -> Progress:
        """Return the progress of the next ``count`` contracts."""
        before = self._done
        self._done += count

        def report(done: int, _of: int) -> None:
            if self._progress:
                self._progress(before + done, self._total)

        return report


def _asked_duration(
    span: Span | None,
    duration: str,
    oldest: date,
    newest: date,
    *,
    weekday: int,
    exchange: Exchange,
) -> str | None:
    """Return what to ask for: nothing (None), some days, or the whole duration.

    ``weekday`` is the name's own, Monday 0: with a new bar of that day it is asked for whole.
    """
    if span is None or span.since > oldest or span.until > newest:
        return duration
    if span.until == newest:
        return None
    new = sessions_between(span.until, newest, exchange=exchange)[1:]
    if len(new) > _LONGEST_GAP or any(day.weekday() == weekday for day in new):
        return duration
    return f"{len(new) + OVERLAP} D"


def _fetch(
    plan: Mapping[Contract, str | None], ask: Ask, counted: _Counted
) -> tuple[dict[Contract, pd.DataFrame], dict[int, str], dict[int, str]]:
    """Return the bars, why contracts have none, and what was left out of the others, by conId."""
    groups: defaultdict[str, list[Contract]] = defaultdict(list)
    for contract, asked in plan.items():
        if asked is not None:
            groups[asked].append(contract)
    found: dict[Contract, pd.DataFrame] = {}
    missing: dict[int, str] = {}
    left_out: dict[int, str] = {}
    for asked in sorted(groups):
        history = ask(groups[asked], asked, counted.after(len(groups[asked])))
        rows = {int(str(key)): own for key, own in history.bars.groupby("con_id", sort=True)}
        found |= {
            contract: rows[contract.con_id].reset_index(drop=True)
            for contract in groups[asked]
            if contract.con_id in rows
        }
        missing |= history.missing
        left_out |= history.left_out
    return found, missing, left_out


def _keep(store: BarStore, held: Held, series: Mapping[int, _Series], *, newest: date) -> None:
    bars, spans = dict(held.bars), dict(held.spans)
    for con_id, one in series.items():
        known = spans.get(con_id)
        complete = one.rows[one.rows["session"] <= newest].reset_index(drop=True)
        if complete.empty or (known and known.until > newest):
            continue
        bars[con_id] = complete
        spans[con_id] = Span(one.since, complete["session"].max())
    if spans != held.spans:
        store.write(Held(bars, spans))


def _table(series: Iterable[pd.DataFrame], *, after: date, until: date) -> pd.DataFrame:
    frames = [rows[(rows["session"] > after) & (rows["session"] <= until)] for rows in series]
    columns = [column.name for column in BARS.columns]
    if not frames:
        return pd.DataFrame.from_records([], columns=columns)
    whole = pd.concat(frames, ignore_index=True)[columns]
    return whole.sort_values(["con_id", "session"], ignore_index=True)


def _day_before(duration: str, newest: date, *, exchange: Exchange) -> date:
    """Return the day before the first one that a duration up to ``newest`` covers, as IBKR does.

    Days are sessions, all other units are calendar time.
    """
    number, unit = duration.split()
    count = int(number)
    if unit != "D":
        return newest - timedelta(days=round(count * _DAYS[unit]))
    # Of ten days in a row at least five are sessions.
    sessions = sessions_between(newest - timedelta(days=2 * count + 10), newest, exchange=exchange)
    return sessions[-count] - timedelta(days=1)
