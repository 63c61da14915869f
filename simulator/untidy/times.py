"""Moments of executions as versions and settings of TWS write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulator.untidy.oddities import Untidiness

# Names that TWS has written, with the zone they mean; summer has names of its own.
_NAMED = (
    ("America/New_York", "US/Eastern", "US/Eastern"),
    ("America/New_York", "EST (Eastern Standard Time)", "EST (Eastern Standard Time)"),
    ("America/Chicago", "Central Standard Time", "Central Daylight Time"),
    ("Europe/London", "GB-Eire", "British Summer Time"),
    ("Europe/Berlin", "MET (Middle Europe Time)", "Central European Summer Time"),
    ("Europe/Bucharest", "EET", "Eastern European Summer Time"),
    ("Asia/Tokyo", "JST (Japan)", "JST (Japan)"),
    ("Asia/Shanghai", "China Standard Time", "China Standard Time"),
)


def odd_time(moment: datetime, usual: str, untidy: Untidiness, *key: object) -> str:
    """Return the time of an execution; ``usual`` is how a tidy world writes it."""
    if "execution-times" not in untidy:
        return usual
    drawn = untidy.draw("execution-times", *key)
    if drawn < 0.02:
        return usual.rpartition(" ")[0] + " Nowhere/At-all"
    if drawn < 0.3:
        return f"{moment.astimezone(UTC):%Y%m%d-%H:%M:%S}"
    zone, winter, summer = _NAMED[int(drawn * 997) % len(_NAMED)]
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%Y%m%d %H:%M:%S} {summer if local.dst() else winter}"
