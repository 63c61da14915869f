"""What market data an account may see of each symbol, and what TWS says where it may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.tws.messages.market_data import DataType
from simulator.untidy.oddities import Untidiness

Symbol = Annotated[str, Field(min_length=1, max_length=32)]
COMPETING_SESSION = 10197
DELAYED_INSTEAD = (
    10167,
    "Requested market data is not subscribed. Displaying delayed market data.",
)
_DELAYED_AVAILABLE = "Delayed market data is available."


class Access(Enum):
    """What is subscribed for a symbol."""

    LIVE = "live"
    DELAYED = "delayed"  # live data needs a subscription, delayed data do not
    NOT_IN_API = "not-in-api"  # subscribed for the screen, not for programs
    PARTLY = "partly"  # some exchanges only: data come, with a notice
    NONE = "none"  # not even delayed


@dataclass(frozen=True, slots=True)
class Served:
    """The kind of data a request gets, and a notice that comes with it."""

    data_type: DataType
    notice: tuple[int, str] | None = None


class Permissions(BaseModel, frozen=True, extra="forbid"):
    """What the account is subscribed to, by symbol and for all ``others``; everything by default.

    With a ``competing_session`` somebody is logged in live with the same user, and gets all data.
    """

    symbols: Mapping[Symbol, Access] = {}
    others: Access = Access.LIVE
    competing_session: bool = False

    def served(self, symbol: str, asked: DataType) -> Served:
        """Return what a request for a symbol gets. Raises `RequestRefused` as TWS would."""
        if self.competing_session:
            raise RequestRefused(
                "No market data during competing live session", code=COMPETING_SESSION
            )
        access = self.symbols.get(symbol, self.others)
        if access is Access.LIVE:
            return Served(asked)
        if access is Access.PARTLY:
            return Served(asked, (10090, _PARTLY))
        if access is Access.NONE:
            text = "Requested market data is not subscribed."
            raise RequestRefused(f"{text} Delayed market data is not enabled.", code=10168)
        if asked.is_delayed:
            return Served(asked, DELAYED_INSTEAD)
        if access is Access.NOT_IN_API:
            raise RequestRefused(_NOT_IN_API, code=10089)
        raise RequestRefused(
            f"Requested market data is not subscribed.{_DELAYED_AVAILABLE}", code=354
        )


_PARTLY = (
    "Part of requested market data is not subscribed. Subscription-independent ticks are still "
    f"active.{_DELAYED_AVAILABLE}"
)
_NOT_IN_API = (
    "Requested market data requires additional subscription for API. See link in 'Market Data "
    f"Connections' dialog for more details.{_DELAYED_AVAILABLE}"
)


PARTLY_ONE_IN = 8  # names of which part of the data is not subscribed

# Said to whoever connects, of no request.
NOTICES = (
    (2100, "API client has been unsubscribed from account data."),
    (2176, "Warning: Your API version does not support fractional share size rules."),
    (2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds"),
)


def odd_permissions(
    given: Permissions, instruments: Iterable[Instrument], untidy: Untidiness
) -> Permissions:
    """Return permissions with the oddities of a world; what was given for a symbol stays."""
    symbols = dict(given.symbols)
    for instrument in instruments:
        if untidy.strikes("notices", instrument.con_id, one_in=PARTLY_ONE_IN):
            symbols.setdefault(instrument.symbol, Access.PARTLY)
    others = Access.DELAYED if "no-live-data" in untidy else given.others
    return given.model_copy(update={"symbols": symbols, "others": others})
