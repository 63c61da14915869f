"""The two figures of the page of the day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.text.untrusted import one_line
from review.day import SymbolLine
from review.svg import COLOURS, plain_figure, svg_of
from review.text import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS, EXTREMES = 24, 10
WIDTH_IN, ROW_IN = 5.2, 0.215


def weights_svg(symbols: Sequence[SymbolLine]) -> str:
    """Draw the largest weights, before (wide, pale) and after (narrow, strong)."""
    shown = largest_weights(symbols)
    with _figure("weights", rows=len(shown)) as (figure, axes):
        _bars(axes, [100 * known(s.weight_before) for s in shown], "before", height=0.74)
        _bars(axes, [100 * known(s.weight_after) for s in shown], "after", height=0.36)
        _symbols(axes, shown, [percent(s.weight_after) for s in shown])
        axes.xaxis.set_major_formatter(lambda value, _: f"{number(value, 0)} %")
        return svg_of(figure, "Weights before and after, in per cent of net asset value")


def alpha_svg(symbols: Sequence[SymbolLine]) -> str:
    """Draw the highest and lowest alphas as stacked contributions of their blocks."""
    shown = extreme_alphas(symbols)
    with _figure("alpha", rows=len(shown)) as (figure, axes):
        right = [0.0] * len(shown)
        left = [0.0] * len(shown)
        for block in ("technical", "fundamental", "sentiment"):
            values = [known(getattr(s, block)) for s in shown]
            starts = [r if v >= 0 else m for v, r, m in zip(values, right, left, strict=True)]
            _bars(axes, values, block, height=0.62, left=starts)
            right = [r + max(v, 0.0) for v, r in zip(values, right, strict=True)]
            left = [m + min(v, 0.0) for v, m in zip(values, left, strict=True)]
        _symbols(axes, shown, [number(s.alpha, signed=True) for s in shown])
        axes.xaxis.set_major_formatter(lambda value, _: number(value, 1, signed=True))
        return svg_of(figure, "Highest and lowest alpha scores by block")


def largest_weights(symbols: Sequence[SymbolLine]) -> list[SymbolLine]:
    """Return the symbols with the largest weight, before or after, highest after first."""
    held = [s for s in symbols if known(s.weight_before) or known(s.weight_after)]
    held.sort(key=lambda s: (-size(s), s.symbol))
    return sorted(held[:BARS], key=lambda s: (-known(s.weight_after), s.symbol))


def size(line: SymbolLine) -> float:
    """Return the larger of a symbol's two weights, unsigned."""
    return max(abs(known(line.weight_before)), abs(known(line.weight_after)))


def extreme_alphas(symbols: Sequence[SymbolLine]) -> list[SymbolLine]:
    """Return the ten highest and the ten lowest known alphas, highest first."""
    scored = [s for s in symbols if s.alpha is not None and math.isfinite(s.alpha)]
    scored.sort(key=lambda s: (-known(s.alpha), s.symbol))
    return scored if len(scored) <= 2 * EXTREMES else scored[:EXTREMES] + scored[-EXTREMES:]


@contextmanager
def _figure(name: str, *, rows: int) -> Iterator[tuple[Figure, Axes]]:
    height = ROW_IN * max(rows, 1) + 0.4
    box = (0.135, 0.30 / height, 0.745, 1 - 0.34 / height)
    with plain_figure(name, width=WIDTH_IN, height=height, box=box) as (figure, axes):
        axes.set_ylim(max(rows, 1) - 0.4, -0.6)
        axes.grid(axis="x", color=COLOURS["line"], linewidth=0.6)
        axes.axvline(0.0, color=COLOURS["muted"], linewidth=0.9)
        yield figure, axes


def _bars(
    axes: Axes,
    values: Sequence[float],
    colour: str,
    *,
    height: float,
    left: Sequence[float] | None = None,
) -> None:
    axes.barh(range(len(values)), values, height=height, left=left or 0.0, color=COLOURS[colour])


def _symbols(axes: Axes, shown: Sequence[SymbolLine], values: Sequence[str]) -> None:
    # ASCII only: a glyph the metrics font lacks would be a warning for each label.
    names = [one_line(s.symbol, 12).encode("ascii", "replace").decode() for s in shown]
    axes.set_yticks(range(len(shown)), names)
    for row, text in enumerate(values):
        axes.text(1.015, row, text, transform=axes.get_yaxis_transform(), va="center")


def known(value: float | None) -> float:
    """Return the value, or 0 where it is not known: only for lengths and order, never for text."""
    return value if value is not None and math.isfinite(value) else 0.0
