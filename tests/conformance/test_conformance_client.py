"""Every call of the day, over the socket: the real ib_async against the simulator."""

import threading
from datetime import date

import pytest

from core.calendar import BUCHAREST, session
from core.errors import (
    GatewayTimeout,
    GatewayUnreachable,
    RequestRefused,
    WrongAccount,
)
from core.settings import Mode
from core.tables import BARS, MOVERS
from ibkr.account.portfolio import Portfolio
from ibkr.market.market_data import MarketData
from tests.conformance.conformance_harness import fault

# Market data


def test_the_connection_agrees_on_the_newest_version_and_the_simulated_clock(connect, simulator):
    connection = connect()
    assert connection.account == simulator.account
    assert connection.server_version == 178
    assert connection.server_time().isoformat() == simulator.state()["clock"]


def test_contracts_are_complete_and_unknown_symbols_are_refused_beside_them(connect, stocks):
    resolved = MarketData(connect()).resolve([stocks[0][0].symbol, "ZZZZ"])
    assert resolved.contracts == (stocks[0][0],)
    assert resolved.contracts[0].name
    assert resolved.contracts[0].primary_exchange
    assert "200" in resolved.refused["ZZZZ"]


def test_quotes_are_never_crossed_and_carry_the_gateways_time(connect, stocks):
    connection = connect()
    quotes = MarketData(connection).bulk_quote([contract for contract, _ in stocks])
    assert quotes.missing == {}
    two_sided = [quote for quote in quotes.quotes if quote.mid is not None]
    assert len(two_sided) > len(stocks) / 2
    assert all(quote.bid < quote.ask for quote in two_sided)
    assert {quote.as_of for quote in quotes.quotes} == {connection.server_time()}


def test_bars_fit_their_table_and_never_show_the_future(connect, stocks):
    connection = connect()
    contracts = [contract for contract, _ in stocks]
    history = MarketData(connection).history(contracts, duration="1 Y")
    assert history.missing == {}
    assert BARS.build(history.bars).num_rows > 200 * len(contracts)
    today = connection.server_time().astimezone(BUCHAREST).date()
    assert max(history.bars["session"]) < today


def test_an_earlier_end_is_honoured(connect, stocks):
    end = session(date(2026, 3, 2)).close
    history = MarketData(connect()).history([stocks[0][0]], duration="1 M", end=end)
    assert max(history.bars["session"]) == date(2026, 3, 2)


@pytest.mark.parametrize("name", ["refuse_history", "nan_bars"])
def test_a_symbol_without_usable_bars_is_reported_beside_the_rest(connect, simulator, stocks, name):
    (bad, _), (good, _) = stocks[:2]
    with fault(simulator, name, symbol=bad.symbol):
        history = MarketData(connect()).history([bad, good], duration="1 M")
    assert set(history.bars["symbol"]) == {good.symbol}
    assert set(history.missing) == {bad.con_id}


def test_movers_fit_their_table_and_an_unknown_scan_is_refused(connect):
    data = MarketData(connect())
    assert MOVERS.build(data.top_movers(rows=5)).num_rows == 15
    with pytest.raises(RequestRefused, match="NO_SUCH_SCAN"):
        data.top_movers(("NO_SUCH_SCAN",))


# The account


def test_the_snapshot_is_whole_and_consistent(connect, simulator):
    snapshot = Portfolio(connect()).snapshot()
    assert snapshot.account == simulator.account
    assert snapshot.currency == "USD"
    value = snapshot.cash + sum(position.market_value for position in snapshot.positions)
    assert value == pytest.approx(snapshot.net_asset_value, abs=0.05)


def test_data_and_account_may_be_asked_from_two_threads_at_once(connect, stocks):
    connection = connect()
    portfolio, taken = Portfolio(connection), []
    thread = threading.Thread(target=lambda: taken.append(portfolio.snapshot()))
    thread.start()
    MarketData(connection).history([contract for contract, _ in stocks[:10]], duration="1 M")
    thread.join(10)
    assert len(taken) == 1


def test_a_silent_gateway_is_never_a_flat_account(connect, simulator):
    connection = connect(request_timeout=0.5)
    with fault(simulator, "mute"), pytest.raises(GatewayTimeout, match="positions"):
        Portfolio(connection).snapshot()


def test_a_gateway_that_is_silent_from_the_start_is_a_time_out(connect, simulator):
    with fault(simulator, "mute"), pytest.raises(GatewayTimeout):
        connect(connect_timeout=0.5)


# Errors of the connection


def test_a_live_mode_never_accepts_the_simulators_account(connect):
    with pytest.raises(WrongAccount, match="paper account"):
        connect(mode=Mode.LIVE)


def test_a_client_id_in_use_is_noticed_at_once(connect):
    connect(client_id=9)
    # What is noticed only when patience ends would take an hour.
    with pytest.raises(GatewayUnreachable, match=r"client id 9 is already in use.*free: \d+"):
        connect(client_id=9, connect_timeout=3600.0)


def test_a_connection_lost_in_the_middle_of_the_bars_is_fatal(connect, simulator, stocks):
    connection = connect()
    simulator.fault("drop", after=3, message=20)
    with pytest.raises(GatewayUnreachable):
        MarketData(connection).history([contract for contract, _ in stocks], duration="1 M")
