from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.tables import MACRO
from signals.environment import risk_off

DAY = date(2026, 6, 12)
CALM = {
    "vix": (14.0, -1.0, -0.5),
    "us10y": (4.4, 0.1, 0.2),
    "curve": (1.4, 0.1, 0.2),
    "wti": (70.0, 1.0, 0.1),
}
STRESS = {
    "vix": (60.0, 30.0, 5.0),
    "us10y": (3.0, -0.8, -3.0),
    "curve": (-0.9, -0.8, -2.0),
    "wti": (40.0, -30.0, -4.0),
}


@pytest.fixture(scope="session")
def gauges(make_table):
    def table(values, *, observed_on=DAY):
        return make_table(
            MACRO,
            [
                {
                    "gauge": name,
                    "observed_on": observed_on,
                    "value": value,
                    "change_20": change,
                    "zscore_252": z,
                }
                for name, (value, change, z) in values.items()
            ],
        )

    return table


def test_calm_is_zero_and_stress_is_one(gauges, noon):
    assert risk_off(gauges(CALM), as_of=noon) == 0.0
    assert risk_off(gauges(STRESS), as_of=noon) == pytest.approx(1.0)


def test_components_are_weighted_by_hand(gauges, noon):
    values = {**CALM, "vix": (28.5, 5.0, 1.5)}  # half of the level's and of the z-score's ramp
    assert risk_off(gauges(values), as_of=noon) == pytest.approx(0.5 * 0.35 + 0.5 * 0.25)
    inverted = {**CALM, "curve": (-0.5, -1.0, -2.0)}
    assert risk_off(gauges(inverted), as_of=noon) == pytest.approx(0.15)
    shock = {**CALM, "wti": (52.5, -17.5, -2.0)}
    assert risk_off(gauges(shock), as_of=noon) == pytest.approx(0.10)


def test_unknown_components_are_left_out_of_the_mean(gauges, noon):
    assert risk_off(gauges({"vix": (28.5, 5.0, 1.5)}), as_of=noon) == pytest.approx(0.5)


def test_an_unknown_environment_is_not_a_calm_one(gauges, noon):
    assert risk_off(gauges({}), as_of=noon) is None
    assert risk_off(gauges({"eurusd": (1.1, 0.0, 0.0)}), as_of=noon) is None
    without_vix = {name: values for name, values in CALM.items() if name != "vix"}
    assert risk_off(gauges(without_vix), as_of=noon) is None


@pytest.mark.parametrize(("age", "known"), [(0, True), (10, True), (11, False), (-1, False)])
def test_a_gauge_counts_for_ten_days_and_never_before_it_was_observed(gauges, noon, age, known):
    table = gauges(STRESS, observed_on=noon.date() - timedelta(days=age))
    assert (risk_off(table, as_of=noon) is not None) is known


def test_a_missing_number_is_not_known(gauges, noon):
    found = risk_off(gauges({**CALM, "vix": (60.0, 0.0, None)}), as_of=noon)
    assert found == pytest.approx(0.35 / 0.75)


def test_a_negative_price_of_oil_is_stress_and_no_error(gauges, noon):
    assert risk_off(gauges({**CALM, "wti": (-37.0, -60.0, -9.0)}), as_of=noon) == pytest.approx(0.1)
    # Back from a negative price there is no relative change: the component is not known.
    found = risk_off(gauges({**CALM, "wti": (20.0, 57.0, 1.0)}), as_of=noon)
    assert found == 0.0


def test_upper_case_names_are_the_same_gauges(gauges, noon):
    table = gauges(STRESS)
    upper = table.assign(gauge=table["gauge"].str.upper())
    assert risk_off(upper, as_of=noon) == risk_off(table, as_of=noon)


def test_a_gauge_given_twice_is_refused(gauges, noon):
    table = gauges({"vix": CALM["vix"], "VIX": CALM["vix"]})
    with pytest.raises(DataError, match="given twice: vix"):
        risk_off(table, as_of=noon)


def test_a_moment_without_a_zone_is_refused_for_gauges(gauges):
    with pytest.raises(DataError, match="without a zone"):
        risk_off(gauges(CALM), as_of=datetime(2026, 6, 15, 11, 0))  # noqa: DTZ001


@given(vix=st.floats(5, 100), z=st.floats(-10, 10), oil=st.floats(-50, 200))
def test_stress_never_leaves_zero_to_one(gauges, noon, vix, z, oil):
    values = {**CALM, "vix": (vix, 0.0, z), "wti": (oil, 10.0, 0.0)}
    assert 0.0 <= risk_off(gauges(values), as_of=noon) <= 1.0
