"""What was wrong with a command line, in one line: what was given, what is accepted, the help."""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from typer.exceptions import TyperException

# Whether a person typed this command at a terminal: not cron, not a service, not Prefect. What was
# typed wrong is then answered there, and told to nobody else.
TYPED = ContextVar("typed", default=False)

_BOUNDS = re.compile(r"Input should be (greater|less) than or equal to (\S+)")
_CHOICES = re.compile(r"Value error, (.+) is not one of (.+)\.")


def command_line() -> str:
    """Return the command line of this process, as it can be typed again."""
    return shlex.join(["daybook", *sys.argv[1:]])


def usage_text(error: TyperException, arguments: Sequence[str]) -> str:
    """Return the line for a usage error that typer raised over these arguments."""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context else "daybook"
    text = _plain(error.format_message(), arguments).rstrip(".")
    unknown = getattr(error, "option_name", None)
    if unknown is not None and text.startswith("No such option"):
        # typer proposes any option that shares a letter or two.
        known = [name for each in context.command.params for name in each.opts] if context else []
        text = f"No such option: {unknown}{_near(unknown, known, cutoff=0.65)}"
    if re.fullmatch(r"No such command '.*'", text) and context:  # and none that is close
        text += f"; the commands are {', '.join(sorted(context.command.commands))}"
    return f"{text} (see: {command} --help)"


def _plain(message: str, arguments: Sequence[str]) -> str:
    message = " ".join(message.split())
    bound = _BOUNDS.search(message)
    if bound:
        word = "at least" if bound.group(1) == "greater" else "at most"
        name = message.partition("'")[2].partition("'")[0]
        given = _given(name, arguments)
        message = message.replace(bound.group(), f"{given}must be {word} {bound.group(2)}")
    chosen = _CHOICES.search(message)
    if chosen:
        value, choices = chosen.groups()
        message = message.replace(chosen.group(), f"{value} is not one of {choices}")
    message = re.sub(r"Input should be a valid integer\b[^(]*", "must be a whole number ", message)
    message = message.replace("argument(s)", "argument")
    return message.replace("Value error, ", "").strip()


def _given(option: str, arguments: Sequence[str]) -> str:
    """Return the value that an option was given, as words to begin with."""
    for at, word in enumerate(arguments):
        name, has_value, value = word.partition("=")
        if name == option:
            value = value if has_value else next(iter(arguments[at + 1 : at + 2]), "")
            return f"{shlex.quote(value)} "
    return ""


def _near(given: str, known: Sequence[str], *, cutoff: float) -> str:
    near = difflib.get_close_matches(given, known, n=2, cutoff=cutoff)
    return f"; did you mean {' or '.join(near)}?" if near else ""
