import pytest

from core.settings import GatewaySettings, Mode
from ibkr.market.market_data import MarketData
from ibkr.wire.connection import Connection
from simulator.process import start
from tests.conformance.conformance_harness import DAY, SETTINGS


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    with start(SETTINGS, day=DAY, state=tmp_path_factory.mktemp("simulator")) as process:
        yield process


@pytest.fixture
def connect(simulator):
    opened = []

    def open_one(*, for_orders=False, mode=Mode.SIM, **settings):
        connection = Connection.open(
            GatewaySettings(**{"request_timeout": 5.0} | settings),
            mode=mode,
            port=simulator.tws_port,
            for_orders=for_orders,
        )
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def stocks(simulator):
    """All stocks that some scan names, as contracts with a price."""
    with Connection.open(
        GatewaySettings(client_id=5), mode=Mode.SIM, port=simulator.tws_port
    ) as line:
        data = MarketData(line)
        contracts = data.resolve(sorted(set(data.top_movers(rows=20)["symbol"]))).contracts
        quotes = data.bulk_quote(contracts).quotes
    assert len(quotes) == len(contracts) > 20
    prices = {quote.con_id: quote.reference_price for quote in quotes}
    return [(contract, prices[contract.con_id]) for contract in contracts]
