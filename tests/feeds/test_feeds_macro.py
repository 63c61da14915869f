import json
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core import tables
from core.errors import VendorError
from feeds.http import Payload
from feeds.macro import Macro, parse_macro

from .conftest import KEY, Answer

DAY = date(2026, 6, 15)
YESTERDAY = DAY - timedelta(days=1)
LEVELS = {"vix": 20.0, "wti": 70.0, "eurusd": 1.1, "spy": 600.0}


def price_rows(values, *, newest=YESTERDAY):
    """Newest first, as the vendor has them: the last value is of ``newest``."""
    days = [(newest - timedelta(days=back)).isoformat() for back in range(len(values))]
    return [
        {"symbol": "X", "date": day, "price": value, "volume": 0}
        for day, value in zip(days, reversed(values), strict=True)
    ]


def staged(name, rows):
    return Payload(f"macro-{name}.json", json.dumps(rows).encode())


def a_day(**changes):
    payloads = [
        staged(name, changes.get(name, price_rows([level] * 30))) for name, level in LEVELS.items()
    ]
    rates = [{"date": row["date"], "year2": 3.9, "year10": 4.25} for row in price_rows([0.0] * 30)]
    return [*payloads, staged("treasury-rates-2026-03-17", changes.get("rates", rates))]


def gauges(payloads):
    parsed = parse_macro(payloads, as_of=DAY)
    tables.MACRO.build(parsed.frame)
    return parsed.frame.set_index("gauge"), parsed.problems


def test_seven_gauges_and_the_curve_is_ten_years_minus_two():
    frame, problems = gauges(a_day())
    assert list(frame.index) == ["curve", "eurusd", "spy", "us10y", "us2y", "vix", "wti"]
    assert frame.loc["curve", "value"] == pytest.approx(0.35)
    assert frame.loc["vix", "observed_on"] == YESTERDAY
    assert problems == ()


def test_change_and_zscore_are_worked_out_over_20_and_252_observations():
    values = [*np.linspace(10.0, 60.0, 251).tolist(), 61.0]
    frame, _ = gauges(a_day(vix=price_rows(values)))
    assert frame.loc["vix", "change_20"] == pytest.approx(61.0 - values[-21])
    expected = (61.0 - np.mean(values)) / np.std(values, ddof=1)
    assert frame.loc["vix", "zscore_252"] == pytest.approx(expected)


def test_too_little_history_has_no_zscore():
    frame, _ = gauges(a_day(vix=price_rows([20.0] * 19 + [21.0])))
    assert pd.isna(frame.loc["vix", "change_20"])
    assert pd.isna(frame.loc["vix", "zscore_252"])


def test_oil_may_be_negative():
    frame, problems = gauges(a_day(wti=price_rows([20.0, -36.98])))
    assert frame.loc["wti", "value"] == -36.98
    assert problems == ()


def test_a_value_that_cannot_be_true_is_passed_over_and_counted():
    frame, problems = gauges(a_day(vix=price_rows([21.0, 2.58])))
    assert frame.loc["vix", "value"] == 21.0
    assert problems == ("1 value of vix cannot be true",)


def test_the_day_itself_is_not_known_yet():
    frame, _ = gauges(a_day(vix=price_rows([20.0, 80.0], newest=DAY)))
    assert frame.loc["vix", "value"] == 20.0


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "vix is absent"),
        (price_rows([20.0], newest=DAY - timedelta(days=11)), "vix is left out: .* 2026-06-04"),
        ({"Error Message": "Limit Reach"}, "Limit Reach"),
    ],
)
def test_an_absent_or_stale_gauge_is_left_out_and_said(rows, said):
    parsed = parse_macro(a_day(vix=rows), as_of=DAY)
    assert "vix" not in set(parsed.frame["gauge"])
    assert len(parsed.frame) == 6
    assert re.search(said, "; ".join(parsed.problems))


def test_no_gauge_at_all_is_a_fault():
    with pytest.raises(VendorError, match="no market gauge can be used"):
        parse_macro([], as_of=DAY)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_cost_at_most_their_gauge(content):
    payloads = [*a_day()[1:], Payload("macro-vix.csv", content)]
    assert len(parse_macro(payloads, as_of=DAY).frame) == 6


def script(asked):
    assert asked.query["apikey"] == KEY
    if asked.path.endswith("treasury-rates"):
        first, last = (date.fromisoformat(asked.query[k]) for k in ("from", "to"))
        assert last - first < timedelta(days=90)  # the vendor cuts off what is longer
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        rows = [{"date": day.isoformat(), "year2": 4.0, "year10": 4.5} for day in days]
        return Answer(json.dumps(rows).encode())
    assert asked.path.endswith("/historical-price-eod/light")
    if asked.query["symbol"] == "CLUSD":
        return Answer(b"", 402)
    level = {"^VIX": 20.0, "EURUSD": 1.1, "SPY": 600.0}[asked.query["symbol"]]
    return Answer(json.dumps(price_rows([level] * 300)).encode())


def test_rates_are_asked_for_in_windows_and_a_missing_gauge_is_said(serve, fetcher):
    vendor = serve(script)
    (frame, problems), payloads = Macro(fetcher, vendor.url, SecretStr(KEY)).fetch(as_of=DAY)
    assert list(frame["gauge"]) == ["curve", "eurusd", "spy", "us10y", "us2y", "vix"]
    assert set(frame["observed_on"]) == {YESTERDAY}
    assert "without macro-wti" in "; ".join(problems)
    assert "wti is absent" in "; ".join(problems)
    assert len({payload.name for payload in payloads}) == len(payloads) == 3 + 5
    pd.testing.assert_frame_equal(parse_macro(payloads, as_of=DAY).frame, frame)
