"""Orders over the socket: the real ib_async against the simulator."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from core.calendar import session
from core.errors import DataError, GatewayTimeout, RequestRefused
from core.settings import GatewaySettings, Mode
from core.types import OrderStatus, OrderType
from ibkr.account.portfolio import Portfolio
from ibkr.market.market_data import MarketData
from ibkr.orders.trading import TradingTools
from ibkr.wire.connection import Connection
from simulator.process import start
from tests.conformance.conformance_harness import (
    DAY,
    REFS,
    SETTINGS,
    an_order,
    fault,
    to_next_decision_time,
)

# What-if orders


def test_a_what_if_order_tells_the_margin_and_leaves_no_order(connect, stocks):
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


def test_a_what_if_order_without_an_answer_is_not_accepted_and_the_next_one_is(
    connect, simulator, stocks
):
    tools = TradingTools(connect(for_orders=True, request_timeout=0.5))
    with fault(simulator, "whatif_silent"):
        assert not tools.what_if(an_order(stocks[0])).accepted
    assert tools.what_if(an_order(stocks[0])).accepted


def test_a_what_if_order_above_the_margin_says_so(connect, simulator, stocks):
    tools = TradingTools(connect(for_orders=True))
    with fault(simulator, "reject_margin", symbol=stocks[0][0].symbol):
        answer = tools.what_if(an_order(stocks[0]))
    assert answer.margin_exceeded


# Orders


def test_a_whole_day_ends_in_the_targets(connect, simulator, stocks):
    today = to_next_decision_time(simulator)
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
    simulator.advance_to(today.open + timedelta(minutes=1))
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


def test_a_connection_lost_in_a_batch_loses_and_doubles_no_order(connect, simulator, stocks):
    orders = [an_order(stock) for stock in stocks[:8]]
    tools = TradingTools(connect(for_orders=True))
    simulator.fault("drop", after=5, message=3)
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


def test_a_gateway_that_falls_silent_gets_no_orders(connect, simulator, stocks):
    tools = TradingTools(connect(for_orders=True, request_timeout=0.5))
    order = an_order(stocks[0])
    with fault(simulator, "mute"), pytest.raises(GatewayTimeout):
        tools.place_orders([order], timeout=1)
    assert (
        order.order_ref
        not in TradingTools(connect(for_orders=True, order_client_id=22)).order_states()
    )


def test_orders_fills_and_commissions_survive_a_restart_of_the_gateway(tmp_path):
    @contextmanager
    def gateway():
        with start(SETTINGS, day=DAY, state=tmp_path) as simulator:
            settings = GatewaySettings()
            with Connection.open(
                settings, mode=Mode.SIM, port=simulator.tws_port, for_orders=True
            ) as line:
                yield simulator, line

    with gateway() as (simulator, line):
        data, tools = MarketData(line), TradingTools(line)
        (contract,) = data.resolve([data.top_movers(rows=1)["symbol"][0]]).contracts
        order = an_order((contract, 1.0), order_type=OrderType.MARKET, limit_price=None)
        tools.place_orders([order], timeout=5)
        simulator.advance_to(session(DAY).open)
        filled = tools.await_fills([order.order_ref], timeout=10)
        positions = Portfolio(line).snapshot().positions
    assert filled[order.order_ref].status is OrderStatus.FILLED
    with gateway() as (simulator, line):
        simulator.advance_to(session(DAY).open)  # its clock begins at the decision time again
        assert TradingTools(line).order_states() == filled
        found = Portfolio(line).snapshot().positions
    assert [(p.con_id, p.quantity) for p in found] == [(p.con_id, p.quantity) for p in positions]
