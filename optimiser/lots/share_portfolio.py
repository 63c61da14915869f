"""Positions in whole shares, built up one by one without breaking a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.types import whole_shares
from optimiser.model.terms import CASH_MODE, CashMode

TOLERANCE = 1e-9  # on weights: 0.12 * nav / price * price / nav need not come out as 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioLimits:
    """What the rounded positions must keep, as fractions of net asset value; None: no such limit.

    Whatever the target itself breaks is not broken further.
    """

    max_single: float
    max_gross: float
    cash_buffer: float
    cash_mode: CashMode = CASH_MODE  # see `optimiser.model.terms.Limits`
    max_net: float | None = None  # |sum of weights|
    max_turnover: float | None = None  # sum of |change|, both ways
    groups: Mapping[int, str] = field(default_factory=dict)  # by conId; absent: of no group
    max_group: Mapping[str, float] = field(default_factory=dict)  # gross weight of a group
    betas: Mapping[int, float] = field(default_factory=dict)  # by conId
    beta_range: tuple[float, float] | None = None  # of sum(beta * weight)

    @property
    def caps(self) -> dict[str, float]:
        """The most that each sum over positions may come to; see `parts`."""
        caps = {"gross": self.max_gross, "cash": 1.0 - self.cash_buffer}
        if self.max_net is not None:
            caps |= {"net long": self.max_net, "net short": self.max_net}
        if self.max_turnover is not None:
            caps["turnover"] = self.max_turnover
        caps |= {f"group {name}": cap for name, cap in sorted(self.max_group.items())}
        if self.beta_range is not None:
            caps |= {"least beta": -self.beta_range[0], "most beta": self.beta_range[1]}
        return caps

    def parts(self, con_id: int, weight: float, held: float) -> dict[str, float]:
        """Return what one position of this weight adds to each sum; ``held`` is its weight now."""
        spent = weight if self.cash_mode == "net" else max(weight, 0.0)
        parts = {"gross": abs(weight), "cash": spent}
        if self.max_net is not None:
            parts |= {"net long": weight, "net short": -weight}
        if self.max_turnover is not None:
            parts["turnover"] = abs(weight - held)
        group = self.groups.get(con_id)
        if group in self.max_group:
            parts[f"group {group}"] = abs(weight)
        if self.beta_range is not None:
            beta = self.betas.get(con_id, 0.0) * weight
            parts |= {"least beta": -beta, "most beta": beta}
        return parts


@dataclass(frozen=True, slots=True)
class TargetPosition:
    """One name: what is held, what is wanted, and the two positions in reach of that.

    Shares are whole ones. A ``fraction`` of a share that is held beside them cannot be traded: it
    stays, and counts in every weight.
    """

    con_id: int
    unit: float  # weight of one share
    held: int
    ideal: float  # shares wanted beside the fraction, before rounding
    lot: int
    down: int  # the reachable position nearer to 0
    up: int  # the next one away from 0
    exits: bool
    frozen: bool = False  # cannot be traded: stays as it is
    fraction: float = 0.0  # of a share, signed

    def weight(self, shares: float) -> float:
        """Return what so many whole shares weigh, and the fraction beside them."""
        return (shares + self.fraction) * self.unit

    @property
    def change(self) -> float:
        """Wanted change of weight."""
        return (self.ideal - self.held) * self.unit

    @property
    def remainder(self) -> float:
        """Which part of the step from down to up was cut off, 0 to 1."""
        return (abs(self.ideal) - abs(self.down)) / max(abs(self.up) - abs(self.down), 1)


def target_position(
    con_id: int, weight: float, *, unit: float, held: float, lot: int
) -> TargetPosition:
    """Work out what a target weight asks of one name.

    ``unit`` is the weight of one share, ``held`` the shares held now, ``lot`` shares to a lot.
    A weight of 0 sells all whole shares.

    >>> target = target_position(1, 0.10, unit=0.0004, held=0, lot=100)
    >>> target.ideal, target.down, target.up
    (250.0, 200, 300)
    """
    exits, whole = weight == 0.0, whole_shares(held)
    fraction = held - whole
    ideal = 0.0 if exits else weight / unit - fraction
    down, up = (0, 0) if exits else _reachable(whole, ideal, lot)
    return TargetPosition(con_id, unit, whole, ideal, lot, down, up, exits, fraction=fraction)


def frozen_position(con_id: int, *, unit: float, held: float) -> TargetPosition:
    """Return the target of a name that cannot be traded: to stay."""
    whole = whole_shares(held)
    return TargetPosition(
        con_id, unit, whole, float(whole), 1, whole, whole,
        exits=False, frozen=True, fraction=held - whole,
    )  # fmt: skip


def _reachable(held: int, ideal: float, lot: int) -> tuple[int, int]:
    """Return the positions on both sides of the ideal that lots lead to, nearer to 0 first."""
    sign = 1 if ideal > 0.0 else -1
    start = max(held * sign, 0)  # on the other side of 0 everything held is closed first
    steps = math.floor((ideal * sign - start) / lot + TOLERANCE)
    down = max(start + steps * lot, 0)
    return sign * down, sign * (start + (steps + 1) * lot)


class SharePortfolio:
    """The positions being built, and whether a change of one keeps all of them in the limits."""

    def __init__(self, targets: list[TargetPosition], limits: PortfolioLimits) -> None:
        self.shares = {target.con_id: target.down for target in targets}
        self.limits = limits
        self.targets = targets
        ideal = self.sums({target.con_id: target.ideal for target in targets})
        self.caps = {name: max(cap, ideal.get(name, 0.0)) for name, cap in limits.caps.items()}
        self._sums = self.sums(self.shares)
        weights = [target.weight(target.ideal) for target in targets]
        self._wanted = {
            +1: sum(w for w in weights if w > 0.0),
            -1: -sum(w for w in weights if w < 0.0),
        }

    def weight(self, target: TargetPosition) -> float:
        """Return the weight of the position as it stands."""
        return target.weight(self.shares[target.con_id])

    def most(self, target: TargetPosition) -> float:
        """Return the largest weight that one name may have, either way."""
        return max(self.limits.max_single, abs(target.weight(target.ideal)))

    def parts(self, target: TargetPosition, shares: float) -> dict[str, float]:
        """Return what this many shares of a name add to each sum that has a limit."""
        return self.limits.parts(target.con_id, target.weight(shares), target.weight(target.held))

    def sums(self, shares: Mapping[int, float]) -> dict[str, float]:
        """Return every sum that has a limit, for these positions."""
        terms: dict[str, list[float]] = {}
        for target in self.targets:
            for name, part in self.parts(target, shares[target.con_id]).items():
                terms.setdefault(name, []).append(part)
        return {name: math.fsum(parts) for name, parts in terms.items()}

    def broken(self) -> dict[str, float]:
        """Return each limit that the positions break and the target kept, and by how much."""
        sums = self.sums(self.shares)
        over = {name: sums.get(name, 0.0) - cap for name, cap in self.caps.items()}
        over |= {
            f"single {target.con_id}": abs(self.weight(target)) - self.most(target)
            for target in self.targets
        }
        return {name: excess for name, excess in over.items() if excess > TOLERANCE}

    def place(self, target: TargetPosition, shares: int) -> bool:
        """Hold this many shares instead, if that breaks no limit. Says whether it did.

        A limit that is broken already may stay so, but not get worse.
        """
        old, new = self.weight(target), target.weight(shares)
        if abs(new) > max(self.most(target), abs(old) if new * old > 0.0 else 0.0) + TOLERANCE:
            return False
        before, after = self.parts(target, self.shares[target.con_id]), self.parts(target, shares)
        sums = {n: self._sums[n] - before[n] + part for n, part in after.items()}
        if any(
            total > self.caps[name] + TOLERANCE and after[name] > before[name]
            for name, total in sums.items()
        ):
            return False
        self.shares[target.con_id] = shares
        self._sums |= sums
        return True

    def hand_out(self, targets: Iterable[TargetPosition]) -> None:
        """Add the lots that were cut off, largest remainder first."""
        total = {side: self._total(side) for side in self._wanted}
        for target in sorted(targets, key=lambda w: (-w.remainder, w.con_id)):
            step = abs(target.up - target.down) * target.unit
            side = 1 if target.ideal > 0.0 else -1
            missing = self._wanted[side] - total[side]
            wanted = target.remainder > TOLERANCE and missing >= step / 2.0
            if wanted and self.place(target, target.up):
                total[side] += step

    def replace(self, shares: Mapping[int, int]) -> None:
        """Hold these positions instead."""
        self.shares = dict(shares)
        self._sums = self.sums(self.shares)

    def _total(self, side: int) -> float:
        weights = (self.weight(target) * side for target in self.targets)
        return math.fsum(weight for weight in weights if weight > 0.0)
