"""The watch as a flow: what it finds becomes the run's state."""

from datetime import UTC, date, datetime

import pytest

from core import clock
from flows.watch import watch_day
from tests.flow.days import clean_environment

LATE = datetime(2026, 6, 15, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "day", "name", "said"),
    [
        (datetime(2026, 6, 15, 11, 19, tzinfo=UTC), None, "NothingToTell", "nothing to tell"),
        (datetime(2026, 6, 15, 11, 20, tzinfo=UTC), None, "NeedsAttention", "run did not start"),
        (LATE, date(2026, 6, 12), "NeedsAttention", "no run of session 2026-06-12 had begun"),
        (LATE, date(2026, 6, 13), "Skipped", "no session"),  # a Saturday
    ],
)
def test_the_watch_flow_ends_in_the_state_of_what_it_found(tmp_path, now, day, name, said):
    with clean_environment() as patch:
        patch.chdir(tmp_path)
        patch.setattr(clock, "now", lambda: now)
        state = watch_day.fn(day)
    assert (state.name, state.is_failed()) == (name, name == "NeedsAttention")
    assert said in state.message
    assert list(tmp_path.iterdir()) == []  # to look writes nothing
