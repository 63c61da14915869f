"""A request for bars as a client sends it, and what is refused of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from core.types import Leg
from simulator.market.market import Instrument
from simulator.prices.bar_sizes import BAR_SIZES
from simulator.tws.messages import times
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.subscriptions import read_legs

HISTORY_FAILED = 162
_DURATION = re.compile(r"([1-9][0-9]{0,5}) ([SDWMY])")
_LONGEST = {"S": 86400, "D": 365, "W": 52, "M": 12, "Y": 50}


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A request for bars, as the client sent it."""

    request_id: int
    query: ContractQuery
    end: str
    bar_size: str
    duration: str
    what: str
    keep_up_to_date: bool
    legs: tuple[Leg, ...] = ()
    as_epoch: bool = False

    @classmethod
    def read(cls, fields: Fields) -> HistoryRequest:
        """Decode the request."""
        request_id = fields.identify()
        query = ContractQuery.read(fields)
        fields.flag("includeExpired")
        end, bar_size, duration = (
            fields.text(name) for name in ("endDateTime", "barSizeSetting", "durationStr")
        )
        fields.flag("useRTH")  # nothing trades at other times
        what = fields.text("whatToShow")
        as_epoch = fields.whole("formatDate") == 2  # a daily bar has one spelling in both
        legs = read_legs(fields, query)
        keep_up_to_date = fields.flag("keepUpToDate")
        fields.skip("chartOptions")
        fields.end()
        return cls(
            request_id, query, end, bar_size, duration, what, keep_up_to_date, legs, as_epoch
        )

    def span(self) -> tuple[int, str]:
        """Refuse what no market could serve; return the duration as number and unit."""
        if self.bar_size not in BAR_SIZES:
            legal = ", ".join(BAR_SIZES)
            raise _invalid(f"Historical data bar size setting is invalid. Legal ones are: {legal}")
        if self.keep_up_to_date and self.end:
            raise _invalid("End date not supported with keepUpToDate")
        if self.what == "ADJUSTED_LAST" and self.end:
            raise _invalid("End Date not supported with adjusted last")
        match = _DURATION.fullmatch(self.duration)
        if match is None:
            raise _invalid(
                "Historical data query duration string is invalid: an integer, a blank and one of "
                f"S, D, W, M, Y are expected, not {self.duration!r}"
            )
        number, unit = int(match[1]), match[2]
        if number > _LONGEST[unit]:
            raise _invalid(
                "Historical data requests for durations longer than 365 days must be made in years."
            )
        return number, unit

    def end_by(self, now: datetime) -> datetime:
        """Return the end that was asked for, but never one after ``now``."""
        if not self.end:
            return now
        end = times.parse(self.end)
        if end is None:
            raise _invalid(
                f"Invalid end date/time {self.end!r}: 'yyyymmdd hh:mm:ss zone' or "
                "'yyyymmdd-hh:mm:ss' in UTC is expected"
            )
        return min(end, now)


def no_data(instrument: Instrument, what: str) -> RequestRefused:
    """Return what TWS says when there is nothing of this kind."""
    about = f"{instrument.symbol}@{instrument.routed_to} {what.replace('_', ' ').title()}"
    return failed(f"HMDS query returned no data: {about}")


def failed(reason: str) -> RequestRefused:
    """Return what TWS says when its data service gives no bars."""
    return RequestRefused(
        f"Historical Market Data Service error message:{reason}", code=HISTORY_FAILED
    )


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bT' : cause - {cause}", code=VALIDATION_FAILED
    )
