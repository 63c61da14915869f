"""Keeps the libraries' records off the terminal: what matters is in our errors."""

from __future__ import annotations

import logging

_NOISY = ("ib_async.client", "ib_async.Decoder", "eventkit.event")


def quieten() -> None:
    """Let these libraries log at DEBUG only, without stack traces. Harmless when repeated."""
    for name in _NOISY:
        logging.getLogger(name).addFilter(_demote)


def _demote(record: logging.LogRecord) -> bool:
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    record.exc_info = None
    return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)
