"""What pydantic finds wrong with a value, as one clause that says what is accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
_KINDS = {
    "missing": "is missing",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "float_type": "must be a number, such as 0.5",
    "float_parsing": "must be a number, such as 0.5",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "model_type": "is a section with settings of its own",
    "model_attributes_type": "is a section with settings of its own",
    "too_short": "must name at least one",
    "dict_type": "must be an object",
    "path_type": 'must be a path in quotes, such as "/srv/daybook"',
}
_DATE = "must be a date, such as 2026-11-30"


def expected(detail: Mapping[str, Any]) -> str:
    """Return what was expected, for one of the ``errors()`` of a pydantic `ValidationError`."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"must be {words} {_number(context[key])}"
    if kind in {"enum", "literal_error"}:
        return f"must be {context['expected']}"
    if kind in {"tuple_type", "list_type", "frozen_set_type", "set_type"}:
        return f"must be a list: {_as_list(detail.get('input'))}"
    if kind == "string_type":
        return f"must be a text in quotes{_quoted(detail.get('input'))}"
    if kind.startswith("date_"):
        return _DATE
    message = detail["msg"].removeprefix("Value error, ")
    sentence = message[1:2].islower()  # what begins with a value keeps its first letter
    return _KINDS.get(kind) or (message[:1].lower() + message[1:] if sentence else message)


def _number(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _as_list(given: Any) -> str:
    known = isinstance(given, str | date)
    texts = known and [part.strip() for part in str(given).split(",") if part.strip()]
    return json.dumps(texts or ["AAPL", "MSFT"], ensure_ascii=False)


def _quoted(given: Any) -> str:
    plain = isinstance(given, int | float) and not isinstance(given, bool)
    return f': "{given}"' if plain else ""
