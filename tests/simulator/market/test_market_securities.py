from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import is_session, session
from simulator.instruments.expirations import (
    expirations,
    first_future_listed,
    first_listed,
    futures_listed,
    options_listed,
)
from simulator.instruments.futures import con_id_of
from simulator.instruments.options import RIGHTS, OptionKey, key_of
from simulator.instruments.strikes import STRIKES
from simulator.market.benchmarks import DELISTED, FIRST_PAIR, FUND, INDEX, PAYER, RENAMED
from simulator.market.synthetic import SyntheticMarket
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView
from simulator.prices.option_model import computation
from simulator.prices.quotes import quote
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.queries.contract_lookup import ContractLookup
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    CLOSE,
    LAST,
    MONDAY,
    OPEN,
    TUESDAY,
    TinyMarket,
    split,
)

JULY = date(2026, 7, 17)


@pytest.fixture(scope="module")
def view():
    return MarketView(TinyMarket())


def call(view, strike=100.0, expiry=JULY, right="C", day=MONDAY, underlying=ACME):
    return view.securities.option(underlying, expiry, strike, right, day=day)


def find(directory, **terms):
    blank = dict.fromkeys(("symbol", "sec_type", "exchange", "primary_exchange", "currency",
                           "local_symbol"), "")  # fmt: skip
    return directory.find(ContractQuery(**({"con_id": 0} | blank | terms)))


def test_what_is_beside_the_shares_changes_no_world():
    assert SyntheticMarket(7, 60).world_id == "c3ffd74404e6"
    assert SyntheticMarket(3, 5).world_id == "abc1e1b5a863"


@given(
    place=st.integers(0, 799),
    week=st.integers(0, 599),
    strike=st.sampled_from(STRIKES),
    right=st.sampled_from(RIGHTS),
    epoch=st.integers(0, 3),
)
def test_a_con_id_says_everything_about_an_option(place, week, strike, right, epoch):
    key = OptionKey(place, expirations()[week], strike, right, epoch)
    assert key_of(key.con_id) == key
    assert 1_000_000_000 <= key.con_id < 2_100_000_000


def test_another_process_finds_the_same_instrument_by_con_id():
    first, again = MarketView(SyntheticMarket(7, 25)), MarketView(SyntheticMarket(7, 25))
    share = first.market.instruments[0]
    option = call(first, 50.0, underlying=share.con_id)
    future = con_id_of(futures_listed(MONDAY)[0])
    for con_id in (option.con_id, future, INDEX, FIRST_PAIR):
        assert again.instrument(con_id) == first.instrument(con_id)


def test_an_unknown_con_id_is_no_instrument(view):
    for con_id in (1, 999_999_999, 2_099_999_999, 2_100_000_999, 2_110_000_090):
        with pytest.raises(KeyError):
            view.instrument(con_id)


def test_kinds_are_written_as_their_exchanges_write_them(view):
    assert call(view, 105.0).local_symbol == "ACME  260717C00105000"
    assert view.instrument(con_id_of(date(2026, 9, 18))).local_symbol == "DBFU6"
    assert view.instrument(FIRST_PAIR).local_symbol == "EUR.USD"
    assert view.instrument(ACME).local_symbol == "ACME"
    assert [view.instrument(i).routed_to for i in (ACME, INDEX, FIRST_PAIR)] == [
        "SMART", "CBOE", "IDEALPRO",
    ]  # fmt: skip


@given(st.dates(date(2024, 1, 3), date(2029, 12, 31)))
@settings(max_examples=60)
def test_expirations_are_sessions_and_stay_listed_until_they_come(day):
    listed = options_listed(day)
    assert list(listed) == sorted(set(listed))
    assert all(is_session(expiry) and expiry >= day for expiry in listed)
    tomorrow = day + timedelta(days=1)
    assert set(listed) - {day} <= set(options_listed(tomorrow))
    for expiry in listed:
        assert expiry not in options_listed(first_listed(expiry) - timedelta(days=1))
        assert expiry in options_listed(first_listed(expiry))


def test_a_future_is_listed_for_five_quarters():
    expiry = futures_listed(MONDAY)[-1]
    first = first_future_listed(expiry)
    assert expiry in futures_listed(first)
    assert expiry not in futures_listed(first - timedelta(days=1))


def test_a_friday_without_a_session_expires_on_thursday():
    # 19 June 2026 is a holiday.
    assert options_listed(MONDAY)[0] == date(2026, 6, 18)


def test_mark_bar_and_model_of_an_option_agree(view):
    for right in RIGHTS:
        for strike in (90.0, 100.0, 110.0):
            option = call(view, strike, right=right).con_id
            for now in (BEFORE_OPEN, OPEN, CLOSE):
                model = computation(view, option, now)
                intrinsic = max((model.underlying - strike) * (1 if right == "C" else -1), 0.0)
                price = max(model.greeks.price, intrinsic, 0.01)
                assert view.mark(option, now) == pytest.approx(price, abs=0.0051)
            assert view.daily(option, CLOSE)[-1].close == view.mark(option, CLOSE)


def test_dearer_strikes_have_cheaper_calls_and_dearer_puts(view):
    strikes = [strike for strike in STRIKES if 70 <= strike <= 140]
    calls = [computation(view, call(view, k).con_id, BEFORE_OPEN).greeks for k in strikes]
    puts = [computation(view, call(view, k, right="P").con_id, BEFORE_OPEN).greeks for k in strikes]
    assert [one.price for one in calls] == sorted((one.price for one in calls), reverse=True)
    assert [one.price for one in puts] == sorted(one.price for one in puts)
    assert all(0 <= one.delta <= 1 for one in calls)
    assert all(-1 <= one.delta <= 0 for one in puts)
    assert all(c.delta - p.delta == pytest.approx(1.0) for c, p in zip(calls, puts, strict=True))


def test_an_option_never_costs_less_than_exercising_it(view):
    for strike in (70.0, 100.0, 140.0):
        for right in RIGHTS:
            sign = 1 if right == "C" else -1
            price = view.mark(call(view, strike, right=right).con_id, BEFORE_OPEN)
            assert price >= max(sign * (102.0 - strike), 0.01) - 1e-9


def test_the_smile_is_higher_at_low_strikes_than_at_the_money(view):
    low, middle = (
        computation(view, call(view, strike).con_id, BEFORE_OPEN).volatility
        for strike in (85.0, 102.5 - 2.5)
    )
    assert low > middle


def test_an_option_settles_at_its_intrinsic_value_and_is_listed_no_more():
    view = MarketView(TinyMarket())
    directory = ContractLookup(view.market, view=view, now=lambda: session(JUNE).close)
    for strike, right, worth in ((100.0, "C", 2.0), (105.0, "C", 0.0), (105.0, "P", 3.0)):
        option = call(view, strike, JUNE, right).con_id
        before = session(JUNE).close - timedelta(seconds=1)
        assert view.settlement(option, before) is None
        assert view.mark(option, session(JUNE).close) == worth
        assert view.mark(option, session(LAST).close) == worth
        assert not view.is_listed(option, session(JUNE).close)
        assert find(directory, con_id=option) == []
        assert quote(view, option, session(JUNE).close) is None


JUNE = date(2026, 6, 18)


def test_a_future_settles_at_the_level_of_the_index(view):
    future = con_id_of(JUNE)
    level = view.mark(INDEX, session(JUNE).close)
    assert view.mark(future, session(JUNE).close) == level
    assert view.mark(con_id_of(date(2026, 9, 18)), session(JUNE).close) > level


def test_a_split_changes_what_an_option_delivers_and_not_what_it_is_worth():
    view = MarketView(TinyMarket(splits={ACME: [split(2.0)]}))
    before = call(view, 100.0)
    evening, morning = CLOSE, session(TUESDAY).open - timedelta(hours=1)
    assert view.deliverable(before.con_id, evening) == 100
    assert view.deliverable(before.con_id, morning) == 200
    assert view.mark(before.con_id, morning) == view.mark(before.con_id, evening)
    assert view.splits_on(before.con_id, TUESDAY) == 1.0
    after = call(view, 100.0, day=TUESDAY)
    assert after.con_id != before.con_id
    assert (after.strike, after.expiry) == (before.strike, before.expiry)
    assert view.deliverable(after.con_id, morning) == 100
    # Listed on the day of the split: no bar before it can be its own.
    assert len(view.daily(after.con_id, CLOSE)) == 0


def test_the_future_of_a_split_is_unknown_to_the_contract():
    apart, usual = MarketView(TinyMarket(splits={ACME: [split(2.0)]})), MarketView(TinyMarket())
    assert call(apart) == call(usual)
    assert apart.mark(call(apart).con_id, CLOSE) == usual.mark(call(usual).con_id, CLOSE)


def test_the_index_moves_by_the_mean_of_its_members():
    changes = {(ACME, MONDAY): (100.0, 120.0, 96.0, 112.2, 5_000_000)}
    view, usual = MarketView(TinyMarket(changes)), MarketView(TinyMarket())
    # Four dollar shares trade; ACME closes 10 % higher than on the other days.
    assert view.mark(INDEX, CLOSE) / usual.mark(INDEX, CLOSE) == pytest.approx(1.025, rel=1e-4)
    assert view.mark(INDEX, OPEN) == usual.mark(INDEX, OPEN)


def test_the_fund_follows_the_index_less_what_it_pays(view):
    paid = sum(one.amount for one in view.securities.dividends(FUND) if one.ex_date <= MONDAY)
    assert paid > 0
    assert view.mark(FUND, CLOSE) == pytest.approx(view.mark(INDEX, CLOSE) / 10 - paid, abs=0.02)


def test_a_dividend_is_paid_once_on_its_day(view):
    days = [one.ex_date for one in view.securities.dividends(PAYER)]
    assert days == [date(2026, 3, 16), date(2026, 6, 15)]
    assert view.dividends_on(PAYER, MONDAY) == 0.45
    assert view.dividends_on(PAYER, TUESDAY) == 0.0
    assert view.dividends_on(ACME, MONDAY) == 0.0


def test_a_currency_is_worth_the_same_both_ways(view):
    yen = next(i for i in view.instruments.values() if i.local_symbol == "USD.JPY")
    assert rate(view, "USD", BEFORE_OPEN) == 1.0
    assert rate(view, "JPY", BEFORE_OPEN) == pytest.approx(1 / view.mark(yen.con_id, BEFORE_OPEN))
    assert 1.0 < rate(view, "GBP", BEFORE_OPEN) < 1.6
    with pytest.raises(Exception, match="no exchange rate of XYZ"):
        rate(view, "XYZ", BEFORE_OPEN)


def test_a_share_changes_its_symbol_on_its_day_and_keeps_its_con_id():
    view = MarketView(TinyMarket())
    day, symbol = view.instrument(RENAMED).renamed
    for now, known, unknown in (
        (session(day).open - timedelta(days=1), "OLDNE", "NEWNE"),
        (session(day).open, "NEWNE", "OLDNE"),
    ):
        directory = ContractLookup(view.market, view=view, now=lambda now=now: now)
        assert [i.con_id for i in find(directory, symbol=known, sec_type="STK")] == [RENAMED]
        assert find(directory, symbol=unknown, sec_type="STK") == []
        assert view.instrument(RENAMED, now).symbol == known
    assert symbol == "NEWNE"


def test_a_delisted_share_is_found_no_more_and_keeps_its_last_price():
    view = MarketView(TinyMarket())
    last = session(view.instrument(DELISTED).listed_until)
    late = session(LAST).close
    for now, listed in ((last.open, True), (last.close, False), (late, False)):
        directory = ContractLookup(view.market, view=view, now=lambda now=now: now)
        assert bool(find(directory, symbol="GONEE", sec_type="STK")) is listed
        assert view.is_listed(DELISTED, now) is listed
    assert view.mark(DELISTED, late) == view.closed_bar(DELISTED, last.day, late).close


def test_every_kind_has_a_quote_with_its_bid_below_its_ask(view):
    kinds = [call(view).con_id, con_id_of(date(2026, 9, 18)), FIRST_PAIR, FUND]
    for con_id in kinds:
        for now in (BEFORE_OPEN, OPEN, CLOSE):
            known = quote(view, con_id, now)
            tick = view.instrument(con_id).min_tick
            assert known.bid < known.ask
            for price in (known.bid, known.ask):
                assert round(price / tick) * tick == pytest.approx(price, abs=1e-9)
    index = quote(view, INDEX, BEFORE_OPEN)
    assert (index.bid, index.bid_size, index.ask, index.ask_size) == (-1, 0, -1, 0)


def test_a_worthless_option_finds_no_buyer(view):
    known = quote(view, call(view, 140.0).con_id, BEFORE_OPEN)
    assert (known.bid, known.bid_size) == (-1, 0)
    assert known.ask > 0


def test_nothing_derived_depends_on_what_comes_later():
    wild = {
        (ACME, MONDAY): (100.0, 9_000.0, 0.01, 777.0, 987_654_321),
        (ACME, TUESDAY): (9.0, 9_000.0, 0.01, 777.0, 987_654_321),
    }
    later = {key: bar for key, bar in wild.items() if key[1] > MONDAY}
    parted, after_monday, usual = (
        MarketView(TinyMarket(wild, splits={ACME: [split(7.0)]})),
        MarketView(TinyMarket(later, splits={ACME: [split(7.0)]})),
        MarketView(TinyMarket()),
    )
    derived = [call(usual).con_id, con_id_of(date(2026, 9, 18)), INDEX, FUND, FIRST_PAIR]
    for con_id in derived:
        in_session = (after_monday, CLOSE - timedelta(seconds=1))
        for view, now in ((parted, BEFORE_OPEN), (parted, OPEN), in_session):
            assert quote(view, con_id, now) == quote(usual, con_id, now)
            assert list(view.daily(con_id, now)) == list(usual.daily(con_id, now))
