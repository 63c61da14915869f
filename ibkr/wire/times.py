"""Moments and time zones as TWS writes them, in one place for every message.

Nothing here passes through the zone of this computer: ib_async reads a time without a zone of its
own as local to the host, and so it does with ``20260824-20:00:12``, which is UTC (ib_async#230).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from core.errors import DataError

# Short names that TWS uses, for zones with summer time: the zone database has none of them, or,
# of EST, MST and MET, one without the present rules of any market.
_SHORT_NAMES = {
    "EST": "America/New_York", "EDT": "America/New_York", "EST5EDT": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CST6CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles",
    "BST": "Europe/London", "MET": "Europe/Berlin", "MEZ": "Europe/Berlin",
    "CEST": "Europe/Berlin", "EEST": "Europe/Bucharest", "EET": "Europe/Bucharest",
    "JST": "Asia/Tokyo", "HKT": "Asia/Hong_Kong", "SGT": "Asia/Singapore", "KST": "Asia/Seoul",
    "IST": "Asia/Kolkata", "AET": "Australia/Sydney", "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney", "ACT": "Australia/Darwin", "NZT": "Pacific/Auckland",
    "BRT": "America/Sao_Paulo", "GST": "Asia/Dubai", "MSK": "Europe/Moscow", "Z": "UTC",
}  # fmt: skip

# Long names, in brackets behind a short one or alone, that Windows' table does not have or gives
# to another zone. "Daylight" and "Summer" are read as "Standard".
_LONG_NAMES = {
    "British Standard Time": "Europe/London", "Greenwich Mean Time": "Europe/London",
    "Western European Time": "Europe/Lisbon", "Central European Time": "Europe/Berlin",
    "Middle Europe Time": "Europe/Berlin", "Eastern European Time": "Europe/Bucharest",
    "Irish Standard Time": "Europe/Dublin", "Moscow Standard Time": "Europe/Moscow",
    "Israel Standard Time": "Asia/Jerusalem", "Arabia Standard Time": "Asia/Riyadh",
    "China Standard Time": "Asia/Shanghai", "Hong Kong Time": "Asia/Hong_Kong",
    "Hong Kong Standard Time": "Asia/Hong_Kong", "Singapore Time": "Asia/Singapore",
    "Japan Standard Time": "Asia/Tokyo", "Japan": "Asia/Tokyo",
    "Korea Standard Time": "Asia/Seoul", "Korean Standard Time": "Asia/Seoul",
    "Australian Eastern Standard Time": "Australia/Sydney",
    "Coordinated Universal Time": "UTC",
}  # fmt: skip

# Stands for a time that could not be read, until a message of ours can say None.
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)

_DAY = r"(\d{4})-?(\d\d)-?(\d\d)"
_CLOCK = r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?"
_IN_UTC = re.compile(f"{_DAY}-{_CLOCK}")
_IN_A_ZONE = re.compile(rf"{_DAY} +{_CLOCK}(?: +(\S.*?))? *")
_EPOCH_DIGITS = 9  # fewer are a date


def zone(name: str) -> ZoneInfo:
    """Return a time zone by the name that TWS gives it, such as ``EST (Eastern Standard Time)``.

    Names of the zone database, of Windows and short ones are read. Raises `DataError`.
    """
    short, _, rest = name.strip().partition(" (")
    spoken = re.sub(r"Daylight|Summer", "Standard", rest.rstrip(")") or short)
    if spoken.endswith("European Standard Time"):
        spoken = spoken.replace(" Standard", "")
    known = _LONG_NAMES.get(spoken) or _SHORT_NAMES.get(short) or win_tz.get(spoken) or short
    try:
        return ZoneInfo(known)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DataError(f"{name!r} is no time zone that is known here") from error


def moment(text: str, *, local: str = "") -> datetime:
    """Return a moment in UTC, whole seconds.

    ``YYYYMMDD-HH:MM:SS`` is UTC, ``YYYYMMDD HH:MM:SS ZONE`` says its zone, digits alone are seconds
    since 1970. A time without a zone is in that of TWS, ``local``. Raises `DataError` for anything
    else, and where neither says a zone.
    """
    if found := _IN_UTC.fullmatch(text):
        digits, place = "".join(found.groups()), "UTC"
    elif stated := _IN_A_ZONE.fullmatch(text):
        *parts, named = stated.groups()
        digits, place = "".join(parts), named or local
        if not place:
            raise DataError(f"{text!r} has no time zone, and TWS has not said its own")
    elif text.isascii() and text.isdigit() and len(text) >= _EPOCH_DIGITS:
        return _epoch(text)
    else:
        raise DataError(f"{text!r} is not a time")
    try:
        stated_at = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone(place))
        return stated_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{text!r} is not a time: {error}") from error


def _epoch(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DataError(f"{text!r} is not a time: {error}") from error
