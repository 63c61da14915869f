"""Moments as the TWS protocol writes and reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.clock import NEW_YORK

# TWS names the zone this way; every client's zoneinfo knows the alias.
ZONE_NAME = "US/Eastern"


def zoned(moment: datetime) -> str:
    """Return for example ``20260615 09:30:00 US/Eastern``."""
    return f"{moment.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} {ZONE_NAME}"


def in_utc(moment: datetime) -> str:
    """Return for example ``20260615-13:30:00``, which is UTC by convention."""
    return f"{moment.astimezone(UTC):%Y%m%d-%H:%M:%S}"


def in_new_york(moment: datetime) -> str:
    """Return for example ``20260615-09:30:00``, beside which the zone is stated."""
    return f"{moment.astimezone(NEW_YORK):%Y%m%d-%H:%M:%S}"


@lru_cache(maxsize=4096)
def day(moment: date) -> str:
    """Return for example ``20260615``."""
    return f"{moment:%Y%m%d}"


def parse(text: str) -> datetime | None:
    """Read ``YYYYMMDD HH:MM:SS [zone]`` or ``YYYYMMDD-HH:MM:SS`` (UTC); None when it is neither.

    Without a zone New York is meant, the zone of the exchange.
    """
    if len(text) == 17 and text[8] == "-":
        return _moment(text, "%Y%m%d-%H:%M:%S", zone=UTC)
    parts = text.split()
    if len(parts) not in {2, 3}:
        return None
    zone = zone_of(parts[2]) if len(parts) == 3 else NEW_YORK
    if zone is None:
        return None
    return at(*parts[:2], zone=zone)


def at(date_text: str, clock: str, *, zone: tzinfo) -> datetime | None:
    """Return the moment of ``YYYYMMDD`` and ``HH:MM:SS`` in a zone, None when it is none."""
    return _moment(f"{date_text} {clock}", "%Y%m%d %H:%M:%S", zone=zone)


def zone_of(name: str) -> tzinfo | None:
    """Return the zone of a name, None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "America" is a folder of zones
        return None


def _moment(text: str, pattern: str, *, zone: tzinfo) -> datetime | None:
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=zone)
    except ValueError:
        return None
