"""nautilus_trader's adapter, unpatched: instruments, live data, orders, reconciliation."""

import asyncio

from foreign import ACCOUNT, FUND, FUTURE, OPEN, PORT, STOCK, Features, async_wait, move
from nautilus_trader.adapters.interactive_brokers.common import IB, IB_VENUE, IBContract
from nautilus_trader.adapters.interactive_brokers.config import (
    InteractiveBrokersDataClientConfig,
    InteractiveBrokersExecClientConfig,
    InteractiveBrokersInstrumentProviderConfig,
)
from nautilus_trader.adapters.interactive_brokers.factories import (
    InteractiveBrokersLiveDataClientFactory,
    InteractiveBrokersLiveExecClientFactory,
)
from nautilus_trader.config import (
    LoggingConfig,
    RoutingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

feature = Features()
SHARE = InstrumentId.from_str(f"{STOCK}.NASDAQ")
CONTRACTS = frozenset({
    IBContract(secType="STK", symbol=STOCK, exchange="SMART", primaryExchange="NASDAQ",
               currency="USD"),
    IBContract(secType="STK", symbol=FUND, exchange="SMART", primaryExchange="ARCA",
               currency="USD", build_options_chain=True,
               lastTradeDateOrContractMonth="20260717"),
    IBContract(secType="FUT", symbol=FUTURE, exchange="CME", currency="USD",
               lastTradeDateOrContractMonth="20260918"),
    IBContract(secType="CASH", symbol="EUR", exchange="IDEALPRO", currency="USD"),
})  # fmt: skip


class Listener(Strategy):
    """Subscribes to a share and keeps what comes."""

    def __init__(self):
        """Begin with nothing."""
        super().__init__()
        self.quotes, self.trades, self.bars, self.events = [], [], [], []

    def on_start(self):
        """Subscribe to quotes, trades and live bars of two sizes."""
        self.subscribe_quote_ticks(SHARE)
        self.subscribe_trade_ticks(SHARE)
        for size in ("5-SECOND", "1-MINUTE"):
            self.subscribe_bars(BarType.from_str(f"{SHARE}-{size}-LAST-EXTERNAL"))

    def on_quote_tick(self, tick):
        """Keep a quote."""
        self.quotes.append(tick)

    def on_trade_tick(self, tick):
        """Keep a trade."""
        self.trades.append(tick)

    def on_bar(self, bar):
        """Keep a bar."""
        self.bars.append(bar)


def node_of(strategy, number):
    """Return a node with a strategy, and clients of a number and of the next."""
    provider = InteractiveBrokersInstrumentProviderConfig(load_contracts=CONTRACTS)
    node = TradingNode(TradingNodeConfig(
        trader_id=f"FOREIGN-00{number}",
        logging=LoggingConfig(log_level="WARNING"),
        data_clients={IB: InteractiveBrokersDataClientConfig(
            ibg_port=PORT, ibg_client_id=number, instrument_provider=provider)},
        exec_clients={IB: InteractiveBrokersExecClientConfig(
            ibg_port=PORT, ibg_client_id=number, account_id=ACCOUNT, instrument_provider=provider,
            routing=RoutingConfig(default=True))},
        timeout_connection=60, timeout_reconciliation=30,
    ))  # fmt: skip
    node.trader.add_strategy(strategy)
    node.add_data_client_factory(IB, InteractiveBrokersLiveDataClientFactory)
    node.add_exec_client_factory(IB, InteractiveBrokersLiveExecClientFactory)
    node.build()
    return node


async def main():
    strategy = Listener()
    node = node_of(strategy, 1)
    task = asyncio.ensure_future(node.run_async())
    with feature("connects, loads and starts"):
        await async_wait(lambda: strategy.is_running, seconds=90, what="a running strategy")
    with feature("instruments: shares, options, a future, currencies"):
        found = {type(each).__name__ for each in node.cache.instruments()}
        wanted = {"Equity", "OptionContract", "FuturesContract", "CurrencyPair"}
        assert wanted <= found, found
        assert (
            sum(type(each).__name__ == "OptionContract" for each in node.cache.instruments()) > 50
        )
    for name, kept, enough in (
        ("live quotes", lambda: strategy.quotes, 5), ("live trades", lambda: strategy.trades, 5),
        ("live bars of five seconds", lambda: of_size(strategy, "5-SECOND"), 3),
        ("live bars of a minute", lambda: of_size(strategy, "1-MINUTE"), 1),
    ):  # fmt: skip
        with feature(name):
            await async_wait(lambda: len(kept()) >= enough, seconds=40, what=name)  # noqa: B023
    await orders(node, strategy)
    await node.stop_async()
    task.cancel()
    await reconciliation()


async def reconciliation():
    with feature("a new node reconciles what is held"):
        node = node_of(Listener(), 2)
        task = asyncio.ensure_future(node.run_async())
        await async_wait(lambda: node.trader.is_running, seconds=90, what="a running trader")
        held = {str(each.instrument_id): each.quantity for each in node.cache.positions_open()}
        assert held == {str(SHARE): 100}, held
        await node.stop_async()
        task.cancel()


def of_size(strategy, size):
    return [bar for bar in strategy.bars if size in str(bar.bar_type)]


async def orders(node, strategy):
    instrument = node.cache.instrument(SHARE)
    make = strategy.order_factory

    async def until(order, *states):
        await async_wait(
            lambda: order.status in states, seconds=30, what=f"{order.status_string()}"
        )

    with feature("market order fills"):
        order = make.market(SHARE, OrderSide.BUY, instrument.make_qty(100))
        strategy.submit_order(order)
        await until(order, OrderStatus.FILLED)
    with feature("limit order: placed, modified, cancelled"):
        order = make.limit(SHARE, OrderSide.BUY, instrument.make_qty(10), instrument.make_price(30))
        strategy.submit_order(order)
        await until(order, OrderStatus.ACCEPTED)
        strategy.modify_order(order, price=instrument.make_price(29))
        await async_wait(lambda: order.price == instrument.make_price(29), what="the new price")
        strategy.cancel_order(order)
        await until(order, OrderStatus.CANCELED)
    with feature("position and account"):
        position = node.cache.positions_open(instrument_id=SHARE)[0]
        assert position.quantity == 100
        assert node.portfolio.account(IB_VENUE) is not None


move(to=OPEN)
move(by="PT10M")
asyncio.run(main())
feature.end()
