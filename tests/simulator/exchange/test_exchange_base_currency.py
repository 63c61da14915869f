"""An account in another currency is worth the same, and its page says so in both."""

import pytest

from simulator.broker.account_values import account_values
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, CLOSE, TinyMarket, market_order

WORTH = 1_000_000.0  # dollars


def played(folder, base):
    """Hold 1,000 shares bought at the open, in an account of a worth in dollars; value it."""
    market = TinyMarket()
    dollar = rate(MarketView(market, base=base), "USD", BEFORE_OPEN)
    broker = Broker(market, state=folder, now=BEFORE_OPEN, cash=WORTH * dollar, base=base)
    terms = market_order(ACME, 1_000)
    effect = broker.what_if(terms)
    broker.place(terms, client_id=1, order_id=1)
    broker.advance_to(CLOSE)
    found = value(broker.exchange)
    broker.close()
    return found, effect, dollar, rate(broker.exchange.view, "USD", CLOSE)


@pytest.fixture(scope="module")
def in_dollars(tmp_path_factory):
    return played(tmp_path_factory.mktemp("USD"), "USD")


@pytest.mark.parametrize("base", ["EUR", "RON", "GBP", "JPY", "HUF"])
def test_margin_commission_and_gains_are_those_of_the_dollar_account_at_the_rate(
    tmp_path, in_dollars, base
):
    (plain, before, _, _), (found, effect, then, now) = in_dollars, played(tmp_path, base)
    assert effect.initial_after == pytest.approx(before.initial_after * then)
    assert effect.commission == pytest.approx(before.commission * then, abs=1e-5)
    assert found.stock_value == pytest.approx(plain.stock_value * now)
    assert found.unrealized == pytest.approx(plain.unrealized * now, rel=1e-6)
    # What the shares cost is owed in dollars; the cash itself did not move with the rate.
    assert found.balances == {"USD": pytest.approx(-1_000 * 100.0, rel=0.01)}
    cash = (WORTH - before.commission) * then
    owned = (plain.stock_value + found.balances["USD"]) * now
    assert found.equity == pytest.approx(cash + owned, rel=1e-6)


@pytest.mark.parametrize("base", ["EUR", "JPY"])
def test_the_page_states_the_rate_and_keeps_the_shares_in_the_ledger_of_dollars(tmp_path, base):
    found, _, _, now = played(tmp_path, base)
    rows = {
        (row.key, row.currency, row.is_ledger): row.value for row in account_values(found, "DU1")
    }
    assert float(rows["NetLiquidation", base, False]) == pytest.approx(found.equity, abs=0.01)
    assert float(rows["ExchangeRate", "USD", True]) == pytest.approx(now, abs=1e-7)
    by_ledger = [
        float(rows["NetLiquidationByCurrency", name, True]) * worth
        for name, worth in ((base, 1.0), ("USD", now))
    ]
    assert sum(by_ledger) == pytest.approx(found.equity, rel=1e-6)
    assert float(rows["StockMarketValue", base, True]) == 0.0
