"""Hard overrides after the optimiser. An override may only reduce risk.

It never opens, increases or flips a position: a long in bad news goes to 0, a short in bad news
is not increased, nothing grows into its earnings date, and what is halted stays where it is. What
a headline says is data; the worst a forged one can do is to sell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from core.errors import DataError
from core.limits import SENTIMENT_FLOOR
from core.text.counts import count
from core.text.untrusted import folded
from optimiser.model.terms import Key
from optimiser.overlay.headline_match import MAX_TITLE, Phrase

Rule: TypeAlias = Literal["halt", "news", "sentiment", "earnings"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one name besides its numbers."""

    sentiment_z: float | None = None  # standard deviations; None or NaN = not known
    headlines: tuple[str, ...] = ()  # titles of the past hours, untrusted
    halted: bool = False
    sessions_to_earnings: int | None = None  # 0 = before the next close; None = none known


@dataclass(frozen=True, slots=True)
class Rules:
    """The reviewed rules of the overlay."""

    breaking_news: tuple[Phrase, ...]
    sentiment_floor: float = SENTIMENT_FLOOR.default
    news_counts_for: timedelta = timedelta(hours=24)
    sessions_before_earnings: int = 1

    def with_floor(self, floor: float) -> Rules:
        """Return the same rules with the stricter of two sentiment floors."""
        return replace(self, sentiment_floor=max(self.sentiment_floor, floor))


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a name met: the evidence, and what the rule made of the weight it found."""

    name: Key
    rule: Rule
    evidence: str  # in words; a headline in it is untrusted text
    held: float  # weight before the day
    before: float  # weight before the rule
    after: float

    @property
    def changes(self) -> bool:
        """Whether the rule changed anything."""
        return self.after != self.before


@dataclass(frozen=True, slots=True, eq=False)
class Overlaid:
    """Weights after the overrides, and every rule that was met, by name."""

    weights: pd.Series[float]
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> dict[Key, str]:
        """Why each changed weight changed, in words."""
        found: dict[Key, list[Finding]] = {}
        for finding in self.findings:
            if finding.changes:
                found.setdefault(finding.name, []).append(finding)
        return {name: _told(findings) for name, findings in found.items()}


def _told(findings: list[Finding]) -> str:
    evidence = "; ".join(finding.evidence for finding in findings)
    return f"{evidence}; weight {findings[0].before:.4f} -> {findings[-1].after:.4f}"


def apply_overrides(
    weights: pd.Series[float],
    weights_before: pd.Series[float],
    facts: Mapping[Key, Facts],
    *,
    rules: Rules,
) -> Overlaid:
    """Hold every target weight against the rules.

    Parameters
    ----------
    weights
        Optimal weights by name, as fractions of net asset value.
    weights_before
        Weights held now; absent names are not held.
    facts
        By name; a name without facts is left as it is.

    Raises
    ------
    DataError
        A weight, before or after, is not finite.

    >>> rules = Rules(breaking_news=())
    >>> facts = {"ABC": Facts(sentiment_z=-3.0), "XYZ": Facts(halted=True)}
    >>> weights = pd.Series({"ABC": 0.05, "XYZ": 0.04})
    >>> overlaid = apply_overrides(weights, pd.Series({"XYZ": 0.01}), facts, rules=rules)
    >>> overlaid.weights.to_dict()
    {'ABC': 0.0, 'XYZ': 0.01}
    """
    before = weights_before.reindex(weights.index, fill_value=0.0)
    for what, column in (("target", weights), ("current", before)):
        odd = column.index[~np.isfinite(column.to_numpy(dtype=np.float64, na_value=np.nan))]
        if len(odd):
            several = count(len(odd), f"{what} weight")
            raise DataError(f"{several} not finite, for example {odd[0]!r}")
    overlaid, findings = weights.astype(np.float64).copy(), []
    for name, optimal, held in zip(weights.index.tolist(), weights, before, strict=True):
        weight = float(optimal)
        for rule, evidence in _met(facts.get(name, Facts()), rules):
            after = _ALLOWED[rule](weight, float(held))
            findings.append(Finding(name, rule, evidence, float(held), weight, after))
            weight = after
        overlaid[name] = weight
    return Overlaid(overlaid, tuple(findings))


def facts_of(
    features: pd.DataFrame,
    headlines: pd.DataFrame,
    *,
    as_of: datetime,
    within: timedelta,
    halted: Collection[Key] = (),
    sessions_to_earnings: Mapping[str, int] | None = None,
) -> dict[Key, Facts]:
    """Gather the facts by conId from tables of schemas ``features`` and ``headlines``.

    Only headlines of the time ``within`` up to ``as_of`` count; undated ones might be old, later
    ones were not known. ``halted`` are conIds, ``sessions_to_earnings`` is by symbol.
    """
    recent = headlines["published"].between(as_of - within, as_of)
    titles = headlines[recent].groupby("symbol")["title"].apply(lambda t: tuple(sorted(t)))
    columns = (features[name].tolist() for name in ("con_id", "symbol", "sentiment_z"))
    known: dict[Key, Facts] = {name: Facts(halted=True) for name in halted}
    return known | {
        con_id: Facts(
            sentiment_z=z,
            headlines=titles.get(symbol, ()),
            halted=con_id in halted,
            sessions_to_earnings=(sessions_to_earnings or {}).get(symbol),
        )
        for con_id, symbol, z in zip(*columns, strict=True)
    }


def _met(facts: Facts, rules: Rules) -> Iterator[tuple[Rule, str]]:
    """Yield the rules that these facts meet, with the evidence."""
    if facts.halted:
        # Nothing else matters: what does not trade can be neither sold nor bought.
        yield "halt", "trading is halted, so the position stays as it is"
        return
    for phrase in rules.breaking_news:
        said = next((title for title in facts.headlines if phrase.said_in(title)), None)
        if said is not None:
            yield "news", f'{phrase.name}: "{folded(said, MAX_TITLE)}"'
            break
    z = facts.sentiment_z
    if z is not None and z < rules.sentiment_floor:
        yield "sentiment", f"sentiment {z:.2f} is below {rules.sentiment_floor:.2f}"
    left = facts.sessions_to_earnings
    if left is not None and 0 <= left <= rules.sessions_before_earnings:
        yield "earnings", "earnings today" if left == 0 else f"earnings in {count(left, 'session')}"


def _halted(_weight: float, held: float) -> float:
    return held


def _bad_news(weight: float, held: float) -> float:
    """Return the largest position towards ``weight`` that bad news still permits."""
    if weight < 0.0 and held < 0.0:
        return max(weight, held)
    return 0.0 if weight != 0.0 else weight


def _no_growth(weight: float, held: float) -> float:
    """Return the largest position towards ``weight`` that is neither opened nor increased."""
    if weight * held <= 0.0:
        return 0.0 if weight != 0.0 else weight
    return min(weight, held) if weight > 0.0 else max(weight, held)


_ALLOWED: dict[Rule, Callable[[float, float], float]] = {
    "halt": _halted,
    "news": _bad_news,
    "sentiment": _bad_news,
    "earnings": _no_growth,
}
