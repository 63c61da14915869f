"""The page's two figures, as SVG to be put into HTML.

Colours are written as CSS variables, so the figures follow the page into dark mode and onto
paper. Same values, same bytes.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from review.day import SymbolLine
from review.text import number, percent, untrusted

# It reports every font it does not find, a hundred lines at a time.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

BARS, EXTREMES = 24, 10
WIDTH_IN, ROW_IN = 5.2, 0.215
# Stand-ins that matplotlib accepts as colours, exchanged for the page's own afterwards.
_COLOURS = {
    "ink": "#010001",
    "muted": "#020001",
    "line": "#030001",
    "before": "#040001",
    "after": "#050001",
    "technical": "#060001",
    "fundamental": "#070001",
    "sentiment": "#080001",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: searchable, small, in the page's font
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9.0,
    "font.family": "sans-serif",
    "text.color": _COLOURS["ink"],
    "xtick.color": _COLOURS["muted"],
    "ytick.color": _COLOURS["ink"],
    "axes.edgecolor": _COLOURS["line"],
}

_OPENING = re.compile(r".*?<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", re.DOTALL)
_SURPLUS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"<metadata>.*?</metadata>\n",
        r"<defs>\s*<style.*?</defs>\n",  # would apply to the whole page
        r" id=\"[A-Za-z0-9.]+_[0-9]+\"",  # repeats in every figure, and nothing refers to it
        r"font-family: [^;]*; ",  # the page's own font is right
        r" transform=\"rotate\(-0 [^\"]*\"",
        r"(?<=\n) +",
    )
]


def weights_svg(symbols: Sequence[SymbolLine]) -> str:
    """Draw the largest weights, before (wide, pale) and after (narrow, strong)."""
    shown = largest_weights(symbols)
    with _figure("weights", rows=len(shown)) as (figure, axes):
        _bars(axes, [100 * known(s.weight_before) for s in shown], "before", height=0.74)
        _bars(axes, [100 * known(s.weight_after) for s in shown], "after", height=0.36)
        _symbols(axes, shown, [percent(s.weight_after) for s in shown])
        axes.xaxis.set_major_formatter(lambda value, _: f"{number(value, 0)} %")
        return _svg(figure, "Weights before and after, in per cent of net asset value")


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
        return _svg(figure, "Highest and lowest alpha scores by block")


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
    # The salt makes ids in the SVG reproducible, and different between the figures of one page.
    with mpl.rc_context():
        mpl.rcdefaults()  # a person's own matplotlibrc must not change the page
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": name})
        height = ROW_IN * max(rows, 1) + 0.4
        figure = Figure(figsize=(WIDTH_IN, height))
        axes = figure.add_axes((0.135, 0.30 / height, 0.745, 1 - 0.34 / height))
        axes.set_ylim(max(rows, 1) - 0.4, -0.6)
        axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
        axes.grid(axis="x", color=_COLOURS["line"], linewidth=0.6)
        axes.axvline(0.0, color=_COLOURS["muted"], linewidth=0.9)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.patch.set_visible(False)
        figure.patch.set_visible(False)
        yield figure, axes


def _bars(
    axes: Axes,
    values: Sequence[float],
    colour: str,
    *,
    height: float,
    left: Sequence[float] | None = None,
) -> None:
    axes.barh(range(len(values)), values, height=height, left=left or 0.0, color=_COLOURS[colour])


def _symbols(axes: Axes, shown: Sequence[SymbolLine], values: Sequence[str]) -> None:
    # ASCII only: a glyph the metrics font lacks would be a warning for each label.
    names = [untrusted(s.symbol, 12).encode("ascii", "replace").decode() for s in shown]
    axes.set_yticks(range(len(shown)), names)
    for row, text in enumerate(values):
        axes.text(1.015, row, text, transform=axes.get_yaxis_transform(), va="center")


def _svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = _OPENING.sub(rf'<svg role="img" aria-label="{label}" \1>', buffer.getvalue(), count=1)
    for surplus in _SURPLUS:
        text = surplus.sub("", text)
    for variable, stand_in in _COLOURS.items():
        text = text.replace(stand_in, f"var(--{variable})")
    return text


def known(value: float | None) -> float:
    """Return the value, or 0 where it is not known: only for lengths and order, never for text."""
    return value if value is not None and math.isfinite(value) else 0.0
