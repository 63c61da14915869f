"""SVG to be put into a page: drawn by matplotlib, in the page's own colours and font.

Colours are written as CSS variables, so a figure follows its page into dark mode and onto paper.
Same values, same bytes.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# It reports every font it does not find, a hundred lines at a time.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

# Stand-ins that matplotlib accepts as colours, exchanged for the page's own afterwards.
COLOURS = {
    "ink": "#010001",
    "muted": "#020001",
    "line": "#030001",
    "before": "#040001",
    "after": "#050001",
    "technical": "#060001",
    "fundamental": "#070001",
    "sentiment": "#080001",
    "bad": "#090001",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: searchable, small, in the page's font
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9.0,
    "font.family": "sans-serif",
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["ink"],
    "axes.edgecolor": COLOURS["line"],
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


@contextmanager
def plain_figure(
    name: str, *, width: float, height: float, box: tuple[float, float, float, float]
) -> Iterator[tuple[Figure, Axes]]:
    """Open a figure of so many inches with one bare axes in ``box`` (left, bottom, width, height).

    ``name`` makes the ids inside reproducible, and different between the figures of one page.
    """
    # Imported late: a run that draws nothing, an execution or a close, starts without it.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context():
        mpl.rcdefaults()  # a person's own matplotlibrc must not change the page
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": name})
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes(box)
        axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.patch.set_visible(False)
        figure.patch.set_visible(False)
        yield figure, axes


def svg_of(figure: Figure, label: str) -> str:
    """Return the figure as an SVG element; ``label`` says what it shows to those who cannot see.

    Call it inside the figure's ``with`` block.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = _OPENING.sub(rf'<svg role="img" aria-label="{label}" \1>', buffer.getvalue(), count=1)
    for surplus in _SURPLUS:
        text = surplus.sub("", text)
    for variable, stand_in in COLOURS.items():
        text = text.replace(stand_in, f"var(--{variable})")
    return text
