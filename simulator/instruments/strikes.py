"""The grid of strikes: finer for cheap shares, as exchanges list them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

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


def strikes_listed(lowest: float, highest: float) -> tuple[float, ...]:
    """Return the strikes listed when the underlying has closed between two prices lately."""
    return STRIKES[bisect_left(STRIKES, BELOW * lowest) : bisect_right(STRIKES, ABOVE * highest)]
