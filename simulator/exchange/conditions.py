"""What an order may wait for besides a price of its own contract: conditions, as TWS has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from pydantic import AwareDatetime


class ConditionKind(IntEnum):
    """What a condition is about, by its number on the wire."""

    PRICE = 1  # of a contract
    TIME = 3
    MARGIN = 4  # the account's cushion, in percent
    EXECUTION = 5  # a trade of the account in a symbol
    VOLUME = 6  # shares of a contract traded in the session
    CHANGE = 7  # of a contract since the close before, in percent

    @property
    def is_of_a_contract(self) -> bool:
        """Whether it follows what a contract does in the session."""
        return self in {ConditionKind.PRICE, ConditionKind.VOLUME, ConditionKind.CHANGE}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; what its kind does not have keeps its default.

    ``value`` is the price, the percentage or the number of shares that is to be reached, ``above``
    from below or by falling to it; of a time, whether it is to have come or not.
    """

    kind: ConditionKind
    and_next: bool = True  # how it is joined to the one that follows
    above: bool = True
    value: float = 0.0
    con_id: int = 0
    exchange: str = ""
    method: int = 0  # which price triggers; there is only one here
    at: AwareDatetime | None = None
    sec_type: str = ""
    symbol: str = ""

    def reached(self, low: float, high: float) -> bool:
        """Return whether something that went from ``low`` to ``high`` reached the value."""
        return high >= self.value if self.above else low <= self.value


def all_met(conditions: Sequence[Condition], is_met: Callable[[Condition], bool]) -> bool:
    """Return whether the conditions hold; "and" binds closer than "or", and none always hold."""
    alternatives: list[list[Condition]] = [[]]
    for number, condition in enumerate(conditions, start=1):
        alternatives[-1].append(condition)
        if not condition.and_next and number < len(conditions):
            alternatives.append([])
    return any(all(map(is_met, together)) for together in alternatives)
