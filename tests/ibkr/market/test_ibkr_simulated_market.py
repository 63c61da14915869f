"""The market tools against the simulator: every kind of instrument, over a real socket."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from core.calendar import next_session, session
from core.errors import NoData, RequestRefused
from core.settings import GatewaySettings, Settings
from core.tables import BARS
from ibkr.contracts.search import Ambiguous, ContractQuery
from ibkr.contracts.store import ContractStore
from ibkr.market.bar_store import BarStore
from ibkr.market.scanner import Scan
from ibkr.options.chain import ChainQuery
from ibkr.socket_gateway import open_socket
from ibkr.wire.event_loop import LoopThread
from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.market.synthetic import SyntheticMarket
from simulator.tws.gateway import Gateway

pytestmark = pytest.mark.world

DAY = date(2026, 6, 15)
PRE_MARKET = session(DAY).decision_time
FAST = GatewaySettings(messages_per_second=50.0)
USUAL_SIZES = [
    ("1 D", "1 min", 390), ("1 D", "5 mins", 78), ("2 D", "30 mins", 26), ("1 W", "1 hour", None),
    ("1 M", "1 day", None), ("1 Y", "1 week", None), ("1 Y", "1 month", None),
    ("60 S", "1 secs", 60),
]  # fmt: skip


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(7, 30)


@contextmanager
def a_world(market, folder, *, at):
    """Serve a market at a moment; yields a function that moves the clock, and a gateway."""
    gateway = Gateway(Broker(market, state=folder, now=at, cash=1e6), VirtualClock(at))
    thread = LoopThread("simulated market")
    try:
        port = thread.run(gateway.start())
        with open_socket(Settings(gateway=FAST.model_copy(update={"port": port}))) as opened:
            yield opened, lambda moment: thread.run(gateway.advance_to(moment))
    finally:
        thread.run(gateway.stop())
        thread.close()


@pytest.fixture(scope="module")
def opened(market, tmp_path_factory):
    with a_world(market, tmp_path_factory.mktemp("world"), at=PRE_MARKET) as (gateway, _):
        yield gateway


@pytest.fixture(scope="module")
def stock(opened):
    """A share that has options."""
    ranked = opened.scanner.run(Scan("MOST_ACTIVE")).rows
    for row in ranked:
        matches = opened.contracts.search(row.symbol)
        if any(m.con_id == row.con_id and "OPT" in m.derivatives for m in matches):
            return opened.contracts.details(row.con_id)
    raise AssertionError("no share of the market has options")


@pytest.mark.parametrize(
    ("query", "sec_type"),
    [
        (ContractQuery("DBOOK", "IND", exchange="CBOE"), "IND"),
        (ContractQuery("EUR", "CASH", exchange="IDEALPRO"), "CASH"),
        (ContractQuery("DBETF"), "STK"),
    ],
)
def test_every_kind_of_instrument_is_found_quoted_and_has_bars(opened, query, sec_type):
    found = opened.contracts.resolve(query).contract
    assert found.sec_type == sec_type
    (quote,) = opened.market.quotes([found]).quotes
    assert quote.reference_price > 0
    shown = "MIDPOINT" if sec_type == "CASH" else "TRADES"
    bars = opened.market.bars(found, duration="1 M", bar_size="1 day", shown=shown).bars
    assert bars[-1].start == datetime(2026, 6, 12, tzinfo=UTC)
    # A quote before the open lies around the last close.
    assert quote.reference_price == pytest.approx(bars[-1].close, rel=0.02)
    assert opened.market.head_timestamp(found, shown=shown) < bars[0].start


def test_a_future_is_ambiguous_until_its_expiry_is_named(opened):
    futures = opened.contracts.find(ContractQuery("DBF", "FUT", exchange="CME"))
    assert len(futures) > 1
    with pytest.raises(Ambiguous) as told:
        opened.contracts.resolve(ContractQuery("DBF", "FUT", exchange="CME"))
    assert told.value.candidates == futures
    first = futures[0]
    one = opened.contracts.resolve(
        ContractQuery("DBF", "FUT", exchange="CME", expiry=first.terms.expiry)
    )
    assert one == first
    assert first.terms.multiplier > 1
    (quote,) = opened.market.quotes([first.contract]).quotes
    assert quote.reference_price > 0


def test_the_details_of_a_con_id_are_those_it_was_found_by(opened, stock):
    assert opened.contracts.resolve(ContractQuery(stock.contract.symbol)) == stock
    assert stock.trades_at(session(DAY).open)
    assert not stock.trades_at(PRE_MARKET)
    assert stock.trades_at(PRE_MARKET + timedelta(hours=2), regular=False)
    increments = opened.contracts.market_rule(stock.market_rules[0])
    assert increments[0].increment == stock.contract.min_tick


def test_an_unknown_contract_is_an_error(opened):
    with pytest.raises(NoData, match="no contract STK QQQQQ"):
        opened.contracts.resolve(ContractQuery("QQQQQ"))


@pytest.mark.parametrize(("duration", "size", "count"), USUAL_SIZES)
def test_bars_of_every_size_agree_with_the_daily_ones(opened, stock, duration, size, count):
    bars = opened.market.bars(stock.contract, duration=duration, bar_size=size).bars
    daily = opened.market.bars(stock.contract, duration="1 D", bar_size="1 day").bars[-1]
    assert count in {None, len(bars)}
    assert [bar.start for bar in bars] == sorted({bar.start for bar in bars})
    assert bars[-1].close == daily.close
    if (duration, size) in {("1 D", "1 min"), ("1 D", "5 mins")}:
        assert bars[0].open == daily.open
        assert max(bar.high for bar in bars) == daily.high
        assert min(bar.low for bar in bars) == daily.low
        assert sum(bar.volume for bar in bars) == daily.volume


def test_an_order_book_surrounds_the_quote(opened, stock):
    book = opened.market.order_book(stock.contract, rows=5)
    (quote,) = opened.market.quotes([stock.contract]).quotes
    assert (book.bids[0].price, book.asks[0].price) == (quote.bid, quote.ask)
    assert [level.price for level in book.bids] == sorted(
        (level.price for level in book.bids), reverse=True
    )
    assert len(book.asks) == 5


def test_delayed_data_says_that_it_is_delayed(opened, stock):
    assert opened.market.quotes([stock.contract], source="delayed").quotes[0].source == "delayed"
    assert opened.market.quotes([stock.contract]).quotes[0].source == "live"


# Options


@pytest.fixture(scope="module")
def september(opened, stock):
    smart = next(one for one in opened.options.listings(stock.contract) if one.exchange == "SMART")
    return next(day for day in smart.expirations if day > date(2026, 8, 1))


def test_a_chain_has_a_call_and_a_put_at_each_strike(opened, stock, september):
    chain = opened.options.chain(stock.contract, ChainQuery(september))
    strikes = [option.terms.strike for option in chain]
    assert strikes == sorted(strikes)
    assert [option.terms.right for option in chain] == ["C", "P"] * (len(chain) // 2)
    assert {option.terms.underlying for option in chain} == {stock.contract.con_id}


def test_greeks_make_sense_along_the_strikes(opened, stock, september):
    found = opened.options.chain_near_price(stock.contract, ChainQuery(september), within=0.15)
    assert not found.missing
    calls = [quote for quote in found.quotes if quote.details.terms.right == "C"]
    puts = [quote for quote in found.quotes if quote.details.terms.right == "P"]
    deltas = [quote.greeks.delta for quote in calls]
    assert deltas == sorted(deltas, reverse=True)
    assert all(0 < delta < 1 for delta in deltas)
    for call, put in zip(calls, puts, strict=True):
        assert call.greeks.delta - put.greeks.delta == pytest.approx(1.0, abs=0.02)
        assert call.greeks.gamma > 0
        assert call.greeks.vega > 0
        assert call.greeks.theta < 0


@pytest.mark.parametrize("right", ["C", "P"])
def test_a_chain_by_delta_has_that_delta(opened, stock, september, right):
    query = ChainQuery(september, right)
    found = opened.options.chain_by_delta(stock.contract, query, low=0.2, high=0.6)
    assert found.quotes
    assert all(0.2 <= abs(quote.greeks.delta) <= 0.6 for quote in found.quotes)
    assert {quote.details.terms.right for quote in found.quotes} == {right}


def test_a_wrong_strike_is_answered_with_strikes_that_exist(opened, stock, september):
    with pytest.raises(NoData, match="the nearest: ") as told:
        opened.options.chain(stock.contract, ChainQuery(september, strike=1.23))
    nearest = float(str(told.value).rsplit(": ", 1)[1].split(",")[0])
    assert opened.options.chain(stock.contract, ChainQuery(september, strike=nearest))


# Scans and news


def test_every_code_that_is_listed_can_be_asked_for(opened):
    codes = opened.scanner.codes()
    assert codes.filters
    for code in codes.scans:
        rows = opened.scanner.run(Scan(code.code, rows=3)).rows
        assert [row.rank for row in rows] == list(range(len(rows)))


def test_bounds_keep_what_they_say(opened):
    every = opened.scanner.run(Scan("MOST_ACTIVE")).rows
    prices = {}
    for row in every:
        contract = opened.contracts.details(row.con_id).contract
        daily = opened.market.bars(contract, duration="1 D", bar_size="1 day")
        prices[row.con_id] = daily.bars[-1].close
    middle = sorted(prices.values())[len(prices) // 2]
    dear = opened.scanner.run(Scan("MOST_ACTIVE", price_above=middle)).rows
    cheap = opened.scanner.run(Scan("MOST_ACTIVE", price_below=middle)).rows
    assert dear
    assert cheap
    assert all(prices[row.con_id] > middle for row in dear)
    assert all(prices[row.con_id] < middle for row in cheap)


def test_an_unknown_scan_is_refused(opened):
    with pytest.raises(RequestRefused, match="scan NO_SUCH_SCAN"):
        opened.scanner.run(Scan("NO_SUCH_SCAN"))


def test_a_headline_leads_to_its_article(opened):
    codes = [provider.code for provider in opened.news.providers()]
    for row in opened.scanner.run(Scan("MOST_ACTIVE")).rows:
        found = opened.news.headlines(row.con_id, codes)
        if found:
            break
    assert found
    assert found == tuple(sorted(found, key=lambda one: one.time, reverse=True))
    assert all(one.time <= PRE_MARKET for one in found)
    article = opened.news.article(found[0].provider, found[0].article_id)
    assert (article.format, article.text != "") == ("text", True)
    with pytest.raises(RequestRefused):
        opened.news.article(found[0].provider, "no-such-article")


# What is kept between days


def test_the_store_gives_the_same_bytes_as_the_gateway_day_after_day(market, tmp_path):
    store, contracts = BarStore(tmp_path / "bars"), ContractStore(tmp_path / "bars")
    symbols = [one.symbol for one in market.instruments][:12]
    at = PRE_MARKET
    with a_world(market, tmp_path / "world", at=at) as (gateway, advance_to):
        for _ in range(3):
            found = gateway.market.stored_contracts(contracts, symbols, today=at.date())
            assert found.contracts == gateway.market.resolve(symbols).contracts
            kept = gateway.market.stored_history(store, found.contracts, end=at, duration="1 Y")
            asked = gateway.market.history(found.contracts, duration="1 Y", end=at)
            assert BARS.build(kept.bars).equals(BARS.build(asked.bars))
            assert kept.missing == asked.missing
            at = next_session(at.date()).decision_time
            advance_to(at)
