from datetime import UTC, datetime

import pytest

from core.calendar import session
from core.errors import RequestRefused
from core.types import Side
from simulator.broker.valuation import value
from simulator.exchange.orders import Status, TimeInForce
from simulator.exchange.positions import Cause
from simulator.market.benchmarks import DELISTED, INDEX, PAYER
from tests.simulator.derivatives import (
    CASH,
    FUTURE,
    THURSDAY,
    TradingDesk,
    combination,
    contracts,
    iron_condor,
    option,
    pair,
)
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    CLOSE,
    MONDAY,
    OPEN,
    limit_order,
    market_order,
)

EXPIRED = session(THURSDAY).close


def test_an_option_costs_its_price_times_its_multiplier_and_65_cents(desk):
    call = option(100)
    filled = desk.trade(contracts(call, 3))
    (execution,) = desk.exchange.executions
    price = execution.price
    assert filled.commission == pytest.approx(1.95)
    assert desk.exchange.cash == pytest.approx(CASH - 300 * price - 1.95)
    assert desk.exchange.holdings[call].average_cost == pytest.approx(100 * price + 0.65)
    (row,) = value(desk.exchange).rows
    assert row.market_value == pytest.approx(300 * row.market_price)
    assert desk.equity() == pytest.approx(desk.exchange.cash + row.market_value)


def test_a_limit_better_than_the_quote_is_improved_and_one_at_the_middle_is_met(desk):
    call = option(100)
    middle = desk.exchange.view.mark(call, OPEN)
    generous = desk.trade(contracts(call, limit=middle + 1.0))
    at_middle = desk.trade(contracts(call, limit=middle))
    below = desk.trade(contracts(call, limit=round(middle - 0.01, 2)))
    assert middle < generous.average_price < middle + 1.0
    assert at_middle.average_price == middle
    assert below.status is Status.SUBMITTED


def test_a_worthless_option_finds_no_buyer_but_can_be_bought(desk):
    far = option(140, expiry=THURSDAY)
    assert desk.trade(contracts(far, side=Side.BUY)).average_price == 0.02
    assert desk.trade(contracts(far, side=Side.SELL)).status is Status.SUBMITTED


def test_the_legs_of_a_combination_trade_together_at_its_net_price(desk):
    long, short = option(100), option(105)
    order = desk.trade(combination({long: 1, short: -1}, 2))
    whole, *legs = desk.exchange.executions
    assert (whole.is_combination, whole.quantity, whole.price) == (True, 2, order.average_price)
    assert [(e.con_id, e.side.sign * e.quantity) for e in legs] == [(long, 2), (short, -2)]
    assert legs[0].price - legs[1].price == pytest.approx(order.average_price)
    assert len({e.execution_id.rpartition(".")[0] for e in desk.exchange.executions}) == 3
    assert desk.held() == {long: 2, short: -2}
    assert order.commission == pytest.approx(4 * 0.65)
    assert sum(e.commission for e in legs) == pytest.approx(order.commission)
    paid = 200 * order.average_price + order.commission
    assert desk.exchange.cash == pytest.approx(CASH - paid)


def test_a_combination_waits_for_its_limit_and_has_no_position_before(desk):
    legs = {option(100): 1, option(105): -1}
    waiting = desk.trade(combination(legs, limit=0.01))
    assert (waiting.status, desk.held()) == (Status.SUBMITTED, {})
    desk.broker.advance_to(CLOSE)
    assert desk.broker.find(7, 1).status is Status.CANCELLED


def test_an_iron_condor_is_sold_for_its_credit_and_bought_back(desk):
    condor = iron_condor()
    sold = desk.trade(combination(condor, side=Side.SELL))
    assert sold.average_price > 0
    assert sorted(desk.held().values()) == [-1, -1, 1, 1]
    # One side of five points can be lost, not both.
    assert value(desk.exchange).margin.initial == pytest.approx(500.0)
    bought = desk.trade(combination(condor, side=Side.BUY))
    assert bought.average_price > sold.average_price
    assert desk.held() == {}
    assert value(desk.exchange).margin.initial == 0.0


def test_a_combination_that_brings_money_is_bought_at_a_limit_below_zero(desk):
    reversed_condor = {con_id: -ratio for con_id, ratio in iron_condor().items()}
    order = desk.trade(combination(reversed_condor, limit=-0.01))
    assert order.status is Status.FILLED
    assert order.average_price < 0
    assert desk.exchange.cash > CASH - order.commission


def test_shares_and_an_option_make_a_covered_call_priced_per_share(desk):
    call = option(105)
    order = desk.trade(combination({ACME: 100, call: -1}))
    assert 98.0 < order.average_price < 100.5
    assert desk.held() == {ACME: 100, call: -1}
    assert order.commission == pytest.approx(1.0 + 1.0)  # the minimum of shares, and of options
    # Half of the shares; the call is covered and out of the money.
    assert value(desk.exchange).margin.initial == pytest.approx(5_000.0)


def test_what_an_option_costs_is_no_collateral(desk):
    desk.trade(contracts(option(90), 10))
    valuation = value(desk.exchange)
    assert valuation.equity_with_loan == pytest.approx(valuation.equity - valuation.option_value)
    assert valuation.margin.initial == 0.0


def test_options_are_refused_when_the_money_for_them_is_not_there(tmp_path):
    desk = TradingDesk(tmp_path, cash=1_000.0)
    with pytest.raises(RequestRefused, match="EQUITY WITH LOAN VALUE"):
        desk.trade(contracts(option(90), 2))  # about 10 a share
    with pytest.raises(RequestRefused, match="INITIAL MARGIN"):
        desk.trade(contracts(option(100), side=Side.SELL))  # naked: about 20 % of 10,000
    assert desk.trade(contracts(option(100), 1)).status is Status.FILLED
    desk.broker.close()


def test_a_future_moves_no_cash_until_it_is_closed(desk):
    opened = desk.trade(contracts(FUTURE, 2))
    assert desk.exchange.cash == CASH
    assert opened.commission == pytest.approx(1.70)
    valuation = value(desk.exchange)
    half_a_spread = opened.average_price - desk.exchange.view.mark(FUTURE, OPEN)
    assert valuation.equity == pytest.approx(CASH - 100 * half_a_spread - 1.70)
    assert valuation.gross == 0.0
    assert valuation.margin.initial == pytest.approx(1.1 * valuation.margin.maintenance)
    closed = desk.trade(contracts(FUTURE, 2, Side.SELL))
    lost = 100 * (opened.average_price - closed.average_price)
    assert desk.exchange.cash == pytest.approx(CASH - lost - 3.40)
    assert desk.held() == {}


def test_a_future_is_settled_in_cash_on_its_last_day(desk):
    opened = desk.trade(contracts(FUTURE, 1))
    desk.broker.advance_to(EXPIRED)
    level = desk.exchange.view.mark(INDEX, EXPIRED)
    gained = 50 * (level - opened.average_price) - 0.85
    assert desk.held() == {}
    assert desk.exchange.cash == pytest.approx(CASH + gained)
    assert desk.equity() == pytest.approx(CASH + gained)


def test_a_currency_pair_exchanges_one_balance_for_another(desk):
    euro = pair("EUR")
    bought = desk.trade(contracts(euro, 100_000))
    assert bought.commission == pytest.approx(2.1622, abs=0.01)  # 0.2 basis points of 108,110
    assert desk.exchange.positions.balances == {"EUR": 100_000}
    paid = 100_000 * bought.average_price + bought.commission
    assert desk.exchange.cash == pytest.approx(CASH - paid)
    valuation = value(desk.exchange)
    assert valuation.equity == pytest.approx(CASH, abs=20.0)
    assert valuation.value_of("STK", "OPT") == 0.0
    assert valuation.margin.initial == pytest.approx(0.05 * 100_000 * valuation.rates["EUR"])
    assert valuation.equity == pytest.approx(CASH + valuation.unrealized, abs=1e-6)


def test_a_pair_quoted_in_a_foreign_currency_gains_in_it(desk):
    desk.trade(contracts(pair("USD", "JPY"), 10_000, Side.SELL))
    balances = desk.exchange.positions.balances
    assert list(balances) == ["JPY"]
    assert balances["JPY"] == pytest.approx(10_000 * 152.5, rel=0.01)
    valuation = value(desk.exchange)
    assert valuation.equity == pytest.approx(CASH + valuation.unrealized, abs=1e-6)


def test_currencies_and_futures_trade_when_the_stock_exchange_is_closed(tmp_path):
    desk = TradingDesk(tmp_path, now=BEFORE_OPEN)
    assert desk.trade(contracts(pair("EUR"), 1_000)).status is Status.FILLED
    assert desk.trade(contracts(FUTURE, 1)).status is Status.FILLED
    assert desk.trade(contracts(option(100), 1)).status is Status.PRE_SUBMITTED
    saturday = datetime(2026, 6, 20, 12, tzinfo=UTC)
    desk.broker.advance_to(saturday)
    assert desk.trade(contracts(pair("EUR"), 1_000)).status is Status.PRE_SUBMITTED
    desk.broker.close()


def test_dividends_are_paid_to_holders_and_by_sellers_on_the_ex_date(tmp_path):
    desk = TradingDesk(tmp_path, now=session(MONDAY.replace(day=12)).open)
    desk.trade(market_order(PAYER, 200))
    before = desk.exchange.cash
    desk.broker.advance_to(session(MONDAY).decision_time)
    assert desk.exchange.cash - before == pytest.approx(200 * 0.45)
    (settled,) = desk.exchange.positions.settlements
    assert (settled.cause, settled.paid) == (Cause.DIVIDEND, 90.0)
    desk.broker.close()


def test_who_is_short_pays_the_dividend(tmp_path):
    desk = TradingDesk(tmp_path, now=session(MONDAY.replace(day=12)).open)
    desk.trade(market_order(PAYER, 200, side=Side.SELL))
    before = desk.exchange.cash
    desk.broker.advance_to(BEFORE_OPEN)
    assert desk.exchange.cash - before == pytest.approx(-90.0)
    desk.broker.close()


def test_what_is_delisted_is_paid_out_at_its_last_close(tmp_path):
    early = session(MONDAY.replace(month=5, day=28))
    desk = TradingDesk(tmp_path, now=early.open)
    last = desk.exchange.view.instrument(DELISTED).listed_until
    desk.trade(market_order(DELISTED, 10))
    desk.trade(limit_order(DELISTED, 10, 1.0, tif=TimeInForce.GTC))
    before = desk.exchange.cash
    desk.broker.advance_to(session(last).close)
    price = desk.exchange.view.mark(DELISTED, session(last).close)
    assert desk.held() == {}
    assert desk.exchange.cash - before == pytest.approx(10 * price)
    assert desk.broker.find(7, 2).status is Status.CANCELLED
    desk.broker.close()


def test_an_account_with_everything_in_it_is_the_same_after_a_restart(tmp_path):
    desk = TradingDesk(tmp_path)
    desk.trade(combination(iron_condor(THURSDAY), 2, Side.SELL))
    desk.trade(contracts(FUTURE, 1))
    desk.trade(contracts(pair("GBP"), 5_000))
    desk.trade(contracts(option(100, "P"), 3, Side.SELL))
    desk.broker.advance_to(EXPIRED)
    first = value(desk.exchange), desk.exchange.executions, desk.exchange.positions.settlements
    desk.broker.close()
    again = TradingDesk(tmp_path, now=EXPIRED)
    assert (
        value(again.exchange), again.exchange.executions, again.exchange.positions.settlements
    ) == first  # fmt: skip
    again.broker.close()
