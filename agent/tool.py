"""What a tool is: a typed function with a name, an effect and a contract in its docstring."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agent.context import ToolContext
from core.errors import ConfigurationError
from core.settings import Effect
from core.settings.problems import expected


class Scope(StrEnum):
    """What a tool is about."""

    GATEWAY = "gateway"
    MARKET = "market"
    PORTFOLIO = "portfolio"
    ORDERS = "orders"
    DAY = "day"
    JOURNAL = "journal"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool found. Every answer says as of when it is, and where it comes from."""

    as_of: datetime  # aware
    source: str
    data: Any  # dataclasses, dates, numbers, texts; what JSON can state


class BadArguments(ConfigurationError):
    """The arguments are not of the tool's form."""


ToolFunction = Callable[..., Answer]


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """One tool of the catalogue. ``function(context, **arguments)`` does the work."""

    name: str
    function: ToolFunction
    effect: Effect
    scope: Scope
    arguments: type[BaseModel]

    @property
    def contract(self) -> str:
        """What the tool returns, in which units, and when to use it: its docstring."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the contract."""
        return self.contract.partition("\n")[0]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        return schema

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments, checked. Raises `BadArguments` naming everything wrong."""
        try:
            # By way of JSON, the only form in which strict types still read dates and enums.
            checked = self.arguments.model_validate_json(json.dumps(arguments))
        except ValidationError as error:
            names = list(self.arguments.model_fields)
            problems = (_problem(dict(detail), names) for detail in error.errors(include_url=False))
            raise BadArguments(f"{self.name}: {'; '.join(problems)}") from error
        except (TypeError, ValueError) as error:
            raise BadArguments(f"{self.name}: the arguments are not JSON: {error}") from error
        return {name: getattr(checked, name) for name in type(checked).model_fields}

    def run(self, context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
        """Run the tool with arguments that `parse` returned."""
        return self.function(context, **arguments)


def tool(effect: Effect, scope: Scope) -> Callable[[ToolFunction], Tool]:
    """Make a function a tool. Its first parameter is the context, the others are arguments."""

    def made(function: ToolFunction) -> Tool:
        name = function.__name__
        return Tool(name, function, effect, scope, _arguments_of(name, function))

    return made


def _arguments_of(name: str, function: ToolFunction) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    fields: dict[str, Any] = {
        parameter.name: (
            hints[parameter.name],
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for parameter in parameters
    }
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)
    return create_model(f"{name}_arguments", __config__=config, **fields)


def _problem(detail: Mapping[str, Any], names: Sequence[str]) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "arguments"
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
        return f"there is no argument {where}; {hint}"
    return f"{where} {expected(detail)}"
