"""A desk in front of an exchange in this process: real orders, real answers, no sockets."""

from dataclasses import replace
from datetime import date
from functools import cache

from core.calendar import session
from core.settings import OrderSettings, Settings, SimulatorSettings
from core.storage.artefacts import write_atomically
from core.types import Contract, Increments, Order, OrderType, Side
from desk.orders import intents
from desk.orders.submission import submit
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from desk.tickets import approvals
from desk.tickets.order_ticket import Ticket, TicketLine, TicketStatus
from desk.tickets.registration import register
from desk.tickets.ticket_store import Holding
from ibkr.replay.world import ReplayGateway
from risk.limit_price import marketable_limit
from simulator.broker.broker import Broker
from simulator.market.scenarios import open_market
from simulator.tws.queries.contract_lookup import ContractLookup

MONDAY = session(date(2026, 6, 15))
NOW = MONDAY.decision_time
ORDERS_FROM, DATA_FROM = 12, 11


@cache
def a_market():
    return open_market(SimulatorSettings(symbols=16))


class Faulty:
    """A gateway (or one of its tool sets) of which some parts are replaced."""

    def __init__(self, real, **parts):
        self._real, self._parts = real, parts

    def __getattr__(self, name):
        return self._parts[name] if name in self._parts else getattr(self._real, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def statuses(outcome):
    """Return in which states a ticket's orders are."""
    return {state.status for state in outcome.states}


class Stage:
    """One account on one Monday before the open."""

    def __init__(self, home):
        self.home = home
        self.market = a_market()
        self.broker = Broker(self.market, state=home / "world", now=NOW, cash=1e6)
        self.directory = ContractLookup(self.market)
        self.account = self.broker.account
        self.settings = Settings(home=home, orders=OrderSettings(acknowledge_timeout=0.2))
        self.store = DeskStore(home / "desk.sqlite")

    def close(self):
        self.store.close()
        self.broker.close()

    def restarted(self):
        """Return the desk as another process would find it."""
        self.store.close()
        self.store = DeskStore(self.home / "desk.sqlite")
        return self

    def gateway(self, *, client_id=ORDERS_FROM, **parts):
        real = ReplayGateway(self.broker, self.directory, client_id=client_id, for_orders=True)
        return Faulty(real, **parts) if parts else real

    def faulty_trading(self, **parts):
        return self.gateway(trading=Faulty(self.gateway().trading, **parts))

    @property
    def contracts(self):
        return [
            Contract(i.con_id, i.symbol)
            for i in self.market.instruments
            if i.sec_type == "STK" and i.currency == "USD"
        ]

    def prices(self):
        quotes = self.gateway().market.bulk_quote(self.contracts).quotes
        return {quote.con_id: quote.reference_price for quote in quotes}

    def an_order(self, index, *, side=Side.BUY, weight=0.03):
        """Return a limit order of a weight in the market's n-th stock."""
        contract = self.contracts[index]
        price = self.prices()[contract.con_id]
        return Order(
            con_id=contract.con_id,
            symbol=contract.symbol,
            side=side,
            quantity=max(int(weight * 1e6 / price), 1),
            order_type=OrderType.LIMIT,
            limit_price=marketable_limit(
                price, side=side, offset=0.01, increments=Increments.flat(contract.min_tick)
            ),
            time_in_force="DAY",
            order_ref=order_ref(self.account, MONDAY.day, contract.con_id, side),
        )

    def a_ticket(self, *orders, **changes):
        prices, worth = self.prices(), 1e6
        lines = tuple(
            TicketLine(
                order=order,
                reference_price=prices[order.con_id],
                notional=order.quantity * prices[order.con_id],
                weight_before=0.0,
                weight_after=order.side.sign * order.quantity * prices[order.con_id] / worth,
                alpha_score=0.1,
                adv_share=None,
                maintenance_margin_change=None,
                commission=None,
            )
            for order in orders
        )
        plain = Ticket(
            account=self.account,
            mode="sim",
            session=MONDAY.day,
            run_key="key",
            status=TicketStatus.PROPOSED,
            decided_at=NOW,
            finish_line=MONDAY.finish_line,
            net_asset_value=worth,
            lines=lines,
        )
        return replace(plain, **changes)

    def register(self, ticket, *, now=NOW):
        path = f"reports/{ticket.sha256[:8]}.json"
        write_atomically(self.home / path, ticket.content())
        snapshot = self.gateway().portfolio.snapshot()
        return register(
            self.store,
            ticket,
            path=path,
            holdings=[
                Holding(p.con_id, p.symbol, p.quantity, p.market_price) for p in snapshot.positions
            ],
            world={},
            now=now,
        )

    def approved(self, *orders, only=(), **changes):
        """Register a ticket of these orders, approve it, and return its hash."""
        record = self.register(self.a_ticket(*orders, **changes))
        approvals.approve(self.store, record.sha256, by="ana", only=only, now=NOW)
        return record.sha256

    def submit(self, sha256, gateway=None, *, run_key="key", settings=None):
        return submit(
            self.store,
            sha256,
            open_gateway=lambda: gateway or self.gateway(),
            settings=settings or self.settings,
            run_key=run_key,
            home=self.home,
            now=NOW,
        )

    def held(self, order, quantity):
        """Let the account hold shares already, bought without a word to the desk."""
        bought = replace(
            order,
            side=Side.BUY if quantity > 0 else Side.SELL,
            quantity=abs(quantity),
            order_type=OrderType.MARKET,
            limit_price=None,
            order_ref=f"hand:{order.con_id}:{quantity}",
        )
        self.gateway(client_id=1).trading.place_orders([bought], timeout=1.0)

    def at_exchange(self):
        """Return the names of our orders that the exchange ever accepted, in order."""
        placed = [e for e in self.broker.ledger.events if e.event == "placed"]
        return [e.terms.order_ref for e in placed if e.terms.order_ref.startswith("DB1:")]

    def advance_to(self, moment):
        self.broker.exchange.advance_to(moment)

    def intent_states(self, sha256):
        return [intent.state.value for intent in intents.of_source(self.store, sha256)]
