"""What an order does to a position, in the broker's words."""

import pytest

from core.order_action import action, covered, opened_short
from core.types import Side

UNKNOWN = float("nan")


@pytest.mark.parametrize(
    ("side", "quantity", "held", "said"),
    [
        (Side.SELL, 100, 0.0, "SELL SHORT"),
        (Side.SELL, 100, -40.0, "SELL SHORT"),
        (Side.SELL, 100, 100.0, "SELL"),
        (Side.SELL, 1500, 1000.0, "SELL 1,000, SELL SHORT 500"),
        (Side.BUY, 100, 0.0, "BUY"),
        (Side.BUY, 100, -100.0, "BUY TO COVER"),
        (Side.BUY, 100, -40.0, "BUY TO COVER 40, BUY 60"),
        (Side.BUY, 100, 40.0, "BUY"),
        (Side.SELL, 100, None, "SELL"),
        (Side.SELL, 100, UNKNOWN, "SELL"),
        (Side.BUY, 100, UNKNOWN, "BUY"),
    ],
)
def test_the_words_follow_from_what_is_held(side, quantity, held, said):
    assert action(side, quantity, held) == said


@pytest.mark.parametrize("held", [-250.0, -100.0, -1.0, 0.0, 1.0, 100.0, 250.0])
def test_what_is_opened_short_is_how_much_shorter_the_account_is_afterwards(held):
    shorter = max(-(held - 100), 0.0) - max(-held, 0.0)
    assert opened_short(Side.SELL, 100, held) == shorter
    assert covered(Side.BUY, 100, held) == max(-held, 0.0) - max(-(held + 100), 0.0)
