"""The broker in front of the exchange: it numbers, checks, records and passes on orders."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from core.errors import RequestRefused, StorageError
from core.types import OrderType
from simulator.exchange import Exchange
from simulator.ledger import Cancelled, Event, Ledger, Modified, Placed
from simulator.market import Market
from simulator.matching import MatchingRules, on_tick
from simulator.orders import OrderRecord, OrderTerms, Status
from simulator.tape import Tape
from simulator.valuation import MarginPreview, preview

FIRST_PERM_ID = 1_000_000_000
DUPLICATE_ID, ALREADY_FILLED, NOT_THE_SAME = 103, 104, 105
BAD_TICK, REJECTED = 110, 201
OFF_GRID = "The price does not conform to the minimum price variation for this contract."
CANCEL_NOT_FOUND, CANCEL_TOO_LATE = 10147, 10148


class Broker:
    """One account in one world, as of the exchange's moment.

    Every method that changes something writes the ledger first. Refusals are `RequestRefused`
    with the code and text of TWS.
    """

    def __init__(
        self,
        market: Market,
        *,
        state: Path,
        now: datetime,
        cash: float,
        rules: MatchingRules | None = None,
    ) -> None:
        """Open the world's account under ``state`` and replay it up to ``now``."""
        self.account = account_id(market.world_id)
        self.ledger = Ledger(state / market.world_id)
        past = sorted(
            (event for event in self.ledger.events if event.at <= now), key=lambda event: event.at
        )
        start = past[0].at if past else now
        self.exchange = Exchange(Tape(market), now=start, cash=cash, rules=rules)
        for event in past:
            self.exchange.advance_to(event.at)
            self.exchange.apply(event)
        self.exchange.advance_to(now)
        # Events of a later date count as well: their ids would come back when the clock does.
        placed = [event for event in self.ledger.events if isinstance(event, Placed)]
        self._next_perm_id = max((e.perm_id + 1 for e in placed), default=FIRST_PERM_ID)
        self.next_order_id = 1
        self._highest: dict[int, int] = {}  # order id by client
        for event in placed:
            self._note_order_id(event.client_id, event.order_id)

    @property
    def now(self) -> datetime:
        """The exchange's moment."""
        return self.exchange.now

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def find(self, client_id: int, order_id: int) -> OrderRecord | None:
        """Return a client's order by the client's own number."""
        return self.exchange.orders.find(client_id, order_id)

    def check(self, terms: OrderTerms) -> None:
        """Refuse a contract without a price (201), and a limit off the contract's grid (110)."""
        tape = self.exchange.tape
        instrument = tape.instrument(terms.con_id)
        if tape.mark(terms.con_id, self.now) is None:
            raise RequestRefused(
                f"Order rejected - reason:{instrument.symbol} has not traded yet, it has no price",
                code=REJECTED,
            )
        tick = instrument.min_tick
        if terms.order_type is OrderType.LIMIT and not on_tick(terms.limit_price or 0.0, tick):
            raise RequestRefused(OFF_GRID, code=BAD_TICK)

    def what_if(self, terms: OrderTerms) -> MarginPreview:
        """Return what the order alone would do. Refuses like a real order; leaves no trace."""
        self.check(terms)
        effect = preview(self.exchange, [terms])
        _refuse_without_margin(effect)
        return effect

    def place(self, terms: OrderTerms, *, order_id: int, client_id: int) -> None:
        """Accept a new order or refuse it: duplicate id, bad price, margin."""
        if order_id <= self._highest.get(client_id, 0):
            raise RequestRefused("Duplicate order id", code=DUPLICATE_ID)
        self.check(terms)
        self._refuse_beyond_margin(terms, instead_of=None)
        event = Placed(self.now, self._next_perm_id, order_id, client_id, terms)
        self._record(event)
        self._next_perm_id += 1
        self._note_order_id(client_id, order_id)
        self.exchange.apply(event)

    def modify(self, order: OrderRecord, terms: OrderTerms) -> None:
        """Give a working order new terms, or refuse and leave it as it is."""
        if order.status is Status.FILLED:
            raise RequestRefused("Cannot modify a filled order.", code=ALREADY_FILLED)
        if order.status is Status.CANCELLED:
            raise RequestRefused("Duplicate order id", code=DUPLICATE_ID)
        if (terms.con_id, terms.side) != (order.terms.con_id, order.terms.side):
            raise RequestRefused(
                "Order being modified does not match original order", code=NOT_THE_SAME
            )
        self.check(terms)
        self._refuse_beyond_margin(terms, instead_of=order)
        event = Modified(self.now, order.perm_id, terms)
        self._record(event)
        self.exchange.apply(event)

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel a client's own working order."""
        order = self.find(client_id, order_id)
        about = f"OrderId {order_id} that needs to be cancelled"
        if order is None:
            raise RequestRefused(f"{about} is not found.", code=CANCEL_NOT_FOUND)
        if order.status.is_done:
            raise RequestRefused(
                f"{about} cannot be cancelled, state: {order.status.value}.", code=CANCEL_TOO_LATE
            )
        self._cancel(order)

    def cancel_all(self) -> None:
        """Cancel every working order of every client."""
        for order in self.exchange.orders.working:
            self._cancel(order)

    def reserve_order_id(self, order_id: int) -> None:
        """Count an order id as used, as a rehearsal does."""
        self.next_order_id = max(self.next_order_id, order_id + 1)

    def _cancel(self, order: OrderRecord) -> None:
        event = Cancelled(self.now, order.perm_id)
        self._record(event)
        self.exchange.apply(event)

    def _record(self, event: Event) -> None:
        try:
            self.ledger.append(event)
        except StorageError as error:
            raise RequestRefused(f"Order rejected - reason:{error}", code=REJECTED) from error

    def _note_order_id(self, client_id: int, order_id: int) -> None:
        self._highest[client_id] = max(self._highest.get(client_id, 0), order_id)
        self.reserve_order_id(order_id)

    def _refuse_beyond_margin(self, terms: OrderTerms, *, instead_of: OrderRecord | None) -> None:
        """Refuse an order the account could not carry if everything that works filled as well."""
        working = [
            order.terms
            for order in self.exchange.orders.working
            if instead_of is None or order.perm_id != instead_of.perm_id
        ]
        without = preview(self.exchange, working)
        with_it = preview(self.exchange, [*working, terms])
        if with_it.initial_after > without.initial_after:
            _refuse_without_margin(with_it)


def account_id(world_id: str) -> str:
    """Return the account of a world: DU, as every paper account, and seven digits."""
    return f"DU{int(world_id, 16) % 10_000_000:07d}"


def _refuse_without_margin(effect: MarginPreview) -> None:
    """Refuse what raises the initial margin above the equity with loan value."""
    if effect.initial_after <= max(effect.equity_after, effect.initial_before):
        return
    raise RequestRefused(
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
        f"POSITION YOUR EQUITY WITH LOAN VALUE [{effect.equity_after:.2f} USD] MUST EXCEED THE "
        f"INITIAL MARGIN [{effect.initial_after:.2f} USD]",
        code=REJECTED,
    )
