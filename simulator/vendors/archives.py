"""Where the vendors have their figures from: a file, the synthetic market, or nowhere.

What reads files is imported when a file is named: a synthetic market starts without Arrow.
"""

from __future__ import annotations

from pathlib import Path

from simulator.prices.market_view import MarketView
from simulator.vendors.figures.fundamentals import FundamentalsSource
from simulator.vendors.figures.fundamentals_invented import InventedFundamentals
from simulator.vendors.figures.gauges import GaugeSource
from simulator.vendors.figures.gauges_invented import InventedGauges


def fundamentals_archive(
    view: MarketView, recorded: Path | None, *, seed: int
) -> FundamentalsSource | None:
    """Return what is known of companies: None where they are real and no file tells of them."""
    if recorded is not None:
        from simulator.vendors.figures.fundamentals_recorded import RecordedFundamentals  # noqa: PLC0415

        return RecordedFundamentals(recorded)
    return None if view.is_real else InventedFundamentals(view, seed)


def gauge_archive(view: MarketView, recorded: Path | None, *, seed: int) -> GaugeSource | None:
    """Return what is known of the whole market: None where it is real and no file tells of it."""
    if recorded is not None:
        from simulator.vendors.figures.gauges_recorded import RecordedGauges  # noqa: PLC0415

        return RecordedGauges(recorded)
    return None if view.is_real else InventedGauges(view, seed)
