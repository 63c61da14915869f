"""Every call of the day, over the socket: the real ib_async against the simulator."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest

from core.calendar import BUCHAREST, next_session, session
from core.errors import (
    DataError,
    GatewayTimeout,
    GatewayUnreachable,
    RequestRefused,
    WrongAccount,
)
from core.settings import GatewaySettings, Mode, SimulatorSettings
from core.tables import BARS, MOVERS
from core.types import Order, OrderStatus, OrderType, Side
from ibkr.account.portfolio import Portfolio
from ibkr.market.market_data import MarketData
from ibkr.orders.trading import TradingTools
from ibkr.wire.connection import Connection
from simulator.process import start

DAY = date(2026, 6, 15)
WORLD = SimulatorSettings(symbols=40)
REFS = (f"contract:{number}" for number in count())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with start(WORLD, day=DAY, state=tmp_path_factory.mktemp("world")) as process:
        yield process


@pytest.fixture
def connect(world):
    opened = []

    def open_one(*, for_orders=False, mode=Mode.SIM, **settings):
        connection = Connection.open(
            GatewaySettings(**{"request_timeout": 5.0} | settings),
            mode=mode,
            port=world.tws_port,
            for_orders=for_orders,
        )
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="module")
def stocks(world):
    """All stocks that some scan names, as contracts with a price."""
    with Connection.open(GatewaySettings(client_id=5), mode=Mode.SIM, port=world.tws_port) as line:
        data = MarketData(line)
        contracts = data.resolve(sorted(set(data.top_movers(rows=20)["symbol"]))).contracts
        quotes = data.bulk_quote(contracts).quotes
    assert len(quotes) == len(contracts) > 20
    prices = {quote.con_id: quote.reference_price for quote in quotes}
    return [(contract, prices[contract.con_id]) for contract in contracts]


@contextmanager
def fault(world, name, **options):
    world.fault(name, **options)
    try:
        yield
    finally:
        world.fault(name, on=False, **options)


def an_order(stock, **changes):
    contract, price = stock
    plain = Order(
        con_id=contract.con_id,
        symbol=contract.symbol,
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        limit_price=round(price * 0.5, 2),  # rests: far below the market
        time_in_force="DAY",
        order_ref=next(REFS),
    )
    return replace(plain, **changes)


def to_next_decision_time(world):
    here = world.state()["clock"]
    today = next_session(date.fromisoformat(here[:10]))
    world.advance_to(today.decision_time)
    return today


# Market data


def test_the_connection_agrees_on_the_newest_version_and_the_simulated_clock(connect, world):
    connection = connect()
    assert connection.account == world.account
    assert connection.server_version == 178
    assert connection.server_time().isoformat() == world.state()["clock"]


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
def test_one_symbol_without_usable_bars_is_reported_beside_the_rest(connect, world, stocks, name):
    (bad, _), (good, _) = stocks[:2]
    with fault(world, name, symbol=bad.symbol):
        history = MarketData(connect()).history([bad, good], duration="1 M")
    assert set(history.bars["symbol"]) == {good.symbol}
    assert set(history.missing) == {bad.con_id}


def test_movers_fit_their_table_and_an_unknown_scan_is_refused(connect):
    data = MarketData(connect())
    assert MOVERS.build(data.top_movers(rows=5)).num_rows == 15
    with pytest.raises(RequestRefused, match="NO_SUCH_SCAN"):
        data.top_movers(("NO_SUCH_SCAN",))


# The account


def test_the_snapshot_is_whole_and_consistent(connect, world):
    snapshot = Portfolio(connect()).snapshot()
    assert snapshot.account == world.account
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


def test_a_silent_gateway_is_never_a_flat_account(connect, world):
    connection = connect(request_timeout=0.5)
    with fault(world, "mute"), pytest.raises(GatewayTimeout, match="positions"):
        Portfolio(connection).snapshot()


def test_a_gateway_that_is_silent_from_the_start_is_a_time_out(connect, world):
    with fault(world, "mute"), pytest.raises(GatewayTimeout):
        connect(connect_timeout=0.5)


# Errors of the connection


def test_a_live_mode_never_accepts_the_simulators_account(connect):
    with pytest.raises(WrongAccount, match="paper account"):
        connect(mode=Mode.LIVE)


def test_a_client_id_in_use_is_noticed_at_once(connect):
    connect(client_id=9)
    before = time.monotonic()
    with pytest.raises(GatewayUnreachable, match=r"client id 9 is already in use.*free: \d+"):
        connect(client_id=9)
    assert time.monotonic() - before < 3


def test_a_connection_lost_in_the_middle_of_the_bars_is_fatal(connect, world, stocks):
    connection = connect()
    world.fault("drop", after=3, message=20)
    with pytest.raises(GatewayUnreachable):
        MarketData(connection).history([contract for contract, _ in stocks], duration="1 M")


# Rehearsals


def test_a_rehearsal_tells_the_margin_and_leaves_no_order(connect, stocks):
    tools = TradingTools(connect(for_orders=True))
    before = tools.order_states()
    order = an_order(stocks[0], limit_price=round(stocks[0][1], 2))
    answer = tools.what_if(order)
    assert answer.accepted
    assert answer.initial_margin_change > 0
    assert answer.commission > 0
    assert not answer.margin_exceeded
    assert tools.order_states() == before


def test_an_order_too_big_for_the_account_is_not_accepted(connect, stocks):
    answer = TradingTools(connect(for_orders=True)).what_if(an_order(stocks[0], quantity=5_000_000))
    assert not answer.accepted
    assert "201" in answer.reason


def test_a_rehearsal_without_an_answer_is_not_accepted_and_the_next_one_is(connect, world, stocks):
    tools = TradingTools(connect(for_orders=True, request_timeout=0.5))
    with fault(world, "whatif_silent"):
        assert not tools.what_if(an_order(stocks[0])).accepted
    assert tools.what_if(an_order(stocks[0])).accepted


def test_a_rehearsal_above_the_margin_says_so(connect, world, stocks):
    tools = TradingTools(connect(for_orders=True))
    with fault(world, "reject_margin", symbol=stocks[0][0].symbol):
        answer = tools.what_if(an_order(stocks[0]))
    assert answer.margin_exceeded


# Orders


def test_a_whole_day_ends_in_the_targets(connect, world, stocks):
    today = to_next_decision_time(world)
    connection = connect(for_orders=True)
    tools, portfolio = TradingTools(connection), Portfolio(connection)
    data = MarketData(connect())
    contracts = {contract.con_id: contract for contract, _ in stocks}
    prices = {
        quote.con_id: quote.reference_price
        for quote in data.bulk_quote(list(contracts.values())).quotes
    }
    before = portfolio.snapshot()
    targets = dict.fromkeys(contracts, 0)
    for number, con_id in enumerate(sorted(contracts)[:10]):
        targets[con_id] = (number - 3) * 20
    refs = {con_id: next(REFS) for con_id in targets}
    orders = portfolio.diff_to_orders(
        targets,
        before,
        contracts,
        prices,
        limit_offset=0.09,
        time_in_force="DAY",
        order_ref=lambda con_id, _side: refs[con_id],
    )
    placed = tools.place_orders(orders, timeout=10)
    assert {state.status for state in placed} == {OrderStatus.WORKING}
    assert all(state.perm_id for state in placed)
    assert "399" in placed[0].message  # held until the open: a warning, not a cancellation
    world.advance_to(today.open + timedelta(minutes=1))
    states = tools.await_fills([order.order_ref for order in orders], timeout=10)
    assert {state.status for state in states.values()} == {OrderStatus.FILLED}
    assert all(fill.commission.amount > 0 for state in states.values() for fill in state.fills)
    after = {p.con_id: p.quantity for p in portfolio.snapshot().positions}
    assert after == {con_id: quantity for con_id, quantity in targets.items() if quantity}


def test_the_same_order_is_never_taken_twice(connect, stocks):
    tools = TradingTools(connect(for_orders=True))
    order = an_order(stocks[0])
    tools.place_orders([order], timeout=5)
    with pytest.raises(DataError, match="already knows"):
        tools.place_orders([order], timeout=5)
    assert tools.cancel(order.order_ref, timeout=5).status is OrderStatus.CANCELLED
    with pytest.raises(DataError, match="already knows"):
        tools.place_orders([order], timeout=5)


def test_a_price_off_the_tick_is_rejected_beside_a_good_order(connect, stocks):
    tools = TradingTools(connect(for_orders=True))
    good = an_order(stocks[0])
    bad = an_order(stocks[1], limit_price=round(stocks[1][1] * 0.5, 2) + 0.005)
    first, second = tools.place_orders([bad, good], timeout=5)
    assert first.status is OrderStatus.REJECTED
    assert "110" in first.message
    assert second.status is OrderStatus.WORKING
    tools.cancel(good.order_ref, timeout=5)


def test_orders_outlive_their_connection_and_are_found_by_any_client(connect, stocks):
    order = an_order(stocks[0])
    first = connect(for_orders=True)
    (placed,) = TradingTools(first).place_orders([order], timeout=5)
    first.close()
    other = TradingTools(connect(for_orders=True, order_client_id=21))
    found = other.order_states()[order.order_ref]
    assert (found.perm_id, found.status) == (placed.perm_id, OrderStatus.WORKING)
    with pytest.raises(RequestRefused, match="sent by client id 12"):
        other.cancel(order.order_ref, timeout=2)
    again = TradingTools(connect(for_orders=True))
    assert again.cancel(order.order_ref, timeout=5).status is OrderStatus.CANCELLED


def test_a_connection_lost_in_a_batch_loses_and_doubles_no_order(connect, world, stocks):
    orders = [an_order(stock) for stock in stocks[:8]]
    tools = TradingTools(connect(for_orders=True))
    world.fault("drop", after=5, message=3)
    states = tools.place_orders(orders, timeout=5)
    left, kept_back = orders[: len(states)], orders[len(states) :]
    assert [state.order_ref for state in states] == [order.order_ref for order in left]
    assert OrderStatus.UNCERTAIN in {state.status for state in states}
    again = TradingTools(connect(for_orders=True))
    arrived = again.order_states()
    assert not {order.order_ref for order in kept_back} & set(arrived)
    for order, state in zip(left, states, strict=True):
        if state.message.startswith("not sent"):
            assert order.order_ref not in arrived
        elif order.order_ref not in arrived:
            assert state.status is OrderStatus.UNCERTAIN
    assert orders[4].order_ref in arrived  # acted on, its acknowledgement lost
    assert states[4].status is OrderStatus.UNCERTAIN
    for ref in {order.order_ref for order in orders} & set(arrived):
        assert again.cancel(ref, timeout=5).status is OrderStatus.CANCELLED


def test_a_gateway_that_falls_silent_gets_no_orders(connect, world, stocks):
    tools = TradingTools(connect(for_orders=True, request_timeout=0.5))
    order = an_order(stocks[0])
    with fault(world, "mute"), pytest.raises(GatewayTimeout):
        tools.place_orders([order], timeout=1)
    assert (
        order.order_ref
        not in TradingTools(connect(for_orders=True, order_client_id=22)).order_states()
    )


def test_orders_fills_and_commissions_survive_a_restart_of_the_gateway(tmp_path):
    @contextmanager
    def gateway():
        with start(WORLD, day=DAY, state=tmp_path) as world:
            settings = GatewaySettings()
            with Connection.open(
                settings, mode=Mode.SIM, port=world.tws_port, for_orders=True
            ) as line:
                yield world, line

    with gateway() as (world, line):
        data, tools = MarketData(line), TradingTools(line)
        (contract,) = data.resolve([data.top_movers(rows=1)["symbol"][0]]).contracts
        order = an_order((contract, 1.0), order_type=OrderType.MARKET, limit_price=None)
        tools.place_orders([order], timeout=5)
        world.advance_to(session(DAY).open)
        filled = tools.await_fills([order.order_ref], timeout=10)
        positions = Portfolio(line).snapshot().positions
    assert filled[order.order_ref].status is OrderStatus.FILLED
    with gateway() as (world, line):
        world.advance_to(session(DAY).open)  # its clock begins at the decision time again
        assert TradingTools(line).order_states() == filled
        found = Portfolio(line).snapshot().positions
    assert [(p.con_id, p.quantity) for p in found] == [(p.con_id, p.quantity) for p in positions]
