"""What the gate judges: an account as it is, as it is to be, and as others' orders may leave it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core.errors import DataError
from core.money import Price, Rates
from risk import measures
from risk.limits import TOLERANCE, number, within

Weights: TypeAlias = dict[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """What is judged. Every number is a float; what was no number is NaN."""

    current: Weights
    targets: Weights
    foreign: tuple[tuple[int, float], ...]
    outcomes: tuple[Weights, ...]  # the targets, with what others' orders may make of them
    net_asset_value: float
    prices: Weights  # per share, in the base currency
    adv: Weights
    names: Mapping[int, str]

    @classmethod
    def of(
        cls,
        current: Mapping[int, float],
        targets: Mapping[int, float],
        *,
        foreign: Iterable[tuple[int, float]],
        net_asset_value: float,
        prices: Weights,
        adv: Mapping[int, float],
        names: Mapping[int, str],
    ) -> Portfolio:
        """Return what is judged; nothing that is no number stays one."""
        wanted = _numbers(targets)
        others = tuple((name, number(weight)) for name, weight in foreign)
        return cls(
            current=_numbers(current),
            targets=wanted,
            foreign=others,
            outcomes=_outcomes(wanted, others),
            net_asset_value=number(net_asset_value),
            prices=prices,
            adv=_numbers(adv),
            names=names,
        )

    def name(self, con_id: int | None) -> str:
        """Return the symbol, as far as it is known."""
        if con_id is None:
            return "no position"
        return self.names.get(con_id, f"conId {con_id}")

    def worst(self, figure: Callable[[Weights], float], *, either_way: bool = False) -> float:
        """Return a figure's largest value over all outcomes; NaN if it is NaN in one.

        ``either_way`` returns the one of the largest size, with its sign.
        """
        values = [figure(outcome) for outcome in self.outcomes]
        if any(math.isnan(value) for value in values):
            return math.nan
        return max(values, key=abs) if either_way else max(values)

    def traded(self) -> Weights:
        """Return the signed change of each name that changes."""
        return {
            name: change
            for name, change in measures.changes(self.current, self.targets).items()
            if not abs(change) <= measures.NO_POSITION
        }

    def sizes(self) -> Weights:
        """Return how much trades in each name, others' orders on top, without sign."""
        sizes = {name: abs(change) for name, change in self.traded().items()}
        for name, weight in self.foreign:
            sizes[name] = sizes.get(name, 0.0) + abs(weight)
        return sizes

    def reduces(self) -> bool:
        """Tell whether no outcome opens a position, turns one over or makes one larger."""
        return all(self.is_kept(name) for outcome in self.outcomes for name in outcome)

    def is_kept(self, name: int) -> bool:
        """Tell whether a position is opened, turned over or made larger in no outcome."""
        held = self.current.get(name, 0.0)
        weights = (outcome.get(name, 0.0) for outcome in self.outcomes)
        return all(
            within(abs(weight), abs(held)) and weight * held >= 0.0
            for weight in weights
            if not abs(weight) <= TOLERANCE
        )


def base_prices(prices: Mapping[int, Price], rates: Rates) -> Weights:
    """Return what a share of each is worth in the base currency; NaN without price or rate."""
    return {name: _worth(prices[name], rates) for name in sorted(prices)}


def _worth(price: Price, rates: Rates) -> float:
    try:
        return rates.per_share(price.at(number(price.amount)))
    except DataError:
        return math.nan  # the check of the order names the currency


def _numbers(values: Mapping[int, float]) -> Weights:
    return {name: number(values[name]) for name in sorted(values)}


def _outcomes(targets: Weights, foreign: Sequence[tuple[int, float]]) -> tuple[Weights, ...]:
    """Return the targets, and what they become if others' purchases, sales or both fill."""
    if not foreign:
        return (targets,)
    # NaN is in both: no outcome may come out without it.
    buys = [(name, weight) for name, weight in foreign if not weight < 0.0]
    sells = [(name, weight) for name, weight in foreign if not weight > 0.0]
    outcomes = [targets]
    for fills in (buys, sells, foreign):
        filled = dict(targets)
        for name, weight in fills:
            filled[name] = filled.get(name, 0.0) + weight
        outcomes.append(filled)
    return tuple(outcomes)
