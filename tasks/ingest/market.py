"""Stage 1: a quote and the daily bars of every name of the universe, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from core.calendar import last_complete_session
from core.data_quality import DataQuality
from core.errors import DataError, NoData
from core.storage.runs import StageRecord
from core.tables import BARS, QUOTES, UNIVERSE
from core.tables.columns import texts
from core.text.counts import count
from core.types import Contract
from ibkr.gateway import Gateway
from risk.data_quality import closing_quotes, quality_note, quotes_note
from risk.returns import newest_closes
from signals.bar_quality import judge_bars
from tasks.day import Day
from tasks.ingest.universe import UniverseResult, contracts_of, missing_note, none_of
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResult(StageResult):
    """The market. Its artefacts: ``quotes`` and ``bars``."""

    no_bars: Mapping[str, str] = field(default_factory=dict)  # symbol -> why
    damaged: Mapping[str, str] = field(default_factory=dict)  # symbol -> which bars are left out
    no_quote: Mapping[str, str] = field(default_factory=dict)  # symbol -> why
    quality: DataQuality | None = None  # None: of a day before bars were judged
    world: str = ""  # which market it was, where it is a simulated one

    @property
    def judged(self) -> DataQuality:
        """The quality. Raises `DataError` where it was never judged."""
        if self.quality is None:
            raise DataError("the quality of these bars was never checked; run with --fresh")
        return self.quality


@stage(1, MarketResult, retries=2, resumable=True)
def market(day: Day, chosen: StageRecord[UniverseResult]) -> Output[MarketResult]:
    """Fetch a quote and the daily bars of every contract of the universe."""
    universe = day.read(chosen.artefacts["universe"], UNIVERSE)
    contracts = contracts_of(universe)
    with day.connect() as gateway:
        bars, no_bars, damaged = _bars(day, gateway, contracts)
        quotes, no_quote = _quotes(day, gateway, contracts, bars)
    if bars.empty:
        raise NoData(none_of(f"complete daily bar before {day.session.day}", no_bars))
    if quotes.empty:
        raise NoData(none_of("quote", no_quote))
    quality = judge_bars(
        universe,
        quotes,
        bars,
        as_of=day.as_of,
        settings=day.settings.quality,
        exchange=day.settings.sessions,
    ).figures(universe)
    notes = (
        missing_note("without bars", no_bars),
        missing_note("with damaged bars", damaged),
        quotes_note(texts(quotes.set_index("con_id")["source"])),
        quality_note(quality),
    )
    return Output(
        result=MarketResult(
            no_bars=no_bars,
            damaged=damaged,
            no_quote=no_quote,
            quality=quality,
            world=day.world,
        ),
        artefacts={
            "quotes": day.stage("quotes", quotes, QUOTES),
            "bars": day.stage("bars", bars, BARS),
        },
        rows_in=len(contracts),
        rows_out=int(bars["con_id"].nunique()),
        notes="; ".join(filter(None, notes)) or count(len(bars), "bar"),
    )


def _bars(
    day: Day, gateway: Gateway, contracts: list[Contract]
) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    found = gateway.market.history(
        contracts,
        duration=day.settings.universe.history,
        end=day.as_of,
        most_unreadable=day.settings.limits.max_unreadable,
        progress=partial(day.progress, "bars"),
    )
    missing, damaged = (_by_symbol(contracts, each) for each in (found.missing, found.left_out))
    return complete_bars(found.bars, day), missing, damaged


def _quotes(
    day: Day, gateway: Gateway, contracts: list[Contract], bars: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    found = gateway.market.bulk_quote(contracts, progress=partial(day.progress, "quotes"))
    missing = [contract for contract in contracts if contract.con_id in found.missing]
    closes = newest_closes(bars) if day.settings.quality.previous_close else {}
    at_close = closing_quotes(missing, closes, as_of=day.as_of)
    left = {key: why for key, why in found.missing.items() if key not in closes}
    return pd.DataFrame([*found.quotes, *at_close]), _by_symbol(contracts, left)


def _by_symbol(contracts: list[Contract], missing: Mapping[int, str]) -> dict[str, str]:
    symbols = {contract.con_id: contract.symbol for contract in contracts}
    return {symbols[con_id]: why for con_id, why in missing.items()}


def complete_bars(bars: pd.DataFrame, day: Day) -> pd.DataFrame:
    """Drop bars of sessions that had not closed when the day was decided."""
    # During a session IBKR serves that session's bar so far: a partial day would pass for a whole.
    closed = last_complete_session(day.as_of, exchange=day.settings.sessions).day
    return bars[bars["session"] <= closed]


def usable_bars(day: Day, fetched: StageRecord[MarketResult]) -> pd.DataFrame:
    """Return the bars of the day without those that nothing may use."""
    bars = day.read(fetched.artefacts["bars"], BARS)
    for con_id, session in fetched.result.judged.left_out:
        bars = bars[(bars["con_id"] != con_id) | (bars["session"] != session)]
    return bars
