"""Strategies on an underlying at 100, for tests."""

from datetime import date

from hypothesis import strategies as st

from risk.strategies.legs import StrategyKind, StrategyTerms, build

NEAR, FAR = date(2026, 7, 17), date(2026, 8, 21)


def terms(kind, *strikes, **changes):
    more = {"right": "C"} if kind in {StrategyKind.VERTICAL, StrategyKind.CALENDAR} else {}
    if kind is StrategyKind.CALENDAR:
        more["far_expiry"] = FAR
    return StrategyTerms(kind, "AAA", **({"expiry": NEAR, "strikes": strikes} | more | changes))


def vertical(low=95.0, high=105.0, right="C"):
    return build(terms(StrategyKind.VERTICAL, low, high, right=right))


def condor(*strikes):
    return build(terms(StrategyKind.IRON_CONDOR, *(strikes or (85.0, 90.0, 110.0, 115.0))))


def straddle(strike=100.0):
    return build(terms(StrategyKind.STRADDLE, strike))


def strangle(low=90.0, high=110.0):
    return build(terms(StrategyKind.STRANGLE, low, high))


def calendar(strike=100.0, right="C"):
    return build(terms(StrategyKind.CALENDAR, strike, right=right))


def covered_call(strike=105.0):
    return build(terms(StrategyKind.COVERED_CALL, strike))


@st.composite
def any_strategy(draw):
    """Any strategy that is one, calendars included."""
    kind = draw(st.sampled_from(StrategyKind))
    count = {"vertical": 2, "iron_condor": 4, "strangle": 2}.get(kind, 1)
    whole = st.lists(st.integers(1, 400), min_size=count, max_size=count, unique=True)
    strikes = [each / 2 for each in sorted(draw(whole))]
    single = {"right": draw(st.sampled_from("CP"))} if kind in {"vertical", "calendar"} else {}
    return build(terms(kind, *strikes, **single))
