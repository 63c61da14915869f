"""What the rule against bad news could not see is said, and bounded."""

import pytest

from core.data_quality import HeadlinesSeen
from core.settings import LimitSettings
from risk.data_quality import headline_checks, headlines_note


def seen(read, placed, undated=0, lost=0):
    return HeadlinesSeen(read=read, placed=placed, undated=undated, lost=lost)


@pytest.mark.parametrize(
    ("what", "least", "passed"),
    [
        (seen(260, 214, undated=3), 0.02, True),
        (seen(260, 5), 0.02, False),
        (seen(260, 6), 0.02, True),
        (seen(5, 0), 0.02, False),
        (seen(5, 0), 0.0, True),
        (seen(4, 0), 0.02, True),  # a few need not be about companies
        (seen(260, 214), 0.9, False),
        (seen(0, 0), 0.5, True),
    ],
)
def test_a_day_of_which_the_news_rule_saw_next_to_nothing_does_not_pass(what, least, passed):
    (check,) = headline_checks(LimitSettings(min_placed=least), what)
    assert check.passed is passed
    assert check.detail == headlines_note(what)


def test_a_day_without_feeds_is_not_held_against_what_nobody_asked_for():
    assert list(headline_checks(LimitSettings(), None)) == []
    assert headlines_note(None) == ""


def test_the_note_counts_what_was_not_seen():
    note = headlines_note(seen(1260, 214, undated=3, lost=2))
    assert note == "214 of 1,260 headlines placed; 3 undated; 2 unreadable"
