"""The environment: how much the macro gauges speak of stress.

Each component rises linearly from 0 at its calm value to 1 at its stress value. Calm is about
the median and stress about the worst 2.5 % of all days from 1990 to 2026.

====================================  ======  =====  ======
component                             weight   calm  stress
====================================  ======  =====  ======
vix: level                              0.35     18      39
vix: z-score within 252 observations    0.25      0       3
curve: us10y - us2y, percentage points  0.15    0.9    -0.5
wti: size of the 20-day change          0.10   0.06    0.25
us10y: size of the 20-day change, pp    0.15   0.16    0.58
====================================  ======  =====  ======
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite, nan

import pandas as pd

from core.errors import DataError
from signals.known import dated_within

STALE_AFTER = timedelta(days=10)
LEAST_KNOWN = 0.5 - 1e-9  # share of the weight: oil alone does not say "calm"; sums round
GAUGES = ("vix", "curve", "us10y", "wti")


def risk_off(macro: pd.DataFrame, *, as_of: datetime) -> float | None:
    """Return the stress of the environment, from 0 (calm) to 1 (stress).

    Parameters
    ----------
    macro
        Columns of `core.tables.MACRO`. Read are the gauges ``vix``, ``curve`` and ``us10y``
        (percent a year) and ``wti`` (USD a barrel), in upper or lower case.
    as_of
        The moment of the decision, aware. Values observed later, or more than ten days earlier,
        are not known.

    Returns
    -------
    The weighted mean of the known components, or None when less than half of their weight is
    known: an unknown environment is not a calm one.

    Raises
    ------
    DataError
        ``as_of`` has no time zone, or a gauge occurs twice.
    """
    if as_of.tzinfo is None:
        raise DataError(f"a moment without a zone cannot date the gauges: {as_of}")
    known = [(w, stress) for w, stress in _components(_fresh(macro, as_of)) if isfinite(stress)]
    weight = sum(w for w, _ in known)
    if weight < LEAST_KNOWN:
        return None
    return sum(w * stress for w, stress in known) / weight


def _fresh(macro: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Return the gauges that are known and not stale, by lower-case name; NaN for the others."""
    today = as_of.astimezone(UTC).date()
    fresh = macro[dated_within(macro["observed_on"], today - STALE_AFTER, today)]
    names = fresh["gauge"].str.lower()
    if names.duplicated().any():
        repeated = sorted(set(names[names.duplicated()]))
        raise DataError(f"given twice: {', '.join(repeated)}; keep one row per gauge")
    table = fresh[["value", "change_20", "zscore_252"]].astype(float)
    return table.set_axis(names, axis="index").reindex(list(GAUGES))


def _components(gauges: pd.DataFrame) -> Iterator[tuple[float, float]]:
    """Yield the weight and the stress of each component; NaN stress is "not known"."""
    value, change = gauges["value"], gauges["change_20"]
    yield 0.35, _ramp(value["vix"], calm=18.0, stress=39.0)
    yield 0.25, _ramp(gauges["zscore_252"]["vix"], calm=0.0, stress=3.0)
    yield 0.15, _ramp(value["curve"], calm=0.9, stress=-0.5)
    yield 0.10, _ramp(_relative(value["wti"], change["wti"]), calm=0.06, stress=0.25)
    yield 0.15, _ramp(abs(change["us10y"]), calm=0.16, stress=0.58)


def _relative(value: float, change: float) -> float:
    before = value - change
    # A price of oil can be negative (WTI on 20 April 2020); a change from there has no ratio.
    return abs(change / before) if before > 0 else nan


def _ramp(value: float, *, calm: float, stress: float) -> float:
    share = (float(value) - calm) / (stress - calm)
    return min(1.0, max(0.0, share)) if isfinite(share) else nan
