import re
from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import is_session
from core.errors import ConfigurationError, NoData
from simulator.market.factors import simulate
from simulator.market.names import MOST_COMPANIES, SECTORS, companies, con_ids
from simulator.market.synthetic import SyntheticMarket
from tests.simulator.synthetic_markets import synthetic_market

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"
TODAY = date(2026, 6, 15)
END = date(2030, 12, 31)


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, 250)


def columns(bars):
    """Return open, high, low, close and volume, shape (T,) each."""
    return np.array([bar[1:] for bar in bars]).T


def traded(market):
    return [i for i in market.instruments if market.bars(i.con_id, until=END)]


@cache
def log_returns(market, instrument):
    _, _, _, close, _ = columns(market.bars(instrument.con_id, until=END))
    return np.diff(np.log(close))


def test_every_bar_is_consistent_positive_and_on_an_exchange_day(market):
    for instrument in traded(market):
        bars = market.bars(instrument.con_id, until=END)
        open_, high, low, close, volume = columns(bars)
        assert (low <= np.minimum(open_, close)).all()
        assert (high >= np.maximum(open_, close)).all()
        assert (low > 0).all()
        assert (volume > 0).all()
        days = [bar.session for bar in bars]
        assert days == sorted(set(days))
    assert all(is_session(bar.session) for bar in bars[:300])


def test_prices_trade_on_the_tick(market):
    for instrument in traded(market)[:20]:
        bar = market.bar(instrument.con_id, TODAY)
        for price in bar[1:5]:
            assert price == round(price, 2)


def test_the_same_seed_gives_the_same_market_and_another_seed_another():
    first, again, other = (SyntheticMarket(seed, 30) for seed in (1, 1, 2))
    assert first.instruments == again.instruments
    assert first.world_id == again.world_id != other.world_id
    for instrument in first.instruments:
        bars = first.bars(instrument.con_id, until=END)
        assert list(bars) == list(again.bars(instrument.con_id, until=END))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), shorter=st.integers(1, 80))
def test_the_past_does_not_depend_on_how_much_future_there_is(seed, shorter):
    sectors = np.arange(7)
    short, long = simulate(seed, sectors, shorter), simulate(seed, sectors, 80)
    for name in ("overnight", "intraday", "up", "down", "activity"):
        # The matrix product may round differently in its last bit for another shape.
        np.testing.assert_allclose(
            getattr(short, name), getattr(long, name)[:shorter], rtol=1e-9, atol=1e-13
        )


def test_a_later_day_changes_older_bars_by_splits_alone(market):
    earlier, later = date(2023, 5, 1), date(2027, 5, 3)
    changed = 0
    for instrument in traded(market):
        then = columns(market.bars(instrument.con_id, until=earlier))
        if not then.size:
            continue
        since = columns(market.bars(instrument.con_id, until=later))[:, : then.shape[1]]
        ratio = np.prod(
            [s.ratio for s in market.splits(instrument.con_id) if earlier < s.session <= later]
        )
        np.testing.assert_allclose(since[:4] * ratio, then[:4], rtol=1e-5)
        np.testing.assert_allclose(since[4], then[4] * ratio, rtol=1e-9, atol=1.0)
        changed += ratio != 1.0
    assert changed >= 2, "the check of splits needs some"


def test_no_bar_is_later_than_asked(market):
    for instrument in market.instruments:
        bars = market.bars(instrument.con_id, until=TODAY)
        assert all(bar.session <= TODAY for bar in bars[-3:])


def test_across_a_split_the_price_moves_by_its_ratio(market):
    splits = [(i, s) for i in traded(market) for s in market.splits(i.con_id)]
    assert {s.ratio < 1 for _, s in splits} == {True, False}
    for instrument, split in splits:
        before = market.bars(instrument.con_id, until=split.session - timedelta(days=1))[-1]
        opened = market.bar(instrument.con_id, split.session).open
        assert abs(np.log(opened * split.ratio / before.close)) < 0.6


def test_as_traded_prices_stay_where_shares_are_usually_quoted(market):
    closes = [
        bar.close
        for instrument in traded(market)
        for day in (date(2022, 6, 1), date(2024, 6, 3), date(2026, 6, 15), date(2030, 6, 3))
        if (bar := market.bar(instrument.con_id, day))
    ]
    assert np.mean([10 <= close <= 500 for close in closes]) > 0.9
    assert max(closes) < 1200
    assert min(closes) > 1.0


def test_volatility_is_that_of_large_companies(market):
    yearly = [log_returns(market, i).std() * 252**0.5 for i in traded(market)]
    assert np.quantile(yearly, 0.02) > 0.15
    assert np.quantile(yearly, 0.98) < 0.60


def test_the_market_has_fat_tails_clusters_and_a_common_factor(market):
    whole = [log_returns(market, i) for i in traded(market)]
    returns = np.array([r for r in whole if len(r) == max(map(len, whole))])
    index = returns.mean(axis=0)
    kurtosis = ((index - index.mean()) ** 4).mean() / index.var() ** 2
    assert kurtosis > 4  # a normal sample has 3
    squares = index**2
    months = squares[: len(squares) // 21 * 21].reshape(-1, 21).mean(axis=1)
    shuffled = np.random.default_rng(1).permutation(squares)[: len(months) * 21]
    assert months.std() > 1.3 * shuffled.reshape(-1, 21).mean(axis=1).std()
    to_index = [np.corrcoef(one, index)[0, 1] for one in returns]
    assert 0.3 < np.mean(to_index) < 0.8


def test_companies_of_one_sector_move_together(market):
    by_sector = {}
    for instrument in traded(market):
        returns = log_returns(market, instrument)
        if instrument.sector and len(returns) == 2257:
            by_sector.setdefault(instrument.sector, []).append(returns)
    mean = {s: np.mean(r, axis=0) for s, r in by_sector.items()}
    rest = np.mean(list(mean.values()), axis=0)
    within = [
        np.corrcoef(one - rest, mean[s] - rest)[0, 1] for s, r in by_sector.items() for one in r[:4]
    ]
    assert np.mean(within) > 0.2


def test_volume_follows_the_size_of_the_move(market):
    usual = []
    found = []
    for instrument in traded(market):
        bars = market.bars(instrument.con_id, until=TODAY)
        if len(bars) > 500:
            volume = columns(bars)[4]
            usual.append(np.median(volume[-250:]))
            moves = np.abs(log_returns(market, instrument)[: len(volume) - 1])
            found.append(np.corrcoef(moves, np.log(volume[1:]))[0, 1])
    assert np.mean(found) > 0.2
    assert min(usual) > 50_000
    assert max(usual) < 200_000_000
    assert 500_000 < np.median(usual) < 10_000_000


def test_sectors_are_the_eleven_of_gics_with_about_their_usual_share(market):
    counts = Counter(i.sector for i in market.instruments if i.member_since)
    assert set(counts) == set(SECTORS)
    for sector, (share, _) in SECTORS.items():
        assert abs(counts[sector] / 250 - share) < 0.02


def test_one_symbol_is_listed_twice_and_in_no_index(market):
    symbols = Counter(i.symbol for i in market.instruments)
    twice = [i for i in market.instruments if symbols[i.symbol] == 2]
    assert {(i.currency, i.primary_exchange) for i in twice} == {("USD", "NYSE"), ("GBP", "LSE")}
    assert len({i.con_id for i in twice}) == 2
    assert all(i.member_since is None and i.sector is None for i in twice)
    assert all(market.bars(i.con_id, until=TODAY) for i in twice)
    assert len(market.instruments) == 252


def test_one_member_never_trades_and_some_come_late(market):
    members = [i for i in market.instruments if i.member_since]
    assert len(members) == 250
    firsts = {i.symbol: market.bars(i.con_id, until=END)[:1] for i in members}
    assert sum(not bars for bars in firsts.values()) == 1
    late = [i for i in members if firsts[i.symbol] and i.member_since > market.first_session]
    assert 2 <= len(late) <= 12
    assert all(firsts[i.symbol][0].session < i.member_since for i in late)


def test_a_small_market_has_no_blemish():
    market = SyntheticMarket(3, 5)
    members = [i for i in market.instruments if i.member_since]
    assert len(members) == 5
    assert all(len(market.bars(i.con_id, until=END)) == 2258 for i in members)


@pytest.mark.parametrize("seed", [0, 7, 12345])
def test_tickers_are_unique_short_and_a_longer_list_begins_with_the_shorter(seed):
    many = companies(seed, MOST_COMPANIES)
    symbols = [company.symbol for company in many]
    assert len(set(symbols)) == len(symbols)
    assert len({company.name for company in many}) == len(many)
    assert all(re.fullmatch(r"[A-Z]{2,5}", symbol) for symbol in symbols)
    assert companies(seed, 40) == many[:40]


@pytest.mark.real_data
@pytest.mark.parametrize("seed", [0, 7, 12345])
def test_no_synthetic_ticker_is_a_known_one(seed):
    if not SHARED.is_dir():
        pytest.skip("no real data beside the checkout")
    known = set()
    for name in ("sp500_constituents_2026-08.csv", "sp500_ticker_start_end_1996_2025.csv"):
        table = pd.read_csv(SHARED / name, dtype=str, keep_default_na=False)
        known |= set(table.iloc[:, 0])
    for name in ("sp500_daily_2025_2026_yahoo.parquet", "us_etfs_daily_2025_2026_yahoo.parquet"):
        known |= set(pd.read_parquet(SHARED / name, columns=["symbol"])["symbol"].astype(str))
    assert len(known) > 1000
    assert not known & {company.symbol for company in companies(seed, MOST_COMPANIES)}


def test_a_con_id_belongs_to_the_symbol_and_the_seed():
    few, many = synthetic_market(7, 30), synthetic_market(7, 60)
    ids = {i.symbol: i.con_id for i in many.instruments if i.member_since}
    assert all(ids[i.symbol] == i.con_id for i in few.instruments if i.member_since)
    assert all(10**8 <= con_id < 10**9 for con_id in ids.values())


def test_keys_that_meet_get_different_con_ids():
    assert len(set(con_ids(f"key {i}" for i in range(60_000)).values())) == 60_000


@pytest.mark.parametrize(("seed", "symbols"), [(-1, 10), (7, 2), (7, MOST_COMPANIES)])
def test_an_impossible_market_is_refused_with_its_numbers(seed, symbols):
    with pytest.raises(ConfigurationError, match=f"not seed {seed} and {symbols} symbols"):
        SyntheticMarket(seed, symbols)


def test_an_unknown_con_id_is_never_an_empty_history(market):
    for ask in (
        lambda: market.bars(1, until=TODAY),
        lambda: market.bar(1, TODAY),
        lambda: market.splits(1),
    ):
        with pytest.raises(NoData, match="conId 1"):
            ask()
