"""An account may begin with odd holdings, each kind by its name; a tidy one begins with none."""

from contextlib import ExitStack
from datetime import date
from itertools import count

import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.market.benchmarks import FUND, PAYER, RENAMED
from simulator.market.scenarios import open_market
from simulator.market.synthetic import SyntheticMarket
from simulator.untidy.holdings import OTHER_ACCOUNT, STATED, UNSET, YOUNG, opening_shares
from simulator.untidy.market import untidied, untidiness_of

DAY = date(2026, 6, 15)
CASH = 1_000_000.0


@pytest.fixture
def account(tmp_path):
    """Return a function that opens the account of a world with these oddities."""
    with ExitStack() as brokers:

        def opened(names):
            settings = SimulatorSettings(symbols=6, untidy=names)
            market, state = untidied(open_market(settings), settings), tmp_path / str(next(numbers))
            broker = Broker(market, state=state, now=session(DAY).decision_time, cash=CASH)
            brokers.callback(broker.close)
            return broker

        numbers = count()
        yield opened


def listed(broker):
    return {row.instrument.symbol: row for row in value(broker.exchange).listed()}


def test_a_tidy_account_begins_with_its_cash_alone(account):
    found = value(account("0").exchange)
    assert (found.listed(), found.equity) == ((), CASH)


@pytest.mark.parametrize(
    ("name", "quantity"), [("fractions", 10.5), ("short-holding", -37.0), ("spin-off", 20.0)]
)
def test_shares_of_the_market_are_held_from_the_beginning(account, name, quantity):
    found = value(account(name).exchange)
    (row,) = found.rows
    assert row.quantity == quantity
    assert found.equity == pytest.approx(CASH + quantity * row.market_price)
    assert (row.average_cost == 0.0) is (name == "fractions")


def test_the_three_are_three_companies_and_the_same_in_every_run(account):
    names = "fractions,short-holding,spin-off"
    first, again = listed(account(names)), listed(account(names))
    assert len(first) == 3
    assert first == again


def test_what_never_traded_is_held_by_nobody():
    for seed in (3, 6):  # by lot alone it would be what is held short
        market = untidied(
            SyntheticMarket(seed, 20), SimulatorSettings(seed=seed, untidy="short-holding")
        )
        (con_id,) = opening_shares(market, untidiness_of(market))
        assert len(market.bars(con_id, until=DAY)) > YOUNG


def test_a_spin_off_has_ten_sessions_of_history_whatever_the_day_is(account):
    broker = account("spin-off")
    (con_id,) = broker.exchange.holdings
    for until in (DAY, date(2026, 3, 2)):
        bars = broker.exchange.view.market.bars(con_id, until=until)
        assert len(bars) == YOUNG
        assert bars[-1].session <= until


def test_two_listings_of_one_symbol_are_held_in_two_currencies(account):
    rows = value(account("foreign-listing").exchange).rows
    assert len({row.instrument.symbol for row in rows}) == 1
    assert {row.instrument.currency for row in rows} == {"USD", "GBP"}
    assert "GBP" in value(account("foreign-listing").exchange).rates


def test_what_pays_and_what_changes_its_symbol_are_held_beside_the_members(account):
    rows = value(account("dividends,renamed").exchange).rows
    assert {row.instrument.con_id: row.quantity for row in rows} == {
        PAYER: 150.0, FUND: 40.0, RENAMED: 120.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", STATED)
def test_what_only_the_broker_knows_is_stated_by_name(account, name):
    broker = account(name)
    found = value(broker.exchange)
    assert found.rows == ()
    assert {row.stated for row in found.beside} == set(STATED[name])
    worth = sum(row.stated.value for row in found.beside if row.stated.counts)
    assert abs(worth) < 0.01 * CASH
    assert found.equity == pytest.approx(CASH + worth)


def test_each_stated_holding_is_odd_in_its_way(account):
    rows = listed(account(",".join(STATED)))
    assert (rows["DEADQ"].market_price, rows["DEADQ"].average_cost) == (0.0, 0.0)
    assert (rows["HALTQ"].market_price, rows["HALTQ"].market_value) == (0.0, 55.0)
    assert rows["PENNQ"].market_value == pytest.approx(0.05)
    assert rows["NOPRC"].market_value == UNSET
    kinds = {row.instrument.sec_type for row in rows.values()}
    assert kinds == {"STK", "CASH", "OPT", "FUT", "BOND", "WAR", "FUND", "CRYPTO"}
    assert rows["ELSE"].stated.account == OTHER_ACCOUNT
    shown = {row.instrument.symbol for row in value(account(",".join(STATED)).exchange).on_page()}
    assert not {"ELSE", "EUR"} & shown
