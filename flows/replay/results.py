"""What a replay came to: its days as CSV, its row among all replays, and its tear sheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import DataError, StorageError
from core.settings import Mode, Settings
from core.storage.artefacts import Artefact, Store, write_atomically
from core.storage.locks import lock_file
from core.storage.paths import Paths
from core.text.untrusted import csv_cell
from flows.replay.replay import Replay
from flows.replay.replay_home import ReplayedDay
from review.tearsheet import Refused, TearSheet, render_tear_sheet
from risk.performance import Performance, daily_returns, two_way_turnover

PATIENCE = 60.0  # seconds to wait for another replay that is writing its row
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """Where the results of a replay are, and its row of the metrics."""

    sheet: TearSheet
    row: Mapping[str, float | int | str]
    page: Artefact
    metrics: Path
    days: Path


def write_results(settings: Settings, replay: Replay) -> Results:
    """Write everything there is to know of a complete replay; the same again for the same."""
    paths = Paths.of(settings.model_copy(update={"mode": Mode.SIM}))
    days = [replay.home.get(session) for session in replay.sessions]
    sheet = tear_sheet(replay, days)
    page = Store(paths.home).put(
        paths.reports / f"replay_{replay.replay_id}.html",
        render_tear_sheet(sheet),
        schema="html",
        rows=len(days),
    )
    row = metrics_of(sheet)
    metrics = paths.data / "metrics" / "rolling_backtest.csv"
    add_metrics(metrics, row)
    table = replay.home.folder / "days.csv"
    write_atomically(table, as_csv(day_rows(sheet, days)))
    return Results(sheet, row, page, metrics, table)


def tear_sheet(replay: Replay, days: Sequence[ReplayedDay]) -> TearSheet:
    """Measure the days of a replay."""
    settled = [day.settlement for day in days]
    capital = replay.source.settings.cash
    returns = daily_returns(np.array([one.equity for one in settled]), start=capital)
    return TearSheet(
        replay_id=replay.replay_id,
        world=replay.source.title,
        caveat=replay.source.caveat,
        unknown=replay.source.unknown,
        currency=replay.source.settings.base_currency,
        capital=capital,
        final_equity=settled[-1].equity,
        sessions=replay.sessions,
        returns=tuple(returns.tolist()),
        equal_weight=tuple(one.equal_weight_return for one in settled),
        turnover=tuple(
            two_way_turnover(day.settlement.traded, net_asset_value=day.net_asset_value)
            for day in days
        ),
        commissions=tuple(one.commissions for one in settled),
        spread=tuple(one.spread for one in settled),
        orders=sum(day.orders for day in days),
        fills=sum(one.fills for one in settled),
        refused=tuple(Refused(day.session, why) for day in days if (why := why_not_sent(day))),
    )


def why_not_sent(day: ReplayedDay) -> str:
    """Say why the session's orders were not sent, empty where they were or there was none."""
    return day.held_back or ", ".join(day.failed_checks)


def metrics_of(sheet: TearSheet) -> dict[str, float | int | str]:
    """Return the row of a replay in ``rolling_backtest.csv``.

    Fractions, a year at a time unless the name says otherwise; ``turnover`` is the mean of a day,
    ``costs`` is money of all days, value at risk and CVaR are one day's loss, ``fall`` and
    ``recovery`` count sessions.
    """
    own, other = sheet.portfolio, sheet.comparison
    return {
        "replay_id": sheet.replay_id,
        "from": sheet.sessions[0].isoformat(),
        "to": sheet.sessions[-1].isoformat(),
        "sessions": len(sheet.sessions),
        "sharpe": own.sharpe_ratio,
        "sharpe_error": own.sharpe_error,
        "sortino": own.sortino_ratio,
        "calmar": own.calmar_ratio,
        "max_drawdown": own.max_drawdown,
        "max_drawdown_fall": _sessions(sheet.drawdown.fall),
        "max_drawdown_recovery": _sessions(sheet.drawdown.recovery),
        "value_at_risk_95": own.value_at_risk,
        "cvar_95": own.cvar,
        "turnover": sheet.mean_turnover,
        "turnover_one_way": sheet.mean_turnover / 2.0,
        "annual_return": own.annual_return,
        "volatility": own.annual_volatility,
        "total_return": own.total_return,
        "hit_rate": own.hit_rate,
        "profit_factor": own.profit_factor,
        "skewness": own.skewness,
        "excess_kurtosis": own.excess_kurtosis,
        "costs": sheet.costs,
        "costs_a_year": sheet.yearly_cost,
        **_equal_weight(other),
        "excess_annual_return": own.annual_return - other.annual_return,
        "orders": sheet.orders,
        "fills": sheet.fills,
        "sessions_not_sent": len(sheet.refused),
        "capital": sheet.capital,
        "final_equity": sheet.final_equity,
        "environment": sheet.world,
    }


def _equal_weight(other: Performance) -> dict[str, float]:
    return {
        "equal_weight_annual_return": other.annual_return,
        "equal_weight_volatility": other.annual_volatility,
        "equal_weight_sharpe": other.sharpe_ratio,
        "equal_weight_sortino": other.sortino_ratio,
        "equal_weight_calmar": other.calmar_ratio,
        "equal_weight_max_drawdown": other.max_drawdown,
        "equal_weight_cvar_95": other.cvar,
    }


def _sessions(count: int | None) -> float:
    return math.nan if count is None else float(count)


def day_rows(
    sheet: TearSheet, days: Iterable[ReplayedDay]
) -> Iterable[Mapping[str, float | int | str]]:
    """Yield one row for each session."""
    for day, gain, turnover in zip(days, sheet.returns, sheet.turnover, strict=True):
        yield {
            "session": day.session.isoformat(),
            "verdict": day.verdict,
            "orders": day.orders,
            "fills": day.settlement.fills,
            "net_asset_value": day.net_asset_value,
            "equity": day.settlement.equity,
            "return": gain,
            "equal_weight_return": day.settlement.equal_weight_return,
            "turnover": turnover,
            "commissions": day.settlement.commissions,
            "spread": day.settlement.spread,
            "ticket_sha256": day.ticket_sha256,
        }


def add_metrics(path: Path, row: Mapping[str, float | int | str]) -> None:
    """Add a replay's row, in place of an earlier one of the same replay.

    Readers see the file before or after, never between. Raises `DataError` when the file is
    something else, and `StorageError` when the disk refuses.
    """
    lock = path.with_suffix(".lock")
    busy = StorageError(f"another process kept {lock} for {PATIENCE:.0f} s; run the replay again")
    with lock_file(lock, within=PATIENCE, busy=busy):
        known = _read(path, list(row)) if path.is_file() else []
        others = [each for each in known if each["replay_id"] != row["replay_id"]]
        write_atomically(path, as_csv([*others, row]))


def as_csv(rows: Iterable[Mapping[str, float | int | str]]) -> bytes:
    """Return rows as CSV with a header; what is not known is an empty cell."""
    buffer = io.StringIO(newline="")
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(buffer, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return buffer.getvalue().encode()


def _cell(value: float | str) -> str:
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return csv_cell(str(value))


def _read(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read the rows of a table of replays. Raises `DataError` when the file is something else."""
    try:
        header, *rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""), strict=True)
    except (ValueError, csv.Error):  # an empty file, odd bytes, odd quotes
        raise DataError(f"{path} is not a table of replays; move it away") from None
    if header != list(columns) or any(len(row) != len(columns) for row in rows):
        raise DataError(f"{path} is not a table of replays of this version; move it away")
    return [dict(zip(columns, row, strict=True)) for row in rows]
