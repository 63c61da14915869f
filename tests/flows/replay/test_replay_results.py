import csv
import math
import re
import threading

import numpy as np
import pytest

from core.errors import DataError
from flows.replay.results import add_metrics, as_csv, tear_sheet, write_results
from tests.flows.replay.replays import FIRST, LAST, SESSIONS, content, settings_at


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def a_row(name="r1", **changes):
    return {"replay_id": name, "sharpe": 1.5, "turnover": 0.1} | changes


def test_the_metrics_are_those_of_the_days(whole, tmp_path):
    results = write_results(settings_at(tmp_path), whole)
    (row,) = rows_of(results.metrics)
    equity = [whole.home.get(day).settlement.equity for day in SESSIONS]
    returns = np.diff([1_000_000.0, *equity]) / [1_000_000.0, *equity[:-1]]
    assert results.metrics == tmp_path / "data" / "sim" / "metrics" / "rolling_backtest.csv"
    assert (row["from"], row["to"], row["sessions"]) == (
        str(FIRST),
        str(LAST),
        str(len(SESSIONS)),
    )
    assert float(row["sharpe"]) == pytest.approx(
        returns.mean() / returns.std(ddof=1) * math.sqrt(252)
    )
    assert float(row["total_return"]) == pytest.approx(equity[-1] / 1_000_000.0 - 1)
    assert float(row["turnover"]) == pytest.approx(2 * float(row["turnover_one_way"]))
    assert float(row["final_equity"]) == equity[-1]
    # A twentieth of so few days is a part of the worst one, whose loss is both.
    assert float(row["cvar_95"]) == pytest.approx(-returns.min())
    assert float(row["value_at_risk_95"]) == pytest.approx(-returns.min())
    if (returns < 0.0).any():
        downside = math.sqrt(sum(r * r for r in returns if r < 0.0) / len(SESSIONS))
        assert float(row["sortino"]) == pytest.approx(returns.mean() / downside * math.sqrt(252))
        assert float(row["calmar"]) == pytest.approx(
            float(row["annual_return"]) / -float(row["max_drawdown"])
        )
    else:
        assert row["sortino"] == row["calmar"] == ""


def test_the_turnover_and_the_costs_are_those_of_the_fills(whole):
    days = [whole.home.get(day) for day in SESSIONS]
    sheet = tear_sheet(whole, days)
    assert sheet.turnover[0] == days[0].settlement.traded / 1_000_000.0
    assert sheet.costs == pytest.approx(
        sum(day.settlement.commissions + day.settlement.spread for day in days)
    )
    assert sheet.orders == sum(day.orders for day in days)


def test_the_days_are_written_one_row_each(whole, tmp_path):
    results = write_results(settings_at(tmp_path), whole)
    rows = rows_of(results.days)
    assert [row["session"] for row in rows] == [str(day) for day in SESSIONS]
    growth = math.prod(1 + float(row["return"]) for row in rows)
    assert growth * 1_000_000.0 == pytest.approx(float(rows[-1]["equity"]))


def test_the_page_is_whole_and_fetches_nothing(whole, tmp_path):
    results = write_results(settings_at(tmp_path), whole)
    page = (tmp_path / results.page.path).read_text()
    assert results.page.path == f"reports/sim/replay_{whole.replay_id}.html"
    assert page.count("<svg role") == 4
    assert "SIMULATED" in page
    assert not re.search(r"""(src|href)="[^#]|url\([^#]|@import|https?:""", page)


def test_writing_the_results_again_changes_nothing(whole, tmp_path):
    settings = settings_at(tmp_path)
    write_results(settings, whole)
    before = content(tmp_path)
    write_results(settings, whole)
    assert content(tmp_path) == before


# The table of all replays


def test_a_replay_is_one_row_however_often_it_is_added(tmp_path):
    path = tmp_path / "rolling_backtest.csv"
    for row in (a_row("r1"), a_row("r2"), a_row("r1")):
        add_metrics(path, row)
    assert [row["replay_id"] for row in rows_of(path)] == ["r2", "r1"]


def test_what_is_not_known_is_an_empty_cell_and_never_zero(tmp_path):
    path = tmp_path / "rolling_backtest.csv"
    add_metrics(path, a_row(sharpe=math.nan, turnover=math.inf))
    assert rows_of(path) == [{"replay_id": "r1", "sharpe": "", "turnover": ""}]


def test_numbers_come_back_to_the_bit(tmp_path):
    path = tmp_path / "rolling_backtest.csv"
    add_metrics(path, a_row(sharpe=0.1 + 0.2))
    assert float(rows_of(path)[0]["sharpe"]) == 0.1 + 0.2


@pytest.mark.parametrize(
    "odd", ["replay_id,sharpe\nr0,1\n", "replay_id,sharpe,turnover\nr0,1\n",
            "replay_id,sharpe,turnover\nr0,1,2,3\n", '"', ""]
)  # fmt: skip
def test_a_file_that_is_something_else_is_never_overwritten(tmp_path, odd):
    path = tmp_path / "rolling_backtest.csv"
    path.write_text(odd)
    with pytest.raises(DataError, match="move it away"):
        add_metrics(path, a_row())
    assert path.read_text() == odd


def test_replays_that_end_together_lose_no_row(tmp_path):
    path = tmp_path / "rolling_backtest.csv"
    threads = [
        threading.Thread(target=add_metrics, args=(path, a_row(f"r{number}")))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows_of(path)) == 12


def test_text_with_commas_stays_one_cell():
    assert as_csv([{"world": "a, b", "n": 1}]) == b'world,n\n"a, b",1\n'
