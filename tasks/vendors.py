"""The sources that are not IBKR, opened from the settings."""

from __future__ import annotations

from pydantic import SecretStr

from core.errors import VendorError
from core.settings import VendorSettings
from feeds.earnings import Earnings
from feeds.fundamentals import Fundamentals
from feeds.http import Fetcher
from feeds.macro import Macro


def fundamentals_vendor(settings: VendorSettings) -> Fundamentals:
    """Open the fundamentals vendor. Raises `VendorError` when none is set."""
    return Fundamentals(Fetcher(settings), *_address(settings))


def macro_vendor(settings: VendorSettings) -> Macro:
    """Open the source of macro gauges, which is the fundamentals vendor's."""
    return Macro(Fetcher(settings), *_address(settings))


def earnings_vendor(settings: VendorSettings) -> Earnings:
    """Open the earnings calendar, which is the fundamentals vendor's."""
    return Earnings(Fetcher(settings), *_address(settings))


def _address(settings: VendorSettings) -> tuple[str, SecretStr]:
    if settings.fundamentals_url is None or settings.fundamentals_key is None:
        raise VendorError(
            "no fundamentals vendor: set vendors.fundamentals_url and vendors.fundamentals_key"
        )
    return settings.fundamentals_url, settings.fundamentals_key
