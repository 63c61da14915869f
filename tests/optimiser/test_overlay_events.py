"""What the overlay is told: who is halted, and how far the next report is."""

from datetime import date

import pandas as pd
import pytest

from optimiser.overlay.halts_and_earnings import halted_names, sessions_until

FRIDAY = date(2026, 6, 12)


@pytest.mark.parametrize(
    ("said", "halted"),
    [
        ([True, False, None], {1}),
        ([True, False, True], {1, 3}),
        ([None, None, None], set()),
        ([False, False, False], set()),
        ([float("nan"), True, False], {2}),
    ],
)
def test_a_name_is_halted_when_its_quote_says_so_and_not_when_nobody_knows(said, halted):
    quotes = pd.DataFrame({"halted": said}, index=pd.Index([1, 2, 3], name="con_id"))
    assert halted_names(quotes) == halted


@pytest.mark.parametrize(
    ("on", "left"),
    [
        (date(2026, 6, 12), 0),
        (date(2026, 6, 13), 0),  # a Saturday: before the next session opens
        (date(2026, 6, 15), 1),  # Monday
        (date(2026, 6, 18), 4),
        (date(2026, 6, 22), 5),  # Friday the 19th is a holiday
    ],
)
def test_sessions_are_counted_and_not_days(on, left):
    assert sessions_until(FRIDAY, on, exchange="XNYS") == left
