"""The reviewed rules of the overlay, read strictly from their file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, ValidationError

from core.canonical import sha256_of
from core.errors import ConfigurationError
from core.settings import Section
from optimiser.overlay.headline_match import MAX_TITLE, Phrase
from optimiser.overlay.overrides import Rules
from optimiser.overlay.regex_cost import pattern_problem

OVERLAY = Path(__file__).with_name("overlay.toml")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_NEVER = r"(?!)"  # matches nothing


def _bounded(pattern: str) -> str:
    if problem := pattern_problem(pattern, longest=MAX_TITLE):
        raise ValueError(problem)
    plain = _ESCAPED.sub("", pattern)
    if plain != plain.lower():
        raise ValueError("has capital letters, and titles are searched in lower case")
    return pattern


def _says_something(pattern: str) -> str:
    if re.search(pattern, ""):
        raise ValueError("matches an empty title, so every title")
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_bounded)]
Saying = Annotated[Pattern, AfterValidator(_says_something)]


class _Phrase(Section):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    pattern: Saying
    unless: Saying | None = None


class _News(Section):
    hours: Annotated[int, Field(strict=True, ge=1, le=168)]
    phrases: Annotated[tuple[_Phrase, ...], Field(min_length=1)]


class _Sentiment(Section):
    floor: Annotated[FiniteFloat, Field(strict=True, ge=-10.0, le=0.0)]


class _Earnings(Section):
    sessions_before: Annotated[int, Field(strict=True, ge=0, le=20)]


class _File(Section):
    sentiment: _Sentiment
    earnings: _Earnings
    news: _News


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Rules, and the hash of the file they were read from."""

    rules: Rules
    sha256: str


def read_rules(path: Path = OVERLAY) -> Reviewed:
    """Read the rules.

    Raises `ConfigurationError` naming the file, and every key in it with its value, that is
    unknown, missing, out of range or no pattern that may be used.
    """
    try:
        content = path.read_bytes()
        told = tomllib.loads(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}") from error
    try:
        found = _File.model_validate(told)
    except ValidationError as error:
        problems = "; ".join(_explained(dict(detail)) for detail in error.errors())
        raise ConfigurationError(f"{path.name}: {problems}") from error
    names = [phrase.name for phrase in found.news.phrases]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"{path.name}: news.phrases names {repeated[0]!r} twice")
    return Reviewed(_rules(found), sha256_of(content))


def _rules(found: _File) -> Rules:
    return Rules(
        breaking_news=tuple(
            Phrase(phrase.name, phrase.pattern, phrase.unless or _NEVER)
            for phrase in found.news.phrases
        ),
        sentiment_floor=found.sentiment.floor,
        news_counts_for=timedelta(hours=found.news.hours),
        sessions_before_earnings=found.earnings.sessions_before,
    )


def _explained(detail: dict[str, object]) -> str:
    location = detail["loc"]
    name = ".".join(str(part) for part in location) if isinstance(location, tuple) else ""
    if detail["type"] == "extra_forbidden":
        return f"unknown key {name}"
    if detail["type"] == "missing":
        return f"{name} is missing"
    said = str(detail["msg"]).removeprefix("Value error, ")
    return f"{name} = {str(detail['input'])[:80]!r}: {said[:1].lower()}{said[1:]}"
