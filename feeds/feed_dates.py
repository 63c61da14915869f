"""Dates as newspapers write them, beside those that feedparser reads.

feedparser takes the hour of ``08:28 PM`` for one of the morning and reads ``2026-06-15 09:00 UTC``
as midnight: half a day off, without a word. Where a date has a clock of twelve hours, a zone behind
a blank, or another order than RFC 822, it is read here; everything else is left to feedparser. A
day and month in figures are read only beside a clock of twelve hours, which is American: 5/6 may be
in May or in June.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import feedparser

LONGEST = 80  # characters

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 822 (section 5.1), and the summer and winter times of Europe's newspapers.
_HOURS = {
    "": 0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
}  # fmt: skip
_WEEKDAY = r"(?:[a-z]{2,9}\.?,?\s*)?"
_TIME = r"""
    [\s,t-]*(?:at\s)?\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?
    \s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>[a-z]{0,4})\s*
    (?:(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?
    \s*(?:\([a-z\s]*\))?"""
_FORMS = tuple(
    re.compile(form + _TIME, re.VERBOSE)
    for form in (
        _WEEKDAY + r"(?P<day>\d{1,2})[\s-](?P<name>[a-z]{3})[a-z]*\.?,?[\s-](?P<year>\d{4})",
        _WEEKDAY
        + r"(?P<name>[a-z]{3})[a-z]*\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})(?=.*\d\s?[ap]\.?m\b)",
    )
)


def odd_date(text: str) -> time.struct_time | None:
    """Return the moment, in UTC, that a date names with its time of day; None: not read here.

    >>> odd_date("Fri, Jun 26 2026 10:04:03 PM")[:5]
    (2026, 6, 26, 22, 4)
    >>> odd_date("5/6/2026 09:00") is None
    True
    """
    said = " ".join(text[: LONGEST + 1].lower().split())
    if len(said) > LONGEST:
        return None
    for form in _FORMS:
        found = form.fullmatch(said)
        if found:
            return _moment({name: value or "" for name, value in found.groupdict().items()})
    return None


def _moment(parts: dict[str, str]) -> time.struct_time | None:
    hours = _HOURS.get(parts["zone"])
    name = parts.get("name")
    if hours is None or (name and name not in _MONTHS):
        return None  # feedparser may know it
    hour = int(parts["hour"])
    if parts["half"]:
        if not 1 <= hour <= 12:
            parts["half"] = ""  # "13:05 PM": the clock has 24 hours after all
        else:
            hour = hour % 12 + (12 if parts["half"].startswith("p") else 0)
    ahead = timedelta(hours=hours)
    if parts["sign"]:
        ahead = timedelta(hours=int(parts["hours"]), minutes=int(parts["minutes"]))
        ahead = -ahead if parts["sign"] == "-" else ahead
    try:
        moment = datetime(
            int(parts["year"]),
            _MONTHS.index(name) + 1 if name else int(parts["month"]),
            int(parts["day"]),
            hour,
            int(parts["minute"]),
            min(int(parts["second"] or 0), 59),  # a leap second is written as 60
            tzinfo=UTC,
        )
        return (moment - ahead).utctimetuple()
    except (ValueError, OverflowError):
        return None


# Asked before feedparser's own readers, for every date of every feed.
feedparser.registerDateHandler(odd_date)
