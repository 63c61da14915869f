"""The figures of a tear sheet: growth, drawdown, turnover and costs over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from review.svg import COLOURS, plain_figure, svg_of
from review.text import number
from risk.drawdowns import drawdowns, growth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, HEIGHT_IN = 5.2, 2.1
BOX = (0.11, 0.13, 0.87, 0.83)
MOST_TICKS = 6

PORTFOLIO, EQUAL_WEIGHT = COLOURS["after"], COLOURS["fundamental"]


def growth_svg(
    days: Sequence[date], returns: Sequence[float], equal_weight: Sequence[float]
) -> str:
    """Draw what 100 of the starting capital became, beside the same in equal weight."""
    with _over_time("growth", days) as (figure, axes):
        for series, colour in ((equal_weight, EQUAL_WEIGHT), (returns, PORTFOLIO)):
            curve = np.concatenate([[100.0], 100.0 * growth(np.array(series))])
            axes.plot(range(-1, len(days)), curve, color=colour, linewidth=1.4)
        axes.axhline(100.0, color=COLOURS["muted"], linewidth=0.7)
        return svg_of(figure, "Growth of 100, portfolio and equal weight")


def drawdown_svg(
    days: Sequence[date], returns: Sequence[float], equal_weight: Sequence[float]
) -> str:
    """Draw how far each close lay below the highest before it, in per cent."""
    with _over_time("drawdown", days) as (figure, axes):
        own = 100.0 * drawdowns(np.array(returns))
        other = 100.0 * drawdowns(np.array(equal_weight))
        axes.fill_between(range(len(days)), own, color=COLOURS["before"], linewidth=0.0)
        axes.plot(range(len(days)), other, color=EQUAL_WEIGHT, linewidth=1.2)
        axes.plot(range(len(days)), own, color=PORTFOLIO, linewidth=1.4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{number(value, 1)} %")
        return svg_of(figure, "Drawdown, portfolio and equal weight, in per cent")


def turnover_svg(days: Sequence[date], turnover: Sequence[float]) -> str:
    """Draw each day's two-way turnover, in per cent of net asset value."""
    with _over_time("turnover", days) as (figure, axes):
        percent = 100.0 * np.array(turnover)
        # One stepped area and not a bar for each day: a page of ten years stays small.
        axes.fill_between(range(len(days)), percent, step="mid", color=PORTFOLIO, linewidth=0.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{number(value, 0)} %")
        return svg_of(figure, "Two-way turnover of each day, in per cent of net asset value")


def costs_svg(days: Sequence[date], commissions: Sequence[float], spread: Sequence[float]) -> str:
    """Draw what trading has cost so far: commissions, and the spread on top of them."""
    with _over_time("costs", days) as (figure, axes):
        lower = np.cumsum(np.array(commissions, dtype=float))
        upper = lower + np.cumsum(np.array(spread, dtype=float))
        at = range(len(days))
        axes.fill_between(at, lower, color=PORTFOLIO, linewidth=0.0)
        axes.fill_between(at, upper, lower, color=EQUAL_WEIGHT, linewidth=0.0)
        axes.yaxis.set_major_formatter(lambda value, _: number(value, 0))
        return svg_of(figure, "Costs so far, commissions and spread")


@contextmanager
def _over_time(name: str, days: Sequence[date]) -> Iterator[tuple[Figure, Axes]]:
    """Open a figure whose horizontal axis is the sessions, named at a few of them."""
    with plain_figure(name, width=WIDTH_IN, height=HEIGHT_IN, box=BOX) as (figure, axes):
        step = max(1, -(-len(days) // MOST_TICKS))
        shown = range(0, len(days), step)
        axes.set_xticks(list(shown), [f"{days[at]:%d %b %y}" for at in shown])
        axes.set_xlim(-1.0, max(len(days), 1) - 0.5)
        axes.grid(axis="y", color=COLOURS["line"], linewidth=0.6)
        yield figure, axes
