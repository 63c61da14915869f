import pytest

from core.calendar import session
from core.types import Side
from simulator.broker.broker import Broker
from simulator.broker.profit_and_loss import gains, total
from simulator.broker.valuation import value
from simulator.market.benchmarks import PAYER
from tests.simulator.derivatives import (
    FUTURE,
    THURSDAY,
    combination,
    contracts,
    iron_condor,
    option,
    pair,
)
from tests.simulator.tiny_market import (
    ACME,
    BOLT,
    CLOSE,
    MONDAY,
    NEXT_MORNING,
    OPEN,
    TUESDAY,
    TinyMarket,
    market_order,
    split,
)


def a_broker(folder, *, now=OPEN, market=None):
    return Broker(market or TinyMarket(), state=folder, now=now, cash=1e6)


def found(broker):
    return gains(broker.exchange, value(broker.exchange))


def trade(broker, *orders):
    for terms in orders:
        broker.place(terms, order_id=broker.next_order_id, client_id=7)


def test_a_day_trade_gains_what_it_realized(tmp_path):
    broker = a_broker(tmp_path)
    trade(broker, market_order(ACME, 100), market_order(ACME, 100, side=Side.SELL))
    gain = found(broker)[ACME]
    # Bought at 100.02, sold at 99.98, 1.00 each time.
    assert (gain.position, gain.value, gain.unrealized) == (0.0, 0.0, 0.0)
    assert gain.daily == pytest.approx(-6.0)
    assert gain.realized == pytest.approx(-6.0)
    broker.close()


def test_a_position_gains_from_the_close_before(tmp_path):
    broker = a_broker(tmp_path)
    trade(broker, market_order(ACME, 100))
    broker.advance_to(CLOSE)
    assert found(broker)[ACME].daily == pytest.approx(100 * (102.0 - 100.02) - 1.0)
    broker.advance_to(NEXT_MORNING)
    assert found(broker)[ACME].daily == 0.0
    broker.advance_to(session(TUESDAY).open)
    gain = found(broker)[ACME]
    assert gain.daily == pytest.approx(100 * (100.0 - 102.0))
    assert gain.unrealized == pytest.approx(100 * (100.0 - 100.03))
    broker.close()


def test_a_split_is_no_gain(tmp_path):
    after = {(ACME, TUESDAY): (25.0, 26.0, 24.0, 25.5, 20_000_000)}
    broker = a_broker(tmp_path, market=TinyMarket(after, splits={ACME: [split(4.0)]}))
    trade(broker, market_order(ACME, 100))
    broker.advance_to(NEXT_MORNING)
    assert found(broker)[ACME].daily == pytest.approx(0.0)
    assert found(broker)[ACME].position == 400
    broker.close()


def test_a_dividend_belongs_to_the_gain_of_its_day(tmp_path):
    broker = a_broker(tmp_path, now=session(MONDAY.replace(day=12)).open)
    trade(broker, market_order(PAYER, 200))
    broker.advance_to(session(MONDAY).decision_time)
    assert found(broker)[PAYER].daily == pytest.approx(90.0)
    broker.close()


@pytest.mark.parametrize("moment", [CLOSE, session(TUESDAY).open, session(THURSDAY).close])
def test_the_gains_of_a_day_are_what_the_equity_gained(tmp_path, moment):
    broker = a_broker(tmp_path)
    trade(
        broker,
        market_order(ACME, 300),
        market_order(BOLT, 500, side=Side.SELL),
        contracts(option(100, "P", THURSDAY), 3, Side.SELL),
        contracts(option(100, "C", THURSDAY), 2),
        combination(iron_condor(), 2, Side.SELL),
        contracts(FUTURE, 1),
        contracts(pair("EUR"), 20_000),
    )
    day = moment.date()
    if day != MONDAY:
        broker.advance_to(session(day).decision_time)
    # Before the session no price has moved and nothing has traded: what the day began with.
    began = value(broker.exchange).equity if day != MONDAY else 1e6
    broker.advance_to(moment)
    trade(broker, market_order(ACME, 50, side=Side.SELL))
    gained = value(broker.exchange).equity - began
    assert total(found(broker)).daily == pytest.approx(gained, abs=1e-3)
    broker.close()


def test_a_gain_in_a_foreign_currency_is_told_in_dollars(tmp_path):
    broker = a_broker(tmp_path)
    trade(broker, contracts(pair("USD", "JPY"), 100_000, Side.SELL))
    broker.advance_to(CLOSE)
    gain, equity = found(broker)[pair("USD", "JPY")], value(broker.exchange).equity
    assert gain.daily == pytest.approx(equity - 1e6, abs=1e-6)
    assert gain.daily == pytest.approx(gain.unrealized, abs=0.1)
    broker.close()


def test_the_gains_of_a_day_begin_at_midnight_in_new_york(tmp_path):
    broker = a_broker(tmp_path)
    trade(broker, market_order(ACME, 100), market_order(ACME, 100, side=Side.SELL))
    broker.advance_to(NEXT_MORNING)
    assert found(broker) == {}
    broker.close()
