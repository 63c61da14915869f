"""The grid of strikes: finer for cheap shares, as exchanges list them.

The index and its fund have finer ones beside those, around what they have closed at lately.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import ceil, floor

# (first, last, step), in the underlying's currency per share
_LADDER = (
    (0.5, 5.0, 0.5), (6.0, 50.0, 1.0), (52.5, 100.0, 2.5), (105.0, 300.0, 5.0),
    (310.0, 700.0, 10.0), (725.0, 1500.0, 25.0), (1550.0, 2500.0, 50.0),
    (2600.0, 5000.0, 100.0), (5250.0, 10000.0, 250.0),
)  # fmt: skip
STRIKES: tuple[float, ...] = tuple(
    first + step * number
    for first, last, step in _LADDER
    for number in range(round((last - first) / step) + 1)
)
BELOW, ABOVE = 0.70, 1.40  # of the range of the underlying's recent closes
NEAR = 0.06  # of that range, beyond which there are no fine strikes
MOST_FINE = 4096  # fine strikes of one underlying


def fine_strikes(lowest: float, highest: float, step: float) -> tuple[float, ...]:
    """Return the strikes ``step`` apart around the recent closes of an underlying."""
    first = max(ceil((1 - NEAR) * lowest / step), 1)
    last = min(floor((1 + NEAR) * highest / step), MOST_FINE - 1)
    return tuple(number * step for number in range(first, last + 1))


def strikes_listed(lowest: float, highest: float) -> tuple[float, ...]:
    """Return the strikes listed when the underlying has closed between two prices lately."""
    return STRIKES[bisect_left(STRIKES, BELOW * lowest) : bisect_right(STRIKES, ABOVE * highest)]
