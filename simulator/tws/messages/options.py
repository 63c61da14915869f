"""Option chains on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from simulator.tws.messages import times
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import message


def option_parameters(
    request_id: int,
    exchange: str,
    *,
    underlying: int,
    trading_class: str,
    multiplier: int,
    expirations: Sequence[date],
    strikes: Sequence[float],
) -> bytes:
    """Name the expirations and strikes listed at one exchange in one trading class."""
    return message(
        Answer.OPTION_PARAMETERS, request_id, exchange, underlying, trading_class, str(multiplier),
        len(expirations), *map(times.day, expirations), len(strikes), *strikes,
    )  # fmt: skip


def option_parameters_end(request_id: int) -> bytes:
    """Say that no more exchanges follow."""
    return message(Answer.OPTION_PARAMETERS_END, request_id)
