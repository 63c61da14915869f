"""What the gateway says of orders, the account and the market, one value per message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
    time: datetime | None  # None: what TWS wrote could not be read


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
    average_cost: float
    unrealized: float
    realized: float


@dataclass(frozen=True, slots=True)
class Summarised:
    """One figure of an account summary."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class Profit:
    """What an account or a position gained. The largest double says "not known"."""

    daily: float
    unrealized: float
    realized: float
    quantity: float = 0.0  # of a position
    value: float = 0.0  # of a position


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


@dataclass(frozen=True, slots=True)
class Generic:
    """A tick that is a number and no price: halted, volatilities, open interest."""

    kind: int
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A tick, or a news article, that is a text; for an article ``kind`` is its format."""

    kind: int
    value: str


@dataclass(frozen=True, slots=True)
class Computed:
    """What IBKR computed of an option, as sent: -1 and -2 say "not computed"."""

    kind: int  # of price: 10 bid, 11 ask, 12 last, 13 model; 80 to 83 delayed
    implied_volatility: float
    delta: float
    price: float
    dividends: float
    gamma: float
    vega: float
    theta: float
    underlying_price: float


@dataclass(frozen=True, slots=True)
class DepthRow:
    """A change of the order book: operation 0 insert, 1 update, 2 delete; side 0 ask, 1 bid."""

    place: int
    operation: int
    side: int
    price: float
    size: float
    maker: str = ""


@dataclass(frozen=True, slots=True)
class OptionClass:
    """The expirations and strikes of one trading class at one exchange, as sent."""

    exchange: str
    underlying: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The sessions of a contract and the zone their times are in."""

    zone: str
    sessions: tuple[ib_async.HistoricalSession, ...]


@dataclass(frozen=True, slots=True)
class Headlined:
    """One headline, as sent. ``time`` is UTC, ``YYYY-MM-DD HH:MM:SS.0``."""

    time: str
    provider: str
    article: str
    headline: str
