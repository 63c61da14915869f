"""Which HTTP status an error is, so that a program knows whose move it is."""

from __future__ import annotations

from agent.rate_limit import TooManyCalls
from agent.tool import BadArguments
from core.errors import (
    ConfigurationError,
    DataError,
    DaybookError,
    GatewayError,
    GatewayTimeout,
    GatewayUnreachable,
    JournalError,
    NoData,
    StorageError,
    VendorError,
)
from desk.errors import DeskBusy, NotPermitted, TokenRefused


class BadBody(DaybookError):
    """The body is no call: not JSON, or not of its form."""


class BodyTooLarge(DaybookError):
    """The body is larger than any call."""


class Unauthorised(DaybookError):
    """The request carries no token, or not the right one."""


_STATUSES: tuple[tuple[type[DaybookError], int], ...] = (  # the first that fits counts
    (BadBody, 400),
    (Unauthorised, 401),
    (BodyTooLarge, 413),
    (BadArguments, 422),
    (TooManyCalls, 429),
    (NoData, 404),
    (DataError, 422),
    (ConfigurationError, 409),
    (NotPermitted, 409),
    (TokenRefused, 409),
    (DeskBusy, 409),
    (JournalError, 409),
    (GatewayUnreachable, 503),
    (GatewayTimeout, 504),
    (GatewayError, 502),
    (VendorError, 502),
    (StorageError, 507),
    (DaybookError, 500),
)


def status_of(error: DaybookError) -> int:
    """Return the status of an error."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))
