"""lumibot: what a strategy asks of its broker and source of data for IBKR."""

from foreign import FUND, OPEN, PORT, STOCK, Features, move, wait
from ib_async import IB
from lumibot.brokers import InteractiveBrokers
from lumibot.entities import Asset, Order

feature = Features()
move(to=OPEN)
move(by="PT10M")
broker = InteractiveBrokers({"IP": "127.0.0.1", "SOCKET_PORT": PORT, "CLIENT_ID": 7})
data = broker.data_source
stock, fund, dollar = Asset(STOCK), Asset(FUND), Asset("USD", Asset.AssetType.FOREX)
watch = IB()
watch.connect("127.0.0.1", PORT, clientId=8)
ISLAND = "names ISLAND, which is NASDAQ, as the primary exchange of every share; this is of ARCA"

with feature("balances and clock"):
    assert broker._get_balances_at_broker(dollar, None)[2] == 1_000_000
    assert broker.get_timestamp() > 0
with feature("price and quote of a share of NASDAQ (as ISLAND)"):
    assert data.get_last_price(stock) > 0
    assert data.get_quote(stock).ask > data.get_quote(stock).bid > 0
with feature("bars of days and minutes, today's included"):
    assert len(data.get_historical_prices(stock, 5, "day").df) == 5
    assert len(data.get_historical_prices(stock, 5, "minute").df) == 5
with feature("price of a fund of ARCA", fails="TypeError|AssertionError", because=ISLAND):
    assert data.get_last_price(fund) > 0


def order(side, quantity, **terms):
    """Submit an order and return it."""
    return broker._submit_order(Order("bot", stock, quantity, side, quote=dollar, **terms))


with feature("market order fills"):
    order("buy", 10, order_type="market")
    wait(lambda: watch.sleep(0.1) and watch.reqPositions(), what="a position")
    assert watch.reqPositions()[0].position == 10
with feature("limit order rests and is cancelled"):
    placed = order("buy", 10, order_type="limit", limit_price=20)
    wait(watch.reqAllOpenOrders, what="an open order")
    broker.cancel_order(placed)
    wait(lambda: not watch.reqAllOpenOrders(), what="no open order")
with feature("positions"):
    assert broker._pull_broker_positions()[0]["position"] == 10
feature.end()
