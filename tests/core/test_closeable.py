"""Leaving a ``with`` block closes what it opened."""

import pytest

from core.closeable import Closeable


class Tap(Closeable):
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1


def test_the_end_of_the_block_closes_once():
    with Tap() as tap:
        assert tap.closed == 0
    assert tap.closed == 1


def test_an_error_closes_too_and_is_not_swallowed():
    tap = Tap()
    with pytest.raises(ValueError, match="inside"), tap:
        raise ValueError("inside")
    assert tap.closed == 1
