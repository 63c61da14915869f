"""What the TWS wire does to values and to refusals, so that no wire gives the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.errors import DaybookError, RequestRefused
from ibkr.wire.error_codes import refusal
from simulator.tws.protocol.frames import text_of
from simulator.tws.protocol.refusals import invalid_request

DECIMALS = 6  # of prices; the wire has two more


def received(value: float) -> float:
    """Return a number as it arrives: TWS writes it with at most eight decimals."""
    return float(text_of(float(value)))


def whole_seconds(moment: datetime) -> datetime:
    """Return the gateway's time as it arrives."""
    return datetime.fromtimestamp(int(moment.timestamp()), UTC)


def all_received(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers as they arrive, of any shape."""
    # A double nearest to a decimal of six places is also nearest to it with eight.
    if (np.round(values, DECIMALS) == values).all():
        return values
    flat = [received(value) for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


@contextmanager
def refused_as(what: str) -> Iterator[None]:
    """Turn the simulator's refusals into what a client makes of them: named, with a remedy."""
    try:
        yield
    except DaybookError as error:
        said = as_refusal(error)
        raise RequestRefused(f"{what}: {refusal(said.code, str(said))}", code=said.code) from None


def as_refusal(error: DaybookError) -> RequestRefused:
    """Return the simulator's error as the gateway reports it."""
    return error if isinstance(error, RequestRefused) else invalid_request(error)
