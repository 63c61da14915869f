"""What the vendors answer where the bars are real and no file says more: that they do not know.

Not an empty answer, which would say that there was no news: a refusal with its reason, which the
feeds treat as a vendor that failed.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response

STATUS = 404
REASON = "unknown: real bars are not mixed with synthetic data"


def unknown(remedy: str = "") -> Response:
    """Return the refusal of Financial Modeling Prep's API, with what would supply the data."""
    return JSONResponse({"Error Message": _said(remedy)}, status_code=STATUS)


def unknown_feed() -> Response:
    """Return the refusal of a news feed."""
    return PlainTextResponse(_said(""), status_code=STATUS)


def _said(remedy: str) -> str:
    return f"{REASON}; {remedy}" if remedy else REASON
