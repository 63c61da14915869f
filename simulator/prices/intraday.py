"""What happened within a bar: shorter bars that make it up exactly.

A session is cut into minutes and a minute into seconds; every longer bar is put together from
those, so that bars of all sizes agree. The path from open to close touches the bar's high and low
and never leaves them, its volumes sum to the bar's, and the same bar always has the same path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
ROUGHNESS = 0.25  # of the path between its turning points, over the bar's range
BUSY_ENDS = 2.0  # how much more trades at the open and the close than at noon


class TimedBar(NamedTuple):
    """Prices (per share) and volume (shares) from a moment on."""

    begin: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int


def cut(
    bar: TimedBar, parts: int, step: timedelta, *, tick: float, key: str, mirrored: bool = False
) -> list[TimedBar]:
    """Cut a bar into parts of one length, at least three.

    ``key`` tells its path from that of other bars, and is all the path depends on besides the bar.
    A path that is ``mirrored`` rises where that of the same key falls.
    """
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))
    path = _path(bar, parts, rng, tick, mirrored=mirrored)
    opened, closed = path[:-1], path[1:]
    wiggle = np.abs(rng.standard_normal((2, parts))) * (bar.high - bar.low) / (4 * parts) ** 0.5
    wiggle = wiggle[::-1] if mirrored else wiggle
    high = np.minimum(_on_tick(np.maximum(opened, closed) + wiggle[0], tick), bar.high)
    low = np.maximum(_on_tick(np.minimum(opened, closed) - wiggle[1], tick), bar.low)
    columns = (opened, np.maximum(high, np.maximum(opened, closed)),
               np.minimum(low, np.minimum(opened, closed)), closed)  # fmt: skip
    volumes = _volumes(bar.volume, parts, rng)
    moments = [bar.begin + number * step for number in range(parts)]
    rows = zip(moments, *(column.tolist() for column in columns), volumes, strict=True)
    return [TimedBar(*row) for row in rows]


def join(bars: Sequence[TimedBar]) -> TimedBar:
    """Put bars that follow each other together, at least one."""
    return TimedBar(
        begin=bars[0].begin,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum(bar.volume for bar in bars),
    )


def _path(
    bar: TimedBar, parts: int, rng: np.random.Generator, tick: float, *, mirrored: bool
) -> NDArray[np.float64]:
    """Return prices at the edges of the parts, shape (parts + 1,)."""
    turns = rng.permutation(np.arange(1, parts))[:2].tolist()
    highest, lowest = turns[::-1] if mirrored else turns
    anchors = {0: bar.open, highest: bar.high, lowest: bar.low, parts: bar.close}
    at = sorted(anchors)
    line = np.interp(np.arange(parts + 1), at, [anchors[place] for place in at])
    noise = np.concatenate([[0.0], np.cumsum(rng.standard_normal(parts))])
    bridge = noise - np.interp(np.arange(parts + 1), at, noise[at])
    scale = ROUGHNESS * (bar.high - bar.low) / max(parts, 1) ** 0.5 * (-1 if mirrored else 1)
    path = np.clip(_on_tick(line + scale * bridge, tick), bar.low, bar.high)
    path[at] = [anchors[place] for place in at]
    return path


def _volumes(total: int, parts: int, rng: np.random.Generator) -> list[int]:
    middle = np.abs(np.linspace(-1.0, 1.0, parts))
    weights = (1 + BUSY_ENDS * middle**2) * np.exp(0.4 * rng.standard_normal(parts))
    edges = np.rint(total * np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]))
    volumes: list[int] = np.diff(edges).astype(np.int64).tolist()
    return volumes


def _on_tick(prices: NDArray[np.float64], tick: float) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = np.round(np.round(prices / tick) * tick, 8)
    return rounded
