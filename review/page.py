"""The page of the day: one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.text.counts import count
from core.text.untrusted import one_line
from core.types import OrderStatus
from review import text
from review.day import Check, DayPage, SymbolLine, Unit
from review.plots import (
    BARS,
    alpha_svg,
    extreme_alphas,
    known,
    largest_weights,
    size,
    weights_svg,
)

LISTED = 600  # symbols in the full table; a larger universe would break the size of the page


@cache
def environment() -> Environment:
    """Return the template environment: everything escaped, nothing silently undefined."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for helper in (
        text.amount, count, text.duration, text.local, text.local_day, text.masked,
        text.number, text.measured, text.percent, one_line,
    ):  # fmt: skip
        made.filters[helper.__name__] = helper
    made.globals["badges"] = text.BADGES
    made.tests["missing"] = lambda value: value is None
    return made


def _visible(value: object) -> object:
    # Exactly str: our SVG is Markup, and numbers have nothing to hide.
    return one_line(value, 5_000) if type(value) is str else value


def render_day(day: DayPage) -> bytes:
    """Return the page of a day, UTF-8. Same day, same bytes."""
    listed = by_size(day.symbols)
    values = {
        "day": day,
        "headline": text.headline(day),
        "explanation": text.explanation(day),
        "provenance": text.provenance(day),
        "opening": text.opening(day),
        "volume": text.volume(day),
        "tone": tone(day),
        "sent": any(line.status is not None for line in day.orders),
        "what_if_totals": text.what_if_totals(day),
        "usage": usage,
        "bounds": text.bounds,
        "checks_passed": text.checks_passed(day),
        "weights": _figure(weights_svg, day) if largest_weights(day.symbols) else None,
        "alphas": _figure(alpha_svg, day) if extreme_alphas(day.symbols) else None,
        "bars": BARS,
        "listed": listed[:LISTED],
        "unlisted": len(listed[LISTED:]),
        "slowest": max((stage.seconds for stage in day.stages), default=0.0) or 1.0,
        "total_seconds": sum(stage.seconds for stage in day.stages),
    }
    return environment().get_template("day.html.j2").render(values).encode()


def _figure(draw: Callable[[Sequence[SymbolLine]], str], day: DayPage) -> Markup:
    # The drawing escapes its own text: the one thing on the page that is not escaped by Jinja.
    return Markup(draw(day.symbols))  # noqa: S704 - our own SVG


def tone(day: DayPage) -> str:
    """Return the class of the banner: how much attention the day asks for."""
    if day.uncertain or day.failed_checks:
        return "bad"
    if any(line.status in {OrderStatus.REJECTED, OrderStatus.CANCELLED} for line in day.orders):
        return "warn"
    return day.standing.said.tone


def usage(check: Check) -> float:
    """Return how much of a limit is used, in per cent, 0 to 100. An unknown value fills the bar.

    What is right or wrong uses nothing of a limit, or all of it.
    """
    value, limit = check.value, check.limit
    if check.unit is Unit.WORDS or limit is None:
        return 0.0 if check.passed else 100.0
    if value is None or math.isnan(value):
        return 100.0
    value = abs(value) if check.either_way else value
    part, whole = (limit, value) if check.at_least else (value, limit)
    if part > whole:
        return 100.0
    return max(100.0 * part / whole, 0.0) if whole > 0.0 else 0.0


def by_size(symbols: Sequence[SymbolLine]) -> list[SymbolLine]:
    """Return all symbols, the largest weights first, then the strongest alphas."""
    return sorted(symbols, key=lambda s: (-size(s), -abs(known(s.alpha)), s.symbol))
