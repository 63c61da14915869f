"""Cells of files of bars as people write them: read, or one bad cell costs its own row."""

import pandas as pd
import pytest

from core.errors import DataError
from simulator.market.bars_cells import dates, numbers
from simulator.market.bars_table import read_bars

HEAD = "date,symbol,open,high,low,close,volume"
ROWS = [f"2026-01-{day:02},AAA,10,11,9,10,1000" for day in (5, 6, 7, 8, 9)]


def bars(path, lines):
    path.write_text("\n".join(lines))
    return read_bars(path)


@pytest.mark.parametrize(
    "cell", ["$1,234.50", "1,234.50 $", "USD 1,234.50", "1234.5\u00a0€", "1234.5"]
)
def test_a_sign_of_a_currency_is_no_part_of_a_number(cell):
    notes = []
    assert list(numbers(pd.Series([cell, "7"]), notes)) == [1234.5, 7.0]
    assert notes == []


def test_a_decimal_comma_is_never_read_as_one_of_thousands():
    column = pd.Series(["12,5", "13,25", "12.5"], name="close")
    assert numbers(column, []) is column


@pytest.mark.parametrize(
    "written", ["05.01.2026 30.01.2026", "05/01/2026 30/01/2026", "01/05/2026 01/30/2026"]
)
def test_days_are_told_from_months_by_the_whole_column(written):
    found = dates(pd.Series(written.split()), [])
    assert list(found.dt.strftime("%m-%d")) == ["01-05", "01-30"]


def test_dates_that_could_be_either_are_refused_with_one_of_them(tmp_path):
    lines = [HEAD, *(row.replace("2026-01-0", "01/0").replace(",AAA", "/2026,AAA") for row in ROWS)]
    with pytest.raises(DataError, match="holds '01/05/2026', not dates such as 2026-01-05"):
        bars(tmp_path / "bars.csv", lines)


def test_one_word_for_a_price_costs_its_row_and_is_said(tmp_path):
    table = bars(tmp_path / "bars.csv", [HEAD, *ROWS[:4], ROWS[4].replace("11,9", "oops,9")])
    assert len(table.frame) == 4
    assert table.warnings[0] == "bars.csv: 1 cell of 'high' without a number: 'oops'"


def test_a_header_in_the_middle_of_a_file_costs_its_row(tmp_path):
    table = bars(tmp_path / "bars.csv", [HEAD, *ROWS[:2], HEAD, *ROWS[2:]])
    assert len(table.frame) == 5
    assert table.warnings[-1].endswith("without date or symbol, left out: symbol without a date")


def test_a_column_of_which_too_much_is_no_number_is_refused_with_one_of_them(tmp_path):
    with pytest.raises(DataError, match="column 'high' holds 'oops', not numbers"):
        bars(tmp_path / "bars.csv", [HEAD, *(row.replace("11,9", "oops,9") for row in ROWS)])
