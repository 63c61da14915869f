"""What an account owns: cash by currency, holdings, and everything that changed them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import trunc
from types import MappingProxyType
from typing import TypeVar

from simulator.exchange.holdings import Holding, after_split, after_trade
from simulator.exchange.orders import Execution
from simulator.market.market import Instrument
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView


class Cause(StrEnum):
    """What changed a position, or paid on it, without an order."""

    EXPIRED = "expired"  # worthless
    CASH_SETTLED = "cash-settled"
    LAPSED = "lapsed"  # in the money, but its holder wanted it so
    EXERCISED = "exercised"
    ASSIGNED = "assigned"
    DIVIDEND = "dividend"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A change of a position, or a payment on it, that no order asked for.

    ``quantity`` changed hands at ``price`` per share; ``paid`` came in beyond that.
    """

    con_id: int
    time: datetime
    cause: Cause
    quantity: float = 0
    price: float = 0.0
    paid: float = 0.0  # in the instrument's currency
    realized: float | None = None  # as in `Execution`


Event = TypeVar("Event", Execution, Settlement)


class Positions:
    """Cash, holdings, executions and settlements of one account.

    A future costs nothing to hold: its gain reaches the cash when it is closed. A currency pair
    exchanges one balance for another; its holding, which TWS calls a virtual position, only
    remembers at what rate.
    """

    def __init__(
        self,
        view: MarketView,
        *,
        cash: float,
        now: datetime,
        opening: Mapping[int, Holding] = MappingProxyType({}),
    ) -> None:
        self.view = view
        self.cash = cash  # in base currency
        self.balances: dict[str, float] = {}  # in other currencies
        self.holdings = dict(opening)  # by conId; none without shares
        self.lapsing: dict[int, int] = {}  # contracts not to be exercised at expiration
        self.executions: list[Execution] = []  # in order of time
        self.settlements: list[Settlement] = []  # in order of time
        self.day_began = now
        # Quantities by conId as the day began.
        self.overnight = {con_id: held.quantity for con_id, held in opening.items()}

    def trade(
        self, con_id: int, signed: float, price: float, commission: float, now: datetime
    ) -> float | None:
        """Change cash and holding; return the realized gain, None when nothing was closed.

        ``commission`` is in base currency, the gain in the instrument's, net of commission.
        """
        instrument = self.view.instrument(con_id)
        cost = commission / rate(self.view, instrument.currency, now)
        held = self.holdings.get(con_id, Holding())
        after, realized = after_trade(held, signed, price * instrument.multiplier, cost)
        self._hold(con_id, after)
        if instrument.sec_type == "FUT":
            self._receive(instrument.currency, realized or 0.0)
            return realized
        if instrument.sec_type == "CASH":
            self._receive(instrument.symbol, signed)
        self._pay(instrument.currency, signed * price * instrument.multiplier, commission)
        return realized

    def close(
        self, con_id: int, price: float, cause: Cause, now: datetime, *, part: float | None = None
    ) -> Settlement:
        """End a position, or a part of it, at a price and without commission."""
        quantity = -(self.holdings[con_id].quantity if part is None else part)
        realized = self.trade(con_id, quantity, price, 0.0, now)
        return self._settled(Settlement(con_id, now, cause, quantity, price, realized=realized))

    def unlapsed(self, con_id: int) -> int:
        """Return how many contracts of an option are held and not to lapse; 0 of a written one."""
        held = int(self.holdings.get(con_id, Holding()).quantity)
        return max(held - self.lapsing.get(con_id, 0), 0)

    def exercise(
        self, option: Instrument, now: datetime, *, part: int | None = None
    ) -> tuple[Settlement, Settlement]:
        """Turn options held or written, or a part of them, into shares at their strike.

        What the option cost becomes part of what the shares cost, as on IBKR's statements, so the
        option itself realizes nothing. A fraction of a share, which an underlying that was split
        can leave, is paid in cash.
        """
        assert option.underlying is not None
        assert option.strike is not None
        held = self.holdings[option.con_id]
        quantity = held.quantity if part is None else part
        cause = Cause.EXERCISED if quantity > 0 else Cause.ASSIGNED
        self._hold(option.con_id, Holding(held.quantity - quantity, held.average_cost))
        gone = self._settled(Settlement(option.con_id, now, cause, -quantity))
        direction = 1 if option.right == "C" else -1
        exact = direction * quantity * self.view.deliverable(option.con_id, now)
        shares = round(exact) if abs(exact - round(exact)) < 1e-9 else trunc(exact)
        strikes = direction * quantity * option.multiplier * option.strike
        spot = self.view.mark(option.underlying, now) or 0.0
        paid = strikes - (exact - shares) * spot  # for the whole shares
        before = self.holdings.get(option.underlying, Holding())
        premium = quantity * held.average_cost
        after, realized = after_trade(before, shares, paid / shares, premium)
        self._hold(option.underlying, after)
        self._pay(option.currency, paid, 0.0)
        came = Settlement(option.underlying, now, cause, shares, paid / shares, 0.0, realized)
        return gone, self._settled(came)

    def receive_dividend(self, con_id: int, amount: float, now: datetime) -> Settlement:
        """Pay ``amount`` per share held; who is short pays it."""
        paid = round(self.holdings[con_id].quantity * amount, 2)
        self._receive(self.view.instrument(con_id).currency, paid)
        return self._settled(Settlement(con_id, now, Cause.DIVIDEND, paid=paid))

    def split(self, con_id: int, ratio: float, price: float) -> None:
        """Multiply a holding; cash is paid for a fraction of a share at the new ``price``."""
        after, cash = after_split(self.holdings[con_id], ratio, price)
        self._hold(con_id, after)
        self._receive(self.view.instrument(con_id).currency, cash)

    def begin_day(self, now: datetime) -> None:
        """Note what is held, which the day's gain is measured from."""
        self.day_began = now
        self.overnight = {con_id: held.quantity for con_id, held in self.holdings.items()}

    def realized_since(self, moment: datetime) -> dict[int, float]:
        """Return the gains realized at or after a moment, by conId, in its currency."""
        gains: dict[int, float] = {}
        for con_id, realized in self._realized(moment):
            gains[con_id] = gains.get(con_id, 0.0) + realized
        return gains

    def _realized(self, moment: datetime) -> Iterator[tuple[int, float]]:
        for execution in since(self.executions, moment):
            if execution.realized is not None:
                yield execution.con_id, execution.realized
        for settlement in since(self.settlements, moment):
            if settlement.realized is not None:
                yield settlement.con_id, settlement.realized

    def _settled(self, settlement: Settlement) -> Settlement:
        self.settlements.append(settlement)
        return settlement

    def _hold(self, con_id: int, held: Holding) -> None:
        if held.quantity:
            self.holdings[con_id] = held
        else:
            self.holdings.pop(con_id, None)

    def _receive(self, currency: str, amount: float) -> None:
        if currency == self.view.base:
            self.cash += amount
        else:
            self.balances[currency] = self.balances.get(currency, 0.0) + amount

    def _pay(self, currency: str, amount: float, commission: float) -> None:
        if currency == self.view.base:
            self.cash -= amount + commission
        else:
            self._receive(currency, -amount)
            self.cash -= commission


def since(events: list[Event], moment: datetime) -> list[Event]:
    """Return the events at or after a moment, oldest first."""
    return events[bisect_left(events, moment, key=lambda event: event.time) :]
