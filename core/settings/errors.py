"""What is wrong with the settings, in one line each: the value, where it came from, what is right.

No value of a secret is ever repeated, nor a line of the file that may hold one.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import ConfigurationError
from core.path_checks import file_trouble
from core.settings.problems import expected

_AMBIGUOUS_BELOW = 10.0  # 12 must mean 12 %; 2 may mean 0.2 or 0.02
_ASSIGNMENT = re.compile(r"\s*([\w.-]+)\s*=\s*([^\s\[{\"'#][^\[{\"'#]*?)\s*(?:#.*)?")


def unknown_in_environment(
    environment: Mapping[str, str], known: Collection[str], *, prefix: str
) -> Iterator[str]:
    """Yield a line for each variable with the prefix that is no setting.

    pydantic-settings ignores an unknown name at the top level even with extra="forbid":
    DAYBOOK_MODDE=live would silently run the simulator.
    """
    for name in sorted(environment):
        if name.upper().startswith(prefix) and name.upper() not in known:
            yield f"unknown setting {name} in the environment{_near(name.upper(), known)}"


def unreadable_in_environment(
    environment: Mapping[str, str], structured: Mapping[str, bool], secrets: Collection[str]
) -> str:
    """Return a line for each variable that should hold JSON and does not.

    ``structured`` holds the variables whose value is JSON, and whether it is a list (else a
    section); ``secrets`` those of them that hold a secret somewhere.
    """
    problems = []
    for name, value in sorted(environment.items()):
        if name.upper() in structured and not _is_json(value):
            shown = "…" if name.upper() in secrets else value
            wanted = _json_expected(shown, is_list=structured[name.upper()])
            problems.append(f"{name} = {shown}: {wanted}")
    return "; ".join(problems)


def read_toml(path: Path, *, secrets: Collection[str]) -> dict[str, Any]:
    """Return what a settings file holds; nothing when there is none.

    Raises `ConfigurationError` for what is no readable file of TOML, with the line and, where it
    can be told, how it is written.
    """
    if not os.path.lexists(path):
        return {}
    trouble = file_trouble(path)
    if trouble:
        raise ConfigurationError(f"{path} cannot be read: it is {trouble}")
    try:
        text = path.read_bytes().decode()
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} cannot be read: byte {error.start + 1} is not UTF-8; save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {_toml_trouble(str(error), text, secrets)}"
        ) from error


def explain(
    error: ValidationError,
    names: Collection[str],
    secrets: Collection[str],
    variable_of: Callable[[str], str],
) -> str:
    """Return everything that is wrong with the values, each with where it came from."""
    return "; ".join(
        _explain_one(dict(detail), names, secrets, variable_of)
        for detail in error.errors()
        # A list whose every item is wrong was told already, item by item.
        if detail["type"] != "too_short" or not detail["input"]
    )


def _explain_one(
    detail: dict[str, Any],
    names: Collection[str],
    secrets: Collection[str],
    variable_of: Callable[[str], str],
) -> str:
    if not detail["loc"]:  # several settings that do not go together
        return expected(detail)
    name = ".".join(str(part) for part in detail["loc"])
    variable = variable_of(name)
    origin = f" (from {variable})" if variable in {key.upper() for key in os.environ} else ""
    if detail["type"] == "extra_forbidden":
        return f"unknown setting {name}{origin}{_near(name, names)}"
    hidden = any(
        f"{secret}.".startswith(f"{name}.") or name.startswith(f"{secret}.") for secret in secrets
    )
    if hidden:
        detail["input"] = "…"
    shown = _shown(detail.get("input"))
    return f"{name} = {shown}{origin}: {expected(detail)}{_percent_hint(detail)}"


def _shown(value: Any) -> str:
    blank = isinstance(value, str) and (not value or value != value.strip())
    return repr(value) if blank else f"{value}"


def _near(name: str, known: Collection[str]) -> str:
    sections = {each.partition(".")[0] for each in known if "." in each}
    near = difflib.get_close_matches(name, sorted({*known, *sections}), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _percent_hint(detail: dict[str, Any]) -> str:
    limit = detail.get("ctx", {}).get("le")
    try:
        value = float(detail.get("input", "nan"))
    except (TypeError, ValueError):
        return ""
    if limit is None or not limit <= 1 < value <= 100 * limit:
        return ""
    if value < _AMBIGUOUS_BELOW:
        return f" (a fraction: {value:g} % is {value / 100:g})"
    return f" (a fraction). Did you mean {value / 100:g}?"


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _json_expected(value: str, *, is_list: bool) -> str:
    if not is_list:
        return 'a section is one JSON object, such as {"max_single": 0.1}'
    parts = [part.strip() for part in value.strip("[] ").split(",") if part.strip()]
    return f"a list is written as JSON: {json.dumps(parts or ['AAPL'], ensure_ascii=False)}"


def _toml_trouble(message: str, text: str, secrets: Collection[str]) -> str:
    if text.startswith("\ufeff"):
        return "it begins with a byte order mark; save it as UTF-8 without one"
    found = re.search(r" \(at line (\d+), column \d+\)", message)
    if found is None:
        twice = "; is a name given twice?" if message.startswith("Cannot overwrite") else ""
        return message[:1].lower() + message[1:] + twice
    number = int(found.group(1))
    line = _ASSIGNMENT.fullmatch(text.splitlines()[number - 1])
    said = f"line {number}: {message[: found.start()].lower()}"
    if line is None:
        return said + ("; settings are written name = value" if number == 1 else "")
    name, value = line.groups()
    if any(secret.rpartition(".")[2] == name.rpartition(".")[2] for secret in secrets):
        return f'{said}: {name} = …; a text needs quotes: {name} = "…"'
    return f"{said}: {name} = {value}; {_toml_hint(name, value)}"


def _toml_hint(name: str, value: str) -> str:
    if re.fullmatch(r"-?\d+,\d+", value):
        return f"a fraction has a point: {name} = {value.replace(',', '.')}"
    if re.fullmatch(r"\d+(\.\d+)?\s*%", value):
        return f"a fraction of one: {name} = {float(value.rstrip('% ')) / 100:g}"
    if re.fullmatch(r"\d{1,2}[./]\d{1,2}[./]\d{4}", value):
        return f"a date is written year first: {name} = 2026-11-30"
    return f'a text needs quotes: {name} = "{value}"'
