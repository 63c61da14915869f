"""What TWS says of a request that cannot be served."""

from __future__ import annotations

from core.errors import DaybookError, RequestRefused

VALIDATION_FAILED = 321


def invalid_request(error: DaybookError) -> RequestRefused:
    """Return the refusal TWS would give for this reason."""
    return RequestRefused(
        f"Error validating request.-'sim' : cause - {error}", code=VALIDATION_FAILED
    )
