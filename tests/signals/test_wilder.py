import numpy as np
import pytest
from ta.momentum import RSIIndicator
from ta.trend import ADXIndicator
from ta.volatility import AverageTrueRange

from signals.wilder import WilderADX, WilderATR, WilderRSI


def assert_equal_to_ta(bars):
    bars = bars.sort_values("session").reset_index(drop=True)
    prices = bars["high"], bars["low"], bars["close"]
    ours, theirs = WilderADX(*prices), ADXIndicator(*prices)
    pairs = [
        (ours.adx(), theirs.adx()),
        (ours.adx_pos(), theirs.adx_pos()),
        (ours.adx_neg(), theirs.adx_neg()),
        (WilderATR(*prices).average_true_range(), AverageTrueRange(*prices).average_true_range()),
        (WilderRSI(bars["close"]).rsi(), RSIIndicator(bars["close"]).rsi()),
    ]
    for found, wanted in pairs:
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sessions", [28, 29, 40, 400])
@pytest.mark.parametrize("seed", range(4))
def test_every_bar_equals_plain_ta_on_generated_bars(make_random_bars, sessions, seed):
    assert_equal_to_ta(make_random_bars(sessions, seed=seed))


@pytest.mark.parametrize(
    "closes", [[5.0] * 60, list(range(1, 61)), list(range(60, 0, -1)), [5.0] * 30 + [6.0] * 30]
)
def test_every_bar_equals_plain_ta_where_denominators_vanish(make_bars, closes):
    assert_equal_to_ta(make_bars(closes))


@pytest.mark.real_data
def test_every_bar_equals_plain_ta_on_real_bars(real_bars):
    for con_id in sorted(real_bars["con_id"].unique())[:15]:
        assert_equal_to_ta(real_bars[real_bars["con_id"] == con_id])
