"""From a company's returns to the prices at which its shares traded: listing, splits, ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.market.factors import Array, Moves
from simulator.market.market import Split
from simulator.market.series import BarSeries

TICK_DECIMALS = 2
REVERSE_BELOW, REVERSE_RATIO = 3.0, 0.1
RATIOS = (2.0, 3.0, 4.0, 5.0, 10.0)
NOTICE = 15  # sessions between the close that calls for a split and the split
SMALLEST_VOLUME = 100


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """How each of n companies comes to market. Shapes (n,)."""

    first: NDArray[np.int64]  # session number of the first bar
    price: Array  # USD before the first session
    volume: Array  # usual shares a day at that price
    split_above: Array  # USD; a close above it calls for a split
    split_target: Array  # USD; where the split should bring the price


def draw_terms(seed: int, n: int) -> Terms:
    """Draw prices, volumes and split habits; none lists late."""
    draws = np.random.default_rng([seed, 9]).standard_normal((n, 5))
    price = np.clip(80.0 * np.exp(0.75 * draws[:, 0]), 12.0, 450.0)
    worth = np.clip(3e10 * np.exp(1.1 * draws[:, 1]), 3e9, 3e12)  # market capitalisation, USD
    turnover = 0.005 * np.exp(0.3 * draws[:, 2])  # share of the company that trades in a day
    # The squashed normals spread evenly enough over (0, 1).
    even = 1.0 / (1.0 + np.exp(-1.7 * draws[:, 3:]))
    return Terms(
        first=np.zeros(n, dtype=np.int64),
        price=price,
        volume=np.clip(worth * turnover / price, 120_000.0, 60_000_000.0),
        split_above=450.0 + 400.0 * even[:, 0],
        split_target=60.0 + 200.0 * even[:, 1],
    )


def list_companies(moves: Moves, terms: Terms, sessions: Sequence[date]) -> list[BarSeries]:
    """Return the bars of every company, in the order of the columns of ``moves``."""
    path = np.cumsum(moves.total, axis=0)
    before = path - moves.total
    path += np.log(terms.price) - before[terms.first, np.arange(path.shape[1])]
    close = np.ascontiguousarray(path.T)
    open_ = np.ascontiguousarray((path - moves.intraday).T)
    logs = np.stack([open_, open_ + moves.up.T, open_ + moves.down.T, close], axis=1)
    prices = np.exp(logs)
    volumes = np.exp(moves.activity.T) * terms.volume[:, None]
    return [_list_company(prices[i], volumes[i], terms, i, sessions) for i in range(len(close))]


def _list_company(
    prices: Array, volumes: Array, terms: Terms, i: int, sessions: Sequence[date]
) -> BarSeries:
    first = int(terms.first[i])
    prices, volumes, days = prices[:, first:], volumes[first:], sessions[first:]
    splits = _splits(prices[3], days, above=terms.split_above[i], target=terms.split_target[i])
    for split in splits:
        since = days.index(split.session)
        prices[:, since:] /= split.ratio
        volumes[since:] *= split.ratio
    return BarSeries(
        sessions=days,
        prices=_on_the_tick(prices),
        volumes=np.maximum(np.rint(volumes), SMALLEST_VOLUME).astype(np.int64),
        splits=splits,
    )


def _splits(
    close: Array, days: Sequence[date], *, above: float, target: float
) -> tuple[Split, ...]:
    """Return the splits that the closes call for. ``close`` is unadjusted for any of them."""
    found: list[Split] = []
    divisor, at = 1.0, 0
    while True:
        price = close[at:] / divisor
        calls = (price > above) | (price < REVERSE_BELOW)
        call = int(calls.argmax()) if len(calls) else 0
        effective = at + call + NOTICE
        if not calls.any() or effective >= len(close):
            return tuple(found)
        ratio = _ratio(float(price[call]), target=target)
        found.append(Split(days[effective], ratio))
        divisor *= ratio
        at = effective


def _ratio(price: float, *, target: float) -> float:
    if price < REVERSE_BELOW:
        return REVERSE_RATIO
    return next((ratio for ratio in RATIOS if price / ratio <= target), RATIOS[-1])


def _on_the_tick(prices: Array) -> Array:
    open_, high, low, close = np.maximum(np.round(prices, TICK_DECIMALS), 0.01)
    # The logarithms agree only to the last bit: a tie may round apart by a tick.
    high = np.maximum(high, np.maximum(open_, close))
    low = np.minimum(low, np.minimum(open_, close))
    return np.stack([open_, high, low, close])
