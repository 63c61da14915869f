"""The broker in front of the exchange: it numbers, checks, records and passes on orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from core.errors import RequestRefused, StorageError
from simulator.broker.exercise import refuse_to_exercise
from simulator.broker.opening import open_accounts
from simulator.broker.order_checks import (
    refuse_beyond_margin,
    refuse_unpriced,
    refuse_unsendable,
    refuse_without_margin,
    rejected,
)
from simulator.broker.order_numbers import DUPLICATE_ID, OrderNumbers
from simulator.broker.recorded import refuse_unlisted
from simulator.broker.untransmitted import Untransmitted
from simulator.broker.what_if import MarginPreview, preview
from simulator.exchange.events import ExchangeEvent
from simulator.exchange.exchange import Exchange
from simulator.exchange.matching import MatchingRules
from simulator.exchange.order_log import Cancelled, Event, Exercised, Ledger, Modified, Placed
from simulator.exchange.orders import OrderRecord, OrderTerms, Status
from simulator.market.market import Market
from simulator.prices.market_view import MarketView

ALREADY_FILLED, NOT_THE_SAME, NO_PARENT = 104, 105, 135
CANCEL_NOT_FOUND, CANCEL_TOO_LATE = 10147, 10148


class Broker:
    """The accounts of one market, as of the exchange's moment; usually one.

    Every method that changes something writes the ledger first. Refusals are `RequestRefused`
    with the code and text of TWS.

    Attributes
    ----------
    account, exchange
        The first account and its exchange; of a login with one account, all there is.
    exchanges
        The exchange of each account. Order ids, permIds and the ledger are common to all.
    """

    def __init__(
        self,
        market: Market,
        *,
        state: Path,
        now: datetime,
        cash: float,
        rules: MatchingRules | None = None,
        accounts: int = 1,
        base: str = "USD",
    ) -> None:
        """Open the market's accounts under ``state`` and replay them up to ``now``.

        Each account began with ``cash`` in its ``base`` currency.
        """
        self.accounts = account_ids(market.world_id, accounts)
        self.account = self.accounts[0]
        self.ledger = Ledger(state / market.world_id)
        past = sorted(
            (event for event in self.ledger.events if event.at <= now), key=lambda event: event.at
        )
        start = past[0].at if past else now
        view = MarketView(market, base=base)
        refuse_unlisted(past, view, state / market.world_id)
        self.exchanges = open_accounts(view, self.accounts, now=start, cash=cash, rules=rules)
        self.exchange = self.exchanges[self.account]
        self._accounts_by_perm_id: dict[int, str] = {}
        for event in past:
            self.advance_to(event.at)
            self._apply(event)
        self.advance_to(now)
        self.untransmitted = Untransmitted()
        self._numbers = OrderNumbers(one for one in self.ledger.events if isinstance(one, Placed))

    @property
    def now(self) -> datetime:
        """The exchange's moment."""
        return self.exchange.now

    @property
    def next_order_id(self) -> int:
        """An order id above all that any client has used."""
        return self._numbers.next_order_id

    def advance_to(self, moment: datetime) -> None:
        """Move every account to a moment."""
        for exchange in self.exchanges.values():
            exchange.advance_to(moment)

    def watch(self, watcher: Callable[[ExchangeEvent], None]) -> None:
        """Call ``watcher`` with everything that happens in any account from here on."""
        for exchange in self.exchanges.values():
            exchange.watch(watcher)

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def exchange_of(self, terms: OrderTerms) -> Exchange:
        """Return the exchange of the account that an order is for."""
        return self.exchanges[terms.account or self.account]

    def find(self, client_id: int, order_id: int) -> OrderRecord | None:
        """Return a client's order by the client's own number."""
        found = (one.orders.find(client_id, order_id) for one in self.exchanges.values())
        return next((order for order in found if order is not None), None)

    def order(self, perm_id: int) -> OrderRecord:
        """Return an order by its permId, which is known to exist."""
        account = self._accounts_by_perm_id[perm_id]
        return self.exchanges[account].orders[perm_id]

    @property
    def working(self) -> list[OrderRecord]:
        """The orders of all accounts that may still trade, in order of acceptance."""
        orders = (order for one in self.exchanges.values() for order in one.orders.working)
        return sorted(orders, key=lambda order: order.perm_id)

    def is_open(self, terms: OrderTerms) -> bool:
        """Return whether the market of an order is open now."""
        return self.exchange_of(terms).pricing.is_open(terms, self.now)

    def check(self, terms: OrderTerms) -> None:
        """Refuse a contract without a price (201), and a price off the contract's grid (110)."""
        exchange = self.exchange_of(terms)
        refuse_unpriced(exchange.view, terms, self.now)
        refuse_unsendable(exchange.view, terms, tick=exchange.pricing.tick(terms))

    def what_if(self, terms: OrderTerms) -> MarginPreview:
        """Return what the order alone would do. Refuses like a real order; leaves no trace."""
        self.check(terms)
        effect = preview(self.exchange_of(terms), [terms])
        refuse_without_margin(effect)
        return effect

    def place(self, terms: OrderTerms, *, order_id: int, client_id: int) -> None:
        """Accept a new order or refuse it: duplicate id, bad price, no parent, margin."""
        self._numbers.refuse_used(client_id, order_id)
        self.check(terms)
        self._accept(terms, order_id=order_id, client_id=client_id)

    def place_by_hand(self, terms: OrderTerms) -> None:
        """Accept what a person places in TWS: an order of client 0, numbered below zero."""
        self.check(terms)
        placed = (event for event in self.ledger.events if isinstance(event, Placed))
        lowest = min((event.order_id for event in placed), default=0)
        self._accept(terms, order_id=min(lowest, 0) - 1, client_id=0)

    def hold(self, terms: OrderTerms, *, order_id: int, client_id: int) -> None:
        """Keep a new order until `transmit`. Refuses a number used before and a bad price."""
        if (client_id, order_id) not in self.untransmitted:
            self._numbers.refuse_used(client_id, order_id)
        self.check(terms)
        self.untransmitted.hold(client_id, order_id, terms)
        self._numbers.use(client_id, order_id)

    def transmit(self, client_id: int, order_id: int) -> None:
        """Accept an order that is held, or refuse and forget it: no parent, margin."""
        terms = self.untransmitted.take(client_id, order_id)
        assert terms is not None, "only what is held is transmitted"
        self._accept(terms, order_id=order_id, client_id=client_id)

    def modify(self, order: OrderRecord, terms: OrderTerms) -> None:
        """Give a working order new terms, or refuse and leave it as it is."""
        if order.status is Status.FILLED:
            raise RequestRefused("Cannot modify a filled order.", code=ALREADY_FILLED)
        if order.status is Status.CANCELLED:
            raise RequestRefused("Duplicate order id", code=DUPLICATE_ID)
        terms = self._linked(terms, order.client_id)
        if _identity(terms) != _identity(order.terms) or terms.quantity <= order.filled:
            raise RequestRefused(
                "Order being modified does not match original order", code=NOT_THE_SAME
            )
        self.check(terms)
        if not order.has_parent:
            refuse_beyond_margin(self.exchange_of(terms), terms, instead_of=order)
        event = Modified(self.now, order.perm_id, terms)
        self._record(event)
        self._apply(event)

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
        for order in self.working:
            if not self.order(order.perm_id).status.is_done:  # as a child went with its parent
                self._cancel(order)

    def exercise(
        self, con_id: int, quantity: int, *, account: str, lapse: bool, override: bool
    ) -> None:
        """Exercise options of an account, or let them lapse, as many as it holds at most (322).

        What nobody would do, to exercise out of the money or to lapse in it, needs ``override``.
        """
        exchange = self.exchanges[account or self.account]
        refuse_to_exercise(exchange, con_id, lapse=lapse, override=override)
        most = exchange.positions.unlapsed(con_id)
        event = Exercised(self.now, con_id, min(quantity, most), lapse, account)
        self._record(event)
        self._apply(event)

    def reserve_order_id(self, order_id: int) -> None:
        """Count an order id as used, as a what-if order does."""
        self._numbers.reserve(order_id)

    def _accept(self, terms: OrderTerms, *, order_id: int, client_id: int) -> None:
        terms = self._linked(terms, client_id)
        # A child only reaches the market after its parent was filled.
        if not terms.parent_id or self._parent_of(terms, client_id).status.is_done:
            refuse_beyond_margin(self.exchange_of(terms), terms)
        event = Placed(self.now, self._numbers.next_perm_id, order_id, client_id, terms)
        self._record(event)
        self._numbers.accepted(event)
        self._apply(event)

    def _cancel(self, order: OrderRecord) -> None:
        event = Cancelled(self.now, order.perm_id)
        self._record(event)
        self._apply(event)

    def _record(self, event: Event) -> None:
        try:
            self.ledger.append(event)
        except StorageError as error:
            raise rejected(str(error)) from error

    def _apply(self, event: Event) -> None:
        # A market opened with fewer accounts than it had gives their orders to the first.
        if isinstance(event, Exercised):
            self.exchanges.get(event.account, self.exchange).apply(event)
            return
        if isinstance(event, Placed):
            account = event.terms.account if event.terms.account in self.exchanges else ""
            self._accounts_by_perm_id[event.perm_id] = account or self.account
        self.exchanges[self._accounts_by_perm_id[event.perm_id]].apply(event)

    def _linked(self, terms: OrderTerms, client_id: int) -> OrderTerms:
        """Put a child into the group of its siblings: when one fills, the others are reduced."""
        if not terms.parent_id:
            return terms
        parent = self._parent_of(terms, client_id)
        return replace(terms, oca_group=terms.oca_group or str(parent.perm_id))

    def _parent_of(self, terms: OrderTerms, client_id: int) -> OrderRecord:
        parent = self.find(client_id, terms.parent_id)
        if parent is None or parent.status is Status.CANCELLED:
            raise RequestRefused(f"Can't find order with id = {terms.parent_id}", code=NO_PARENT)
        return parent


def account_ids(world_id: str, count: int = 1) -> tuple[str, ...]:
    """Return the accounts of a market: DU, as every paper account, and seven digits."""
    first = int(world_id, 16)
    return tuple(f"DU{(first + number) % 10_000_000:07d}" for number in range(count))


def account_id(world_id: str) -> str:
    """Return the first account of the market."""
    return account_ids(world_id)[0]


def _identity(terms: OrderTerms) -> tuple[object, ...]:
    """Return what a modification may not change."""
    return terms.con_id, terms.side, terms.legs, terms.account, terms.parent_id
