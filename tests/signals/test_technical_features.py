import numpy as np
import pandas as pd
import pytest
from ta.momentum import RSIIndicator
from ta.trend import MACD, ADXIndicator, SMAIndicator
from ta.volatility import AverageTrueRange, BollingerBands, DonchianChannel
from ta.volume import OnBalanceVolumeIndicator

from core.errors import DataError, SchemaError
from core.tables import TECHNICAL_FEATURES
from signals.technical import technical_features, technical_history

BARS_NEEDED = {
    "sma_gap_20_50": 50,
    "macd_histogram": 34,
    "rsi_14": 14,
    "atr_14": 14,
    "atr_breakout": 15,
    "donchian_position_20": 20,
    "bollinger_position_20": 20,
    "adx_14": 28,
    "directional_gap_14": 28,
    "obv_slope_20": 20,
    "momentum_12_1": 253,
    "reversal_5": 6,
    "volatility_20": 21,
}


def plain_ta(bars):
    """The documented formulas over plain ta classes, at the last bar."""
    bars = bars.sort_values("session").reset_index(drop=True)
    high, low, close, volume = (bars[n] for n in ("high", "low", "close", "volume"))
    last = close.iloc[-1]
    atr = AverageTrueRange(high, low, close).average_true_range()
    adx = ADXIndicator(high, low, close)
    top = DonchianChannel(high, low, close).donchian_channel_hband().iloc[-1]
    bottom = DonchianChannel(high, low, close).donchian_channel_lband().iloc[-1]
    obv = OnBalanceVolumeIndicator(close, volume).on_balance_volume().iloc[-20:]
    sma_20 = SMAIndicator(close, 20).sma_indicator().iloc[-1]
    return {
        "sma_gap_20_50": sma_20 / SMAIndicator(close, 50).sma_indicator().iloc[-1] - 1,
        "macd_histogram": MACD(close).macd_diff().iloc[-1] / last,
        "rsi_14": RSIIndicator(close).rsi().iloc[-1],
        "atr_14": atr.iloc[-1] / last,
        "atr_breakout": close.diff().iloc[-1] / atr.iloc[-2],
        "donchian_position_20": 2 * (last - bottom) / (top - bottom) - 1,
        "bollinger_position_20": 2 * BollingerBands(close).bollinger_pband().iloc[-1] - 1,
        "adx_14": adx.adx().iloc[-1],
        "directional_gap_14": (adx.adx_pos().iloc[-1] - adx.adx_neg().iloc[-1]) / 100,
        "obv_slope_20": np.polyfit(np.arange(20), obv, 1)[0] / volume.iloc[-20:].mean(),
        "momentum_12_1": close.iloc[-22] / close.iloc[-253] - 1,
        "reversal_5": close.iloc[-1] / close.iloc[-6] - 1,
        "volatility_20": close.pct_change().iloc[-20:].std(),
    }


def leaking(history, bars, cut):
    """Names of the features that change at the cut when the bars after it become known."""
    before = history(bars.iloc[:cut]).iloc[-1]
    after = history(bars).iloc[cut - 1]
    same = np.isclose(before, after, rtol=1e-9, atol=1e-12, equal_nan=True)
    return set(before.index[~same])


def test_features_are_worked_out_by_hand(make_bars):
    # 260 closes that rise by 1 from 100 to 359; every bar's range is 2, and so is its true range.
    closes = np.arange(100.0, 360.0)
    row = technical_features(make_bars(closes, highs=closes + 1, lows=closes - 1)).loc[1]
    assert row["sma_gap_20_50"] == pytest.approx(349.5 / 334.5 - 1)
    assert row["rsi_14"] == 100.0
    assert row["atr_14"] == pytest.approx(2 / 359)
    assert row["atr_breakout"] == pytest.approx(0.5)
    assert row["donchian_position_20"] == pytest.approx((2 * 359 - 360 - 339) / (360 - 339))
    assert row["bollinger_position_20"] == pytest.approx(9.5 / (2 * np.sqrt((20**2 - 1) / 12)))
    assert row["adx_14"] == pytest.approx(100.0)
    assert row["directional_gap_14"] == pytest.approx(0.5)  # moves of 1 within ranges of 2
    assert row["obv_slope_20"] == pytest.approx(1.0)  # all volume is bought
    assert row["momentum_12_1"] == pytest.approx(338 / 107 - 1)
    assert row["reversal_5"] == pytest.approx(359 / 354 - 1)
    assert row["adv_20"] == pytest.approx(1000.0)
    assert (row["bar_count"], row["previous_close"]) == (260, 359.0)


def test_volatility_is_the_daily_standard_deviation_of_twenty_returns(make_bars):
    closes = 100 * np.cumprod([1.0] + [1.01, 0.99] * 15)
    row = technical_features(make_bars(closes)).loc[1]
    assert row["volatility_20"] == pytest.approx(0.01 * np.sqrt(20 / 19))


@pytest.mark.parametrize("seed", range(5))
def test_every_feature_equals_plain_ta_on_generated_bars(make_random_bars, seed):
    bars = make_random_bars(300, seed=seed)
    wanted = plain_ta(bars)
    assert set(wanted) == set(TECHNICAL_FEATURES)
    found = technical_features(bars).loc[1, list(wanted)].astype(float)
    np.testing.assert_allclose(found, list(wanted.values()), rtol=1e-9, atol=1e-12)


@pytest.mark.real_data
def test_every_feature_equals_plain_ta_on_real_bars(real_bars):
    found = technical_features(real_bars)
    for con_id, bars in real_bars.groupby("con_id"):
        if len(bars) < 253:
            continue
        wanted = plain_ta(bars)
        row = found.loc[con_id, list(wanted)].astype(float)
        np.testing.assert_allclose(row, list(wanted.values()), rtol=1e-9, atol=1e-12)
    assert (found["bar_count"] >= 253).sum() > 20


@pytest.mark.parametrize("cut", [10, 14, 20, 27, 28, 33, 50, 60, 253, 299, 399])
def test_no_feature_of_a_day_changes_when_later_bars_exist(make_random_bars, cut):
    assert leaking(technical_history, make_random_bars(400), cut) == set()


@pytest.mark.parametrize("feature", TECHNICAL_FEATURES)
def test_the_feature_of_today_is_the_last_row_of_its_history(make_random_bars, feature):
    bars = make_random_bars(450)
    history = technical_history(bars)[feature]
    for cut in (60, 280, 450):
        today = technical_features(bars.iloc[:cut]).loc[1, feature]
        np.testing.assert_allclose(today, history.iloc[cut - 1], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    "peek",
    [
        lambda close: close.shift(-1),
        lambda close: close / close.mean(),
        lambda close: close.rolling(5, center=True).mean(),
    ],
)
def test_a_planted_look_ahead_is_caught(make_random_bars, peek):
    def planted(bars):
        return technical_history(bars).assign(rsi_14=peek(bars["close"]).to_numpy())

    assert leaking(planted, make_random_bars(400), 300) == {"rsi_14"}


@pytest.mark.parametrize(("feature", "needed"), BARS_NEEDED.items())
def test_one_bar_too_few_is_not_known_and_no_error(make_random_bars, feature, needed):
    bars = make_random_bars(300)
    assert np.isnan(technical_features(bars.iloc[-needed + 1 :]).loc[1, feature])
    assert np.isfinite(technical_features(bars.iloc[-needed:]).loc[1, feature])


def test_a_single_bar_gives_a_price_and_nothing_else(make_bars):
    row = technical_features(make_bars([10.0])).loc[1]
    assert (row["previous_close"], row["bar_count"]) == (10.0, 1)
    assert row[[*TECHNICAL_FEATURES, "adv_20"]].isna().all()


def test_a_constant_price_has_no_direction(make_bars):
    row = technical_features(make_bars([10.0] * 300)).loc[1]
    assert row["momentum_12_1"] == row["volatility_20"] == row["atr_14"] == row["adx_14"] == 0
    unknown = ["rsi_14", "atr_breakout", "donchian_position_20", "bollinger_position_20"]
    assert row[unknown].isna().all()


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_bar_with_a_missing_value_is_no_bar(make_random_bars, column):
    bars = make_random_bars(300)
    hole = bars.copy()
    hole.loc[[0, 150, 290], column] = np.nan
    found = technical_features(hole)
    wanted = technical_features(bars.drop(index=[0, 150, 290]))
    pd.testing.assert_frame_equal(found, wanted)
    assert found.loc[1, TECHNICAL_FEATURES[0]] == pytest.approx(
        plain_ta(bars.drop(index=[0, 150, 290]))[TECHNICAL_FEATURES[0]]
    )


def test_a_symbol_without_a_usable_bar_has_no_row(make_bars):
    bars = pd.concat([make_bars([10.0] * 30), make_bars([np.nan, 0.0, -1.0], con_id=2)])
    assert list(technical_features(bars).index) == [1]
    assert technical_features(bars[bars["con_id"] == 2]).empty


def test_the_order_of_the_rows_does_not_matter(make_random_bars):
    bars = pd.concat([make_random_bars(n, con_id=n) for n in (300, 120, 35)], ignore_index=True)
    shuffled = bars.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(technical_features(shuffled), technical_features(bars))


def test_one_symbol_says_nothing_about_another(make_random_bars):
    both = technical_features(
        pd.concat([make_random_bars(300), make_random_bars(300, con_id=2)], ignore_index=True)
    )
    pd.testing.assert_frame_equal(technical_features(make_random_bars(300)), both.loc[[1]])


def test_scale_free_features_do_not_see_a_split(make_random_bars):
    bars = make_random_bars(300)
    split = bars.assign(
        **{name: bars[name] / 4 for name in ("open", "high", "low", "close")},
        volume=bars["volume"] * 4,
    )
    names = list(TECHNICAL_FEATURES)
    np.testing.assert_allclose(
        technical_features(split)[names], technical_features(bars)[names], rtol=1e-7
    )


def test_two_bars_of_one_session_are_refused(make_random_bars):
    bars = make_random_bars(40)
    with pytest.raises(DataError, match=r"1 repeated bar.*con_id 1 on 2026-06-12"):
        technical_features(pd.concat([bars, bars.iloc[[-1]]]))


def test_all_missing_columns_are_named_at_once(make_random_bars):
    with pytest.raises(SchemaError, match=r"(?s)'high' is missing.*'volume' is missing"):
        technical_features(make_random_bars(40).drop(columns=["high", "volume"]))


def test_a_history_is_of_exactly_one_symbol(make_random_bars):
    two = pd.concat([make_random_bars(30), make_random_bars(30, con_id=2)])
    with pytest.raises(DataError, match="bars of 2 symbols"):
        technical_history(two)
