"""What commands print. Every word of theirs leaves through here, whoever said it first.

Names, headlines and the broker's words may carry escape sequences, and an error may quote a key:
neither reaches a terminal, a pipe, a file or a log.
"""

from __future__ import annotations

import json
import logging
import traceback

import typer

from core.text.masking import PROCESS
from core.text.untrusted import json_text, lines


def shown(text: str) -> str:
    """Return text as it may be printed: visible characters, no secret."""
    return lines(PROCESS.text(text))


def say(text: str, *, err: bool = False) -> None:
    """Print text and a line's end."""
    typer.echo(shown(text), err=err)


def say_json(value: object) -> None:
    """Print a value as JSON that reads back the same, with what is invisible escaped."""
    typer.echo(json_text(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def say_traceback() -> None:
    """Print the traceback of the error being handled."""
    say(traceback.format_exc(), err=True)


def show_logs(*, debug: bool = False, least: int = logging.ERROR) -> None:
    """Send logs to standard error: everything, or those of ``least`` importance.

    What a command has to say it prints; logs are for finding defects.
    """
    safe_records()  # servers bring handlers of their own
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.DEBUG if debug else least, handlers=[handler], force=True)


def safe_records() -> None:
    """Make the message of every log record safe, whoever logs and whichever handler shows it."""
    logging.setLogRecordFactory(_Record)


class _Record(logging.LogRecord):
    def getMessage(self) -> str:  # noqa: N802 - logging's own name
        """Return the message as it may be shown."""
        return shown(super().getMessage())


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Format a record, its traceback included."""
        return shown(super().format(record))
