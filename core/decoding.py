"""Back from JSON to frozen values: what `core.canonical.plain` wrote, read strictly by type.

Understood are frozen dataclasses, enums, tuples, mappings with keys of text or whole numbers,
dates, aware times, optional values, and text, numbers and truth. A field that is not there has its
default, for records are older than the code that reads them; without one, with a field that nobody
knows, or with a value of another type the record is refused, and the place in it is named.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import (
    Any,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from core.errors import DataError

T = TypeVar("T")
_UNIONS = {Union, types.UnionType}


def decode(kind: type[T], plain: object) -> T:
    """Return the value of this type that plain JSON values state.

    Raises `DataError` that names the place and what was expected there.
    """
    return cast("T", _value(kind, plain, kind.__name__))


def _value(kind: Any, plain: object, where: str) -> Any:
    origin = get_origin(kind)
    if origin in _UNIONS:
        return _optional(kind, plain, where)
    if origin is tuple:
        return _tuple(get_args(kind), plain, where)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(get_args(kind), plain, where)
    if origin is Literal:
        if plain not in get_args(kind):
            _refuse(kind, plain, where)
        return plain
    if is_dataclass(origin or kind):
        return _dataclass(origin or kind, get_args(kind), plain, where)
    return _scalar(kind, plain, where)


def _optional(kind: Any, plain: object, where: str) -> Any:
    (inner,) = (one for one in get_args(kind) if one is not types.NoneType)
    return None if plain is None else _value(inner, plain, where)


def _tuple(kinds: tuple[Any, ...], plain: object, where: str) -> tuple[Any, ...]:
    if not isinstance(plain, list | tuple):
        _refuse("a list", plain, where)
    if kinds[-1:] == (Ellipsis,):
        return tuple(_value(kinds[0], one, f"{where}[{n}]") for n, one in enumerate(plain))
    if len(kinds) != len(plain):
        _refuse(f"{len(kinds)} values", plain, where)
    pairs = zip(kinds, plain, strict=True)
    return tuple(_value(one, value, f"{where}[{n}]") for n, (one, value) in enumerate(pairs))


def _mapping(kinds: tuple[Any, ...], plain: object, where: str) -> dict[Any, Any]:
    if not isinstance(plain, Mapping):
        _refuse("an object", plain, where)
    key, value = kinds
    try:
        return {key(name): _value(value, one, f"{where}.{name}") for name, one in plain.items()}
    except ValueError:
        _refuse(f"keys of type {key.__name__}", list(plain), where)


def _dataclass(kind: Any, arguments: tuple[Any, ...], plain: object, where: str) -> Any:
    if not isinstance(plain, Mapping):
        _refuse("an object", plain, where)
    known = {field.name: field for field in fields(kind)}
    if strange := sorted(set(plain) - set(known)):
        raise DataError(f"{where} has no field {strange[0]}: it was written by other code")
    if missing := sorted(n for n, f in known.items() if n not in plain and not _has_default(f)):
        raise DataError(f"{where}.{missing[0]} is missing")
    hints = _hints(kind)
    given = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=True))
    types_of = {name: given.get(hints[name], hints[name]) for name in plain}
    return kind(**{n: _value(types_of[n], one, f"{where}.{n}") for n, one in plain.items()})


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


_EXACT: Mapping[type, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,)}
_READ: Mapping[type, Callable[[str], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _scalar(kind: Any, plain: object, where: str) -> Any:
    if kind is float:
        if isinstance(plain, bool) or not isinstance(plain, int | float):
            _refuse(kind, plain, where)
        return plain  # a whole number stays as it was written: the same value has the same bytes
    if kind in _EXACT:
        if type(plain) not in _EXACT[kind]:
            _refuse(kind, plain, where)
        return plain
    if (isinstance(kind, type) and issubclass(kind, Enum)) or kind in _READ:
        try:
            return _READ.get(kind, kind)(cast("str", plain))
        except (ValueError, TypeError):
            _refuse(kind, plain, where)
    raise TypeError(f"{where}: values of type {kind} cannot be read from JSON")


def _refuse(kind: Any, plain: object, where: str) -> NoReturn:
    expected = kind.__name__ if isinstance(kind, type) else kind
    raise DataError(f"{where} is {str(plain)[:60]!r}, expected {expected}")
