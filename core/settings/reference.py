"""The reference of all settings, written from the settings themselves.

``python -m core.settings.reference > docs/configuration.md``, or ``make docs``; a test fails when
the page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from core.limits import LIMITS, UTILITY, Term
from core.settings.fields import Section
from core.settings.model import PREFIX, Settings

_TERMS = {term.setting: term for term in (*LIMITS, *UTILITY)}
_INTRODUCTION = f"""# Settings

<!-- Written by `make docs` from core/settings and core/limits.py; edit those. -->

Precedence: command line > environment > `daybook.toml` > default. In the environment a setting is
called `{PREFIX}SECTION__NAME`, for example `{PREFIX}LIMITS__MAX_SINGLE=0.10`; lists are JSON. In
`daybook.toml` each section is a table. Unknown names and values out of range are errors that name
the nearest known one. The defaults trade nothing: the local simulator, and orders only proposed.

Secrets come from the same places and never reach logs, journal or artefacts. They have at least 8
characters: wherever one turns up it is masked as a whole, and a shorter one could not be told from
other text. An address with a user or password in it is refused.

The rules of the overrides (phrases, the sentiment floor, sessions before an earnings date) are a
reviewed file, `optimiser/overlay/overlay.toml`. It is read strictly and its hash is recorded with
every decision.
"""


def reference() -> str:
    """Return the page of all settings as Markdown: default, what is accepted, meaning."""
    own = {n: f for n, f in Settings.model_fields.items() if _section(f) is None}
    parts = [_INTRODUCTION, "## General\n", *_table("", own)]
    for name, field in Settings.model_fields.items():
        section = _section(field)
        if section is not None:
            summary = (section.__doc__ or "").partition("\n")[0]
            parts += [f"\n## `[{name}]`\n\n{summary}\n", *_table(f"{name}.", section.model_fields)]
    return "\n".join(parts) + "\n"


def _section(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _table(prefix: str, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    limits = prefix == "limits."
    has_units = all(prefix + name in _TERMS for name in fields)
    heads = ["setting", "default", "accepted", *(["unit"] if has_units else []), "meaning"]
    heads += ["enforced by"] if limits else []
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for name, field in fields.items():
        term = _TERMS.get(prefix + name)
        meaning = field.description or "" if term is None else term.meaning
        cells = [f"`{name}`", _default(field), _accepted(field)]
        cells += [_unit(term)] if has_units else []
        cells += [meaning.replace("``", "`")]
        cells += [", ".join(term.enforced)] if limits and term is not None else []
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _unit(term: Term[Any] | None) -> str:
    """Return what a number is measured in; counts and choices are named by their meaning."""
    return term.unit if term is not None and isinstance(term.default, float) else ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, Path):
        return f"`{value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[]`" if not value else f"`{list(value)}`"
    if isinstance(value, dict):
        return "`{}`"
    return f"`{value:,.10g}`" if isinstance(value, float) else f"`{value}`"


def _accepted(field: FieldInfo) -> str:
    kinds = [kind for kind in _members(field.annotation) if kind is not NoneType]
    metadata = [*field.metadata, *(part for kind in kinds for part in get_args(kind)[1:])]
    return ", ".join(_kind(kind) for kind in kinds) + _range(_flat(metadata))


def _members(annotation: Any) -> tuple[Any, ...]:
    union = get_origin(annotation) in {Union, UnionType}
    return get_args(annotation) if union else (annotation,)


def _kind(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return "a list"
    if get_origin(kind) is dict:
        return "a table"
    plain = getattr(kind, "__origin__", kind)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(f"`{choice.value}`" for choice in plain)
    names = {
        bool: "`true` or `false`", int: "a whole number", float: "a number", str: "text",
        Path: "a path", SecretStr: "a secret",
    }  # fmt: skip
    return names.get(plain, getattr(plain, "__name__", str(plain)))


def _flat(metadata: list[Any]) -> Iterator[Any]:
    for part in metadata:
        if isinstance(part, FieldInfo):
            yield from part.metadata
        else:
            yield part


def _range(metadata: Iterator[Any]) -> str:
    bounds = []
    for part in metadata:
        for kind, name, sign in (
            (Ge, "ge", "≥"),
            (Gt, "gt", ">"),
            (Le, "le", "≤"),
            (Lt, "lt", "<"),
        ):
            if isinstance(part, kind):
                bounds.append(f"{sign} {getattr(part, name):,.10g}")
    return f", {', '.join(bounds)}" if bounds else ""


if __name__ == "__main__":
    sys.stdout.write(reference())
