"""Positions in whole shares, built up one by one without breaking a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

TOLERANCE = 1e-9  # on weights: 0.12 * nav / price * price / nav need not come out as 0.12


@dataclass(frozen=True, slots=True)
class Wish:
    """One name: what is held, what is wanted, and the two positions in reach of that."""

    con_id: int
    unit: float  # weight of one share
    held: int
    ideal: float  # shares wanted, before rounding
    lot: int
    down: int  # the reachable position nearer to 0
    up: int  # the next one away from 0
    exits: bool

    @property
    def change(self) -> float:
        """Wanted change of weight."""
        return (self.ideal - self.held) * self.unit

    @property
    def remainder(self) -> float:
        """Which part of the step from down to up was cut off, 0 to 1."""
        return (abs(self.ideal) - abs(self.down)) / max(abs(self.up) - abs(self.down), 1)


def wish_for(con_id: int, weight: float, *, unit: float, held: int, lot: int) -> Wish:
    """Work out what a target weight asks of one name.

    ``unit`` is the weight of one share, ``held`` the shares held now, ``lot`` shares to a lot.
    """
    exits = weight == 0.0
    ideal = weight / unit
    down, up = (0, 0) if exits else _reachable(held, ideal, lot)
    return Wish(con_id, unit, held, ideal, lot, down, up, exits)


def _reachable(held: int, ideal: float, lot: int) -> tuple[int, int]:
    """Return the positions on both sides of the ideal that lots lead to, nearer to 0 first."""
    sign = 1 if ideal > 0.0 else -1
    start = max(held * sign, 0)  # on the other side of 0 everything held is closed first
    steps = math.floor((ideal * sign - start) / lot + TOLERANCE)
    down = max(start + steps * lot, 0)
    return sign * down, sign * (start + (steps + 1) * lot)


class Book:
    """The positions being built, and whether a change of one keeps all of them in the limits."""

    def __init__(
        self, wishes: list[Wish], *, max_single: float, max_gross: float, max_long: float
    ) -> None:
        self.shares = {wish.con_id: wish.down for wish in wishes}
        ideal = [wish.ideal * wish.unit for wish in wishes]
        self._wanted = {+1: sum(w for w in ideal if w > 0.0), -1: -sum(w for w in ideal if w < 0.0)}
        self._max_single = max_single
        self._max_gross = max(max_gross, self._wanted[+1] + self._wanted[-1])
        self._max_long = max(max_long, self._wanted[+1])
        down = [self.weight(wish) for wish in wishes]
        self._total = {+1: sum(w for w in down if w > 0.0), -1: -sum(w for w in down if w < 0.0)}

    def weight(self, wish: Wish) -> float:
        """Return the weight of the position as it stands."""
        return self.shares[wish.con_id] * wish.unit

    def place(self, wish: Wish, shares: int) -> bool:
        """Hold this many shares instead, if every limit allows it. Says whether it did."""
        old, new = self.weight(wish), shares * wish.unit
        total = dict(self._total)
        total[1 if old > 0.0 else -1] -= abs(old)
        total[1 if new > 0.0 else -1] += abs(new)
        largest = max(self._max_single, abs(wish.ideal) * wish.unit)
        allowed = (
            abs(new) <= largest + TOLERANCE
            and total[+1] <= self._max_long + TOLERANCE
            and total[+1] + total[-1] <= self._max_gross + TOLERANCE
        )
        if allowed or (abs(new) <= abs(old) and new * old >= 0.0):
            self.shares[wish.con_id] = shares
            self._total = total
            return True
        return False

    def hand_out(self, wishes: list[Wish]) -> None:
        """Add the lots that were cut off, largest remainder first."""
        for wish in sorted(wishes, key=lambda w: (-w.remainder, w.con_id)):
            step = abs(wish.up - wish.down) * wish.unit
            side = 1 if wish.ideal > 0.0 else -1
            missing = self._wanted[side] - self._total[side]
            if wish.remainder > TOLERANCE and missing >= step / 2.0:
                self.place(wish, wish.up)
