"""How much work a regular expression can make of one title, before it is ever used.

A reviewed pattern may be slow by mistake: ``(a+)+b`` tries 2^n ways on n letters. The count here is
an upper bound on the ways to match from one place, with every unbounded gap as long as a title.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

MOST_WAYS = 100_000  # from one place; times `MAX_TITLE` places that is a second at the very worst
LONGEST_PATTERN = 600

_PARSER: Any = import_module("re._parser")  # the standard library's own; typeshed has no stubs


def pattern_problem(pattern: str, *, longest: int) -> str | None:
    """Return what is wrong with a pattern for texts of ``longest`` characters, None if nothing.

    >>> pattern_problem("profit warning", longest=200) is None
    True
    >>> pattern_problem("(a+)+b", longest=200)[:24]
    'may be tried in inf ways'
    """
    if len(pattern) > LONGEST_PATTERN:
        return f"{len(pattern)} characters, more than {LONGEST_PATTERN}"
    try:
        re.compile(pattern)
        ways = _ways(_PARSER.parse(pattern), longest)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is not a regular expression: {error}"
    except _NotBounded as odd:
        return str(odd)
    if ways > MOST_WAYS:
        return (
            f"may be tried in {ways:.2g} ways from one place, more than {MOST_WAYS:,}; bound its "
            "gaps, as in .{0,40}, and repeat nothing that repeats"
        )
    return None


class _NotBounded(ValueError):
    """A construct whose work cannot be told from its form."""


def _ways(parsed: Iterable[tuple[Any, Any]], longest: int) -> float:
    """Return in how many ways a sequence can match: those of its parts, multiplied."""
    return math.prod(_ways_of(str(what), argument, longest) for what, argument in parsed)


def _ways_of(what: str, argument: Any, longest: int) -> float:
    if what in _INNER:
        return _ways(_INNER[what](argument), longest)
    if what == "BRANCH":
        return float(sum(_ways(branch, longest) for branch in argument[1]))
    if what in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        least, most, body = argument
        return _repeated(_ways(body, longest), int(least), min(int(most), longest))
    if what in _SINGLE:
        return 1.0
    raise _NotBounded(f"uses {what.lower()}, whose work is not bounded")


def _repeated(ways: float, least: int, most: int) -> float:
    """Return the ways of all counts from least to most together."""
    if ways == 1.0:
        return float(max(most - least, 0) + 1)
    if most * math.log(ways) > math.log(1e12):
        return math.inf
    return float(sum(ways**count for count in range(least, most + 1)))


_INNER: dict[str, Callable[[Any], Any]] = {
    "SUBPATTERN": lambda argument: argument[-1],
    "ATOMIC_GROUP": lambda argument: argument,
    "ASSERT": lambda argument: argument[1],
    "ASSERT_NOT": lambda argument: argument[1],
}
_SINGLE = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "CATEGORY", "FAILURE"}
