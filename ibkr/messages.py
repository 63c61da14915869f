"""What the gateway says of orders and of the account, one value per message."""

from __future__ import annotations

from dataclasses import dataclass

import ib_async


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that exists at the broker, with the state it was in when it was told."""

    contract: ib_async.Contract
    order: ib_async.Order
    state: ib_async.OrderState


@dataclass(frozen=True, slots=True)
class CompletedOrder:
    """An order that is over. It carries no order id and no client id."""

    contract: ib_async.Contract
    order: ib_async.Order
    state: ib_async.OrderState


@dataclass(frozen=True, slots=True)
class Status:
    """A change of an order's status."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: float


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution. Its commission comes in a message of its own, before or after."""

    contract: ib_async.Contract
    execution: ib_async.Execution


@dataclass(frozen=True, slots=True)
class Held:
    """A position: how many, at what cost."""

    account: str
    contract: ib_async.Contract
    quantity: float
    average_cost: float


@dataclass(frozen=True, slots=True)
class Valued:
    """A position as the account page shows it: how many, at what price."""

    account: str
    contract: ib_async.Contract
    quantity: float
    market_price: float
    market_value: float


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One figure of the account. A figure may exist once per currency."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of a snapshot. ``price`` is None for a tick that only tells a size."""

    kind: int
    price: float | None
    size: float


@dataclass(frozen=True, slots=True)
class DataType:
    """How fresh the ticks of a snapshot are: 1 live, 2 frozen, 3 delayed, 4 delayed-frozen."""

    kind: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of a market scan."""

    rank: int
    contract: ib_async.Contract
