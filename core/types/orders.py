"""What is sent to the broker, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum

from core.errors import DataError
from core.money import BASE, Money, Rates


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order is priced."""

    MARKET = "MKT"
    LIMIT = "LMT"


class OrderStatus(StrEnum):
    """Where an order stands, as the broker confirmed it. UNCERTAIN is ours: sent, unconfirmed."""

    PENDING = "pending"
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Leg:
    """One instrument of a combination, as whoever buys the combination trades it."""

    con_id: int
    side: Side
    ratio: int  # contracts, or shares of a stock, in one combination


@dataclass(frozen=True, slots=True)
class Order:
    """An order to be sent, with everything that decides what it does.

    ``order_ref`` is our own deterministic name for it; the broker hands it back in open orders,
    completed orders and executions, so it is what an order is recognised by.
    """

    con_id: int
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType
    limit_price: float | None
    time_in_force: str
    order_ref: str
    outside_rth: bool = False

    @property
    def changes(self) -> dict[int, int]:
        """What filling the whole order does to the positions, by conId."""
        return {self.con_id: self.side.sign * self.quantity}

    @property
    def parts(self) -> tuple[Leg, ...]:
        """The legs that trade together; none for a single instrument."""
        return ()


@dataclass(frozen=True, slots=True)
class ComboOrder(Order):
    """An order for several instruments at once: all legs trade together, or none.

    ``con_id`` and ``symbol`` are the underlying's, ``quantity`` counts combinations. SELL trades
    each leg the other way round. ``limit_price`` is net, per share: what the buyer of the
    combination pays and its seller receives. Its legs are written so that this is above zero.
    """

    legs: tuple[Leg, ...] = field(kw_only=True)

    @property
    def changes(self) -> dict[int, int]:
        """What filling the whole order does to the positions, by conId."""
        whole = self.side.sign * self.quantity
        return {leg.con_id: leg.side.sign * leg.ratio * whole for leg in self.legs}

    @property
    def parts(self) -> tuple[Leg, ...]:
        """The legs that trade together."""
        return self.legs


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The broker's answer to "what if this order filled?", in the account's base currency.

    ``accepted`` is true only for a complete, finite answer without a rejection: an unanswered or
    half-answered what-if is not a pass. ``beyond_margin`` marks a rejection that says that the
    account's equity would not cover the margin: a smaller order may be accepted.
    """

    order_ref: str
    accepted: bool
    reason: str
    initial_margin_change: float | None = None
    initial_margin_after: float | None = None
    maintenance_margin_change: float | None = None
    maintenance_margin_after: float | None = None
    equity_with_loan_after: float | None = None
    commission: float | None = None
    warning: str = ""
    beyond_margin: bool = False

    @property
    def margin_exceeded(self) -> bool:
        """Whether equity would no longer cover the margin, initial or maintenance."""
        after = (
            self.initial_margin_after,
            self.maintenance_margin_after,
            self.equity_with_loan_after,
        )
        if not self.accepted or any(value is None for value in after):
            return True
        initial, maintenance, equity = (value for value in after if value is not None)
        return not (initial <= equity and maintenance <= equity)

    def in_base(self, rates: Rates) -> WhatIf:
        """Return the answer with every amount in the base currency."""
        del rates
        return self


@dataclass(frozen=True, slots=True)
class BrokerWhatIf(WhatIf):
    """The answer as the broker gives it: of the commission it names the currency."""

    commission_currency: str = BASE

    def in_base(self, rates: Rates) -> WhatIf:
        """Return the answer with every amount in the base currency.

        A commission without a rate is not known: None.
        """
        told = {each.name: getattr(self, each.name) for each in fields(WhatIf)}
        if self.commission is not None:
            try:
                paid = rates.in_base(Money(self.commission, self.commission_currency))
                told["commission"] = paid.amount
            except DataError:
                told["commission"] = None
        return WhatIf(**told)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution with its commission.

    ``price`` is as the contract's market quotes it. ``commission`` is in the currency that the
    broker charges it in, and None until it is reported. ``time`` is UTC, and None where what the
    broker wrote could not be read.
    """

    execution_id: str
    order_ref: str
    con_id: int
    symbol: str
    side: Side
    quantity: float
    price: float
    time: datetime | None
    commission: Money | None


def oldest_first(fill: Fill) -> tuple[bool, datetime, str]:
    """Return what to sort fills by: their time, those whose time is not known last."""
    return fill.time is None, fill.time or datetime.max.replace(tzinfo=UTC), fill.execution_id


@dataclass(frozen=True, slots=True)
class OrderState:
    """What the broker says of an order: state, quantity done, and who it is.

    A combination has ``legs``: its quantities count combinations, its fills are those of its legs.
    """

    order_ref: str
    con_id: int
    symbol: str
    side: Side
    quantity: float
    status: OrderStatus
    filled: float
    perm_id: int
    message: str = ""
    fills: tuple[Fill, ...] = field(default=())
    legs: tuple[Leg, ...] = field(default=())

    @classmethod
    def of(
        cls,
        order: Order,
        *,
        status: OrderStatus,
        filled: float = 0.0,
        perm_id: int = 0,
        message: str = "",
        fills: tuple[Fill, ...] = (),
    ) -> OrderState:
        """Return the state of an order of ours."""
        return cls(
            order_ref=order.order_ref,
            con_id=order.con_id,
            symbol=order.symbol,
            side=order.side,
            quantity=float(order.quantity),
            status=status,
            filled=filled,
            perm_id=perm_id,
            message=message,
            fills=fills,
            legs=order.parts,
        )
