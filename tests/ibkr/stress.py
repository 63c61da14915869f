"""Many callers at once over one connection: each checks that every answer is its own."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from core.clock import stopwatch
from core.money import Rates
from core.settings import GatewaySettings, Settings, SimulatorSettings
from core.types import Order, OrderStatus, OrderType, Side
from ibkr.contracts.search import ContractQuery
from ibkr.orders.executions import Wanted
from ibkr.socket_gateway import open_socket
from simulator import process

CALLERS, THREADS = 50, 8
SYMBOLS = 12
DAY = date(2026, 6, 15)


class Stress:
    """What every caller may ask, and how it tells its own answer from another's."""

    def __init__(self, market, orders):
        self.market, self.orders = market, orders
        self.stocks = self._stocks()
        self.account = market.account
        self.refs = {}  # caller -> the order that only this caller knows
        self.asked, self.slowest, self.failures = Counter(), Counter(), []
        self._lock = threading.Lock()

    def _stocks(self):
        movers = self.market.market.top_movers(["MOST_ACTIVE"], rows=SYMBOLS)
        return self.market.market.resolve(list(movers["symbol"])).contracts

    def one_call(self, caller, dice):
        """Let one caller ask one thing, and remember what was wrong with the answer."""
        kind = dice.choice(QUESTIONS)
        started = stopwatch()
        try:
            kind(self, caller, dice)
        except Exception as error:  # noqa: BLE001 - a stress reports everything that went wrong
            with self._lock:
                self.failures.append((f"caller {caller}, {kind.__name__}", error))
        took = stopwatch() - started
        with self._lock:
            self.asked[kind.__name__] += 1
            self.slowest[kind.__name__] = max(self.slowest[kind.__name__], took)

    def an_order(self, caller, dice, **changes):
        stock = self.stocks[caller % len(self.stocks)]
        plain = {
            "con_id": stock.con_id, "symbol": stock.symbol, "side": Side.BUY,
            "quantity": 1 + caller, "order_type": OrderType.LIMIT, "limit_price": 1.0 + caller,
            "time_in_force": "DAY", "order_ref": f"stress:{caller}:{dice.random():.12f}",
        }  # fmt: skip
        return Order(**plain | changes)


# Questions: each knows from its arguments what a right answer looks like


def quote(stress, _caller, dice):
    stock = dice.choice(stress.stocks)
    (found,) = stress.market.market.bulk_quote([stock]).quotes
    assert (found.con_id, found.symbol) == (stock.con_id, stock.symbol)


def bars(stress, _caller, dice):
    stocks = dice.sample(stress.stocks, 2)
    found = stress.market.market.history(stocks, duration="5 D").bars
    assert set(found["con_id"]) == {stock.con_id for stock in stocks}


def contract(stress, _caller, dice):
    stock = dice.choice(stress.stocks)
    query = ContractQuery(symbol=stock.symbol, sec_type="STK", currency="USD")
    assert stress.market.contracts.resolve(query).contract.con_id == stock.con_id


def details(stress, _caller, dice):
    stock = dice.choice(stress.stocks)
    assert stress.market.contracts.details(stock.con_id).contract.symbol == stock.symbol


def movers(stress, _caller, dice):
    rows = dice.randint(1, 5)
    assert len(stress.market.market.top_movers(["MOST_ACTIVE"], rows=rows)) == rows


def news(stress, _caller, _dice):
    assert stress.market.news.providers()


def the_time(stress, _caller, _dice):
    assert stress.market.server_time().date() == DAY


def snapshot(stress, _caller, _dice):
    found = stress.market.portfolio.snapshot()
    assert (found.account, found.positions) == (stress.account, ())


def summary(stress, _caller, _dice):
    assert stress.market.account_tools.summary().account == stress.account


def ledgers(stress, _caller, _dice):
    assert stress.market.account_tools.ledgers().ledgers[0].currency == "BASE"


def positions(stress, _caller, _dice):
    assert stress.market.account_tools.positions().holdings == ()


def profit(stress, _caller, _dice):
    assert stress.market.account_tools.profit().unrealized == 0.0


def managed(stress, _caller, _dice):
    assert stress.market.account_tools.managed().selected == stress.account


def what_if(stress, caller, dice):
    order = stress.an_order(caller, dice)
    answer = stress.orders.trading.what_if(order)
    assert (answer.order_ref, answer.accepted) == (order.order_ref, True)


def basket(stress, caller, dice):
    orders = [stress.an_order(caller, dice) for _ in range(2)]
    steps = stress.orders.orders.what_if_basket(orders, rates=Rates("USD"))
    assert [step.answer.order_ref for step in steps] == [order.order_ref for order in orders]
    assert all(step.covered for step in steps)


def place(stress, caller, dice):
    if caller in stress.refs:
        return
    order = stress.an_order(caller, dice)
    (state,) = stress.orders.trading.place_orders([order], timeout=10.0)
    stress.refs[caller] = order
    assert (state.order_ref, state.status) == (order.order_ref, OrderStatus.WORKING)
    assert (state.con_id, state.quantity) == (order.con_id, float(order.quantity))


def change(stress, caller, _dice):
    if order := stress.refs.get(caller):
        (shown,) = [o for o in stress.market.orders.open_orders().orders
                    if o.order_ref == order.order_ref]  # fmt: skip
        larger = replace(order, quantity=int(shown.quantity) + 1)
        done = stress.orders.orders.modify(larger, timeout=10.0)
        assert (done.confirmed, done.state.quantity) == (True, shown.quantity + 1)


def status(stress, caller, _dice):
    if order := stress.refs.get(caller):
        state = stress.market.orders.status(order.order_ref)
        assert (state.con_id, state.status) == (order.con_id, OrderStatus.WORKING)


def cancel(stress, caller, _dice):
    if order := stress.refs.pop(caller, None):
        state = stress.orders.trading.cancel(order.order_ref, timeout=10.0)
        assert (state.order_ref, state.status) == (order.order_ref, OrderStatus.CANCELLED)


def open_orders(stress, caller, _dice):
    found = {order.order_ref: order for order in stress.market.orders.open_orders().orders}
    if order := stress.refs.get(caller):
        assert found[order.order_ref].con_id == order.con_id


def completed(stress, _caller, _dice):
    assert all(
        order.status is OrderStatus.CANCELLED
        for order in stress.market.orders.completed_orders().orders
    )


def executions(stress, caller, dice):
    wanted = Wanted(order_ref=stress.an_order(caller, dice).order_ref)
    assert stress.market.orders.executions(wanted).fills == ()


def watch(stress, caller, _dice):
    if order := stress.refs.get(caller):
        seen = list(stress.market.orders.watch([order.order_ref], timeout=0.1))
        assert {each.state.order_ref for each in seen} == {order.order_ref}


QUESTIONS = (
    quote, bars, contract, details, movers, news, the_time, snapshot, summary, ledgers, positions,
    profit, managed, what_if, basket, place, change, status, cancel, open_orders, completed,
    executions, watch,
)  # fmt: skip


def run(stress, *, seconds, seed=1):
    """Let 50 callers ask from 8 threads until the time is over; return when all have come back."""
    deadline = stopwatch() + seconds

    def work(number):
        dice = random.Random(seed * 1000 + number)
        # Each thread has callers of its own, so that one caller's calls come one after another.
        own = range(number, CALLERS, THREADS)
        while stopwatch() < deadline:
            stress.one_call(dice.choice(own), dice)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(work, number) for number in range(THREADS)]:
            future.result()
    return stress


def a_world(folder):
    return process.start(SimulatorSettings(symbols=SYMBOLS + 8), day=DAY, state=folder)


def brewed(world, stack):
    """Open a line for data and one for orders to a simulator."""
    line = GatewaySettings(port=world.tws_port, messages_per_second=50.0)
    settings = Settings(gateway=line)
    market = stack.enter_context(open_socket(settings))
    orders = stack.enter_context(open_socket(settings, for_orders=True))
    return Stress(market, orders)
