"""Moments inside an order: until when it is good, from when on, the time of a condition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.clock import NEW_YORK
from simulator.tws.messages import times

# The code of each field, and what TWS calls it.
GOOD_AFTER, GOOD_TILL, CONDITION = (337, "Start Time"), (391, "End Time"), (343, "Time")
NO_ZONE = 2174
NO_ZONE_TEXT = (
    "Warning: You submitted request with date-time attributes without explicit time zone. Please "
    "switch to use yyyymmdd-hh:mm:ss in UTC or use instrument time zone, like US/Eastern. Implied "
    "time zone functionality will be removed in the next API release"
)
_INVALID = (
    "{}: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss "
    "xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern  Note "
    "that there is a space between the date and time, and between the time and time-zone.  If no "
    "date is specified, current date is assumed. If no time-zone is specified, local time-zone is "
    "assumed(deprecated).  You can also provide yyyymmddd-hh:mm:ss time is in UTC. Note that there "
    "is a dash between the date and time in UTC notation."
)
_FORM = re.compile(r"(?:(\d{8}) +)?(\d{1,2}:\d{2}:\d{2})(?: +(\S+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a client wrote it."""

    at: datetime
    names_zone: bool


def read_moment(text: str, field: tuple[int, str], *, now: datetime) -> Moment:
    """Read a moment; the date may be missing, and the zone, for which New York stands.

    The zone of the gateway itself is what TWS assumes. Raises `RequestRefused` with the code of
    the ``field``.
    """
    said = text.strip()
    in_utc = times.parse(said) if "-" in said[:9] else None
    if in_utc is not None:
        return Moment(in_utc, names_zone=True)
    found = _FORM.fullmatch(said)
    if found is not None:
        day, clock, name = found.groups()
        zone = times.zone_of(name) if name else NEW_YORK
        if zone is not None:
            day = day or f"{now.astimezone(zone):%Y%m%d}"
            at = times.at(day, clock, zone=zone)
            if at is not None:
                return Moment(at, names_zone=bool(name))
    code, label = field
    raise RequestRefused(_INVALID.format(label), code=code)
