"""What IBKR refuses of a request for bars before anybody looks for the bars."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.clock import stopwatch
from core.errors import RequestRefused
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.protocol.frames import Fields

REFUSED = 162
SAME_REQUEST, SAME_CONTRACT, ANY_REQUEST = 15.0, 2.0, 600.0  # seconds looked back
MOST_OF_CONTRACT, MOST_REQUESTS = 5, 60
SMALL = frozenset({"1 secs", "5 secs", "10 secs", "15 secs", "30 secs"})
_UNIT_SECONDS = {"secs": 1, "min": 60, "mins": 60, "hour": 3600, "hours": 3600, "day": 86400,
                 "week": 604_800, "month": 2_592_000}  # fmt: skip
_DURATION_SECONDS = {"S": 1, "D": 86400, "W": 604_800, "M": 2_592_000, "Y": 31_536_000}
# Up to this many seconds of history, bars from the one to the other size are served.
# Source: IBKR's table of valid duration and bar size settings.
_STEPS = (
    (60, 1, 60), (120, 1, 120), (1800, 1, 1800), (3600, 5, 3600), (14_400, 10, 10_800),
    (28_800, 30, 28_800), (86_400, 60, 86_400), (172_800, 120, 86_400), (604_800, 180, 604_800),
    (2_592_000, 1800, 2_592_000),
)  # fmt: skip
_LONGEST_STEP = (86_400, 2_592_000)  # beyond: daily to monthly bars


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request for bars that limits look at."""

    query: ContractQuery
    end: str
    bar_size: str
    duration: str
    what: str

    @classmethod
    def read(cls, fields: Fields) -> Asked:
        """Decode the beginning of the request, from its id on."""
        fields.identify()
        query = ContractQuery.read(fields)
        fields.skip("includeExpired")
        end, bar_size, duration = (fields.text(name) for name in ("end", "barSize", "duration"))
        fields.skip("useRTH")
        return cls(query, end, bar_size, duration, fields.text("whatToShow"))


def refuse_step(asked: Asked) -> None:
    """Refuse bars too small or too large for their duration; unknown words are left to others."""
    bar, span = _bar_seconds(asked.bar_size), _span_seconds(asked.duration)
    if bar is None or span is None:
        return
    smallest, largest = next((bars for bars in _ranges(span)), _LONGEST_STEP)
    if not smallest <= bar <= largest:
        raise _refusal(
            f"invalid step: {asked.bar_size} bars do not go with a duration of {asked.duration}"
        )


class SmallBarPacing:
    """The rules for bars of 30 seconds and less. BID_ASK counts twice."""

    def __init__(self, *, seconds: Callable[[], float] = stopwatch) -> None:
        self._seconds = seconds
        self._past: deque[tuple[float, Asked]] = deque()

    def refuse_violation(self, asked: Asked) -> None:
        """Refuse a request that comes too soon after others; else remember it."""
        if asked.bar_size not in SMALL:
            return
        now = self._seconds()
        while self._past and self._past[0][0] <= now - ANY_REQUEST:
            self._past.popleft()
        repeated = any(then > now - SAME_REQUEST and past == asked for then, past in self._past)
        of_contract = sum(
            _weight(past)
            for then, past in self._past
            if then > now - SAME_CONTRACT and (past.query, past.what) == (asked.query, asked.what)
        )
        in_all = sum(_weight(past) for _, past in self._past)
        if (
            repeated
            or of_contract + _weight(asked) > MOST_OF_CONTRACT
            or in_all + _weight(asked) > MOST_REQUESTS
        ):
            raise _refusal("Historical data request pacing violation")
        self._past.append((now, asked))


def _weight(asked: Asked) -> int:
    return 2 if asked.what == "BID_ASK" else 1


def _ranges(span: int) -> Iterator[tuple[int, int]]:
    return ((smallest, largest) for most, smallest, largest in _STEPS if span <= most)


def _bar_seconds(bar_size: str) -> int | None:
    number, _, unit = bar_size.partition(" ")
    return int(number) * _UNIT_SECONDS[unit] if number.isdigit() and unit in _UNIT_SECONDS else None


def _span_seconds(duration: str) -> int | None:
    number, _, unit = duration.partition(" ")
    known = number.isdigit() and unit in _DURATION_SECONDS
    return int(number) * _DURATION_SECONDS[unit] if known else None


def _refusal(reason: str) -> RequestRefused:
    return RequestRefused(f"Historical Market Data Service error message:{reason}", code=REFUSED)
