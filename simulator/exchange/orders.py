"""What an order is to the exchange: its terms, its state, its executions. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from pydantic import AwareDatetime

from core.types import Leg, Side
from simulator.exchange.conditions import Condition


class OrderType(StrEnum):
    """How an order is priced: all that the exchange takes, more than daybook itself sends.

    The types "at the open" are MARKET and LIMIT with the time in force OPG, as TWS has it.
    """

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    TRAIL_LIMIT = "TRAIL LIMIT"
    MARKET_TO_LIMIT = "MTL"  # what does not fill at once rests; here all of it fills
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MARKET_IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"
    MIDPRICE = "MIDPRICE"
    RELATIVE = "REL"  # pegged to the best price of its own side
    PEGGED_TO_MARKET = "PEG MKT"  # to the best price of the other side
    PEGGED_TO_MIDPOINT = "PEG MID"

    @property
    def has_limit(self) -> bool:
        """Whether a limit price belongs to it."""
        return self in {
            OrderType.LIMIT,
            OrderType.STOP_LIMIT,
            OrderType.TRAIL_LIMIT,
            OrderType.LIMIT_ON_CLOSE,
            OrderType.LIMIT_IF_TOUCHED,
        }

    @property
    def has_trigger(self) -> bool:
        """Whether it waits until the market reaches its stop."""
        stops = {OrderType.STOP, OrderType.STOP_LIMIT}
        return self in stops or self.is_trailing or self.is_touched

    @property
    def is_trailing(self) -> bool:
        """Whether its stop follows the market."""
        return self in {OrderType.TRAIL, OrderType.TRAIL_LIMIT}

    @property
    def is_touched(self) -> bool:
        """Whether its stop lies where the market is better, not worse, than it is now."""
        return self in {OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}

    @property
    def is_pegged(self) -> bool:
        """Whether its price follows the quote; its limit, if it has one, is a cap."""
        return self in {
            OrderType.MIDPRICE,
            OrderType.RELATIVE,
            OrderType.PEGGED_TO_MARKET,
            OrderType.PEGGED_TO_MIDPOINT,
        }

    @property
    def is_for_the_close(self) -> bool:
        """Whether it trades in the closing auction only."""
        return self in {OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE}


class TimeInForce(StrEnum):
    """How long an order works."""

    DAY = "DAY"  # until the close of its session
    GTC = "GTC"  # until it is filled or cancelled
    OPG = "OPG"  # in the next opening auction only
    GTD = "GTD"  # until a moment that the order names
    IOC = "IOC"  # at once; what does not fill then is cancelled
    FOK = "FOK"  # at once and as a whole, or not at all

    @property
    def is_immediate(self) -> bool:
        """Whether it meets the market once."""
        return self in {TimeInForce.IOC, TimeInForce.FOK}


class OcaType(IntEnum):
    """What a fill of one order does to the others of its group ("one cancels all")."""

    CANCEL = 1  # cancels them, even a partial fill
    REDUCE = 2  # reduces them in proportion, one order working at a time
    REDUCE_ALL_WORKING = 3  # reduces them in proportion; the default of TWS


class Status(StrEnum):
    """Where an order stands, in the words of TWS."""

    PRE_SUBMITTED = "PreSubmitted"  # accepted, waiting: for the open, its stop, or its parent
    SUBMITTED = "Submitted"  # working at the exchange
    FILLED = "Filled"
    CANCELLED = "Cancelled"

    @property
    def is_done(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in {Status.FILLED, Status.CANCELLED}


AVERAGING = frozenset({"Vwap", "Twap"})  # algorithms that trade at a session's average price


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How IBKR works an order by itself."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order asks for. Prices are per share, quantities shares or contracts.

    A combination has ``legs``; ``con_id`` is then its underlying, ``quantity`` counts
    combinations and prices are net: what the buyer pays per share, below zero what he receives.
    """

    con_id: int
    side: Side
    quantity: int
    order_type: OrderType
    limit_price: float | None
    time_in_force: TimeInForce
    order_ref: str = ""
    stop_price: float | None = None  # of TRAIL: where it begins, None for its distance away
    trail_amount: float | None = None  # of TRAIL: the distance, in money ...
    trail_percent: float | None = None  # ... or in percent of the price
    limit_offset: float | None = None  # of TRAIL LIMIT: how far beyond its stop the limit lies
    parent_id: int = 0  # order id, of the same client; 0: none
    oca_group: str = ""
    oca_type: OcaType = OcaType.REDUCE_ALL_WORKING
    legs: tuple[Leg, ...] = ()
    account: str = ""  # empty: the first account of the market
    offset: float | None = None  # of a pegged order: its distance from what it is pegged to
    offset_share: float | None = None  # the same as a fraction of the price
    good_till: AwareDatetime | None = None  # of GTD
    good_after: AwareDatetime | None = None  # it sleeps until then
    outside_hours: bool = False  # works before and after the regular session too
    conditions: tuple[Condition, ...] = ()
    conditions_ignore_hours: bool = False  # they are looked at outside the regular session too
    conditions_cancel: bool = False  # it works until they are met, instead of from then on
    algorithm: Algorithm | None = None

    @property
    def waits(self) -> bool:
        """Whether it sleeps until a moment or until its conditions are met."""
        return self.good_after is not None or (bool(self.conditions) and not self.conditions_cancel)

    @property
    def is_averaged(self) -> bool:
        """Whether it trades through a session, at its average price."""
        return self.algorithm is not None and self.algorithm.name in AVERAGING

    @property
    def signed_quantity(self) -> int:
        """Shares, contracts or combinations the position would change by."""
        return self.side.sign * self.quantity

    @property
    def trades(self) -> tuple[tuple[int, int], ...]:
        """The conIds a fill trades, and by how much of each it would change the position."""
        if not self.legs:
            return ((self.con_id, self.signed_quantity),)
        return tuple(
            (leg.con_id, self.signed_quantity * leg.side.sign * leg.ratio) for leg in self.legs
        )


@dataclass(frozen=True, slots=True)
class Execution:
    """A part of an order that traded."""

    execution_id: str
    perm_id: int
    con_id: int
    side: Side
    quantity: int
    price: float
    time: datetime
    commission: float
    realized: float | None  # gain on what it closed; None when it closed nothing
    cumulative_quantity: int  # of the order, this execution included
    average_price: float  # of the order so far
    is_combination: bool = False  # repeats what the executions of the legs say, in one line


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An accepted order and what became of it."""

    perm_id: int
    order_id: int
    client_id: int
    terms: OrderTerms
    placed_at: datetime
    status: Status
    filled: int = 0
    notional: float = 0.0  # sum of quantity times price over the executions
    commission: float = 0.0
    executions: int = 0
    last_price: float = 0.0
    done_at: datetime | None = None
    reason: str = ""  # why it was cancelled
    stop: float | None = None  # where a trailing stop stands
    triggered: bool = False  # the market has reached the stop
    has_parent: bool = False  # waits until its parent is filled
    released: bool = False  # what it waited for has come
    changed_at: datetime | None = None  # when it last got new terms or stopped waiting
    executions_before: int = 0  # of the account, as it was placed
    peg: float | None = None  # where a pegged order stands

    @property
    def works_since(self) -> datetime:
        """The moment that all that fills it comes after."""
        return self.changed_at or self.placed_at

    @property
    def remaining(self) -> int:
        """Shares still to trade."""
        return self.terms.quantity - self.filled

    @property
    def average_price(self) -> float:
        """Average price of the executions, 0 before the first."""
        return self.notional / self.filled if self.filled else 0.0

    @property
    def awaits_trigger(self) -> bool:
        """Whether a stop keeps it from the market."""
        return self.terms.order_type.has_trigger and not self.triggered

    @property
    def is_held(self) -> bool:
        """Whether it waits for its parent, its time or its conditions, unseen by the exchange."""
        return self.has_parent or (self.terms.waits and not self.released)

    @property
    def why_held(self) -> str:
        """What it waits for, in the words of TWS; a condition counts as a trigger."""
        sleeps = self.terms.waits and not self.released
        reasons = {"child": self.has_parent, "trigger": self.awaits_trigger or sleeps}
        return ",".join(reason for reason, holds in reasons.items() if holds)
