"""Stage 1: the universe, from index or watch-list, holdings and movers, as contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from core.errors import NoData
from core.storage.artefacts import Artefact
from core.tables import MOVERS, UNIVERSE
from core.tables.columns import rows
from core.text.counts import count
from core.types import Contract
from ibkr.contracts.resolution import Resolved
from ibkr.gateway import Gateway
from risk.limits import is_restricted
from tasks.day import Day
from tasks.ingest.vendor_tables import fundamentals_vendor
from tasks.stage import Output, StageResult, stage

USD = "USD"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A symbol somebody asked for."""

    symbol: str
    name: str
    sector: str | None
    origin: str
    currency: str = USD


@dataclass(frozen=True, slots=True)
class UniverseResult(StageResult):
    """The universe. Its artefacts: ``universe``, ``movers``, and the vendor's list of members."""

    refused: Mapping[str, str] = field(default_factory=dict)  # symbol -> why it has no contract


@stage(1, UniverseResult, retries=2, resumable=True)
def universe(day: Day) -> Output[UniverseResult]:
    """Join index members or watch-list, holdings and movers; resolve each to its contract."""
    listed, artefacts = _listed(day)
    with day.connect() as gateway:
        movers = _movers(day, gateway)
        held = _held(day, gateway)
        candidates = _first_of_each([*listed, *held, *_moving(movers)])
        resolved = _resolved(day, gateway, candidates)
    if not resolved.contracts:
        raise NoData(none_of("contract", resolved.refused))
    origins = {candidate.symbol: candidate.origin for candidate in candidates}
    kept = {candidate.symbol for candidate in held}
    restricted = day.settings.limits.restricted
    contracts = [
        c
        for c in resolved.contracts
        if not _moving_fund(c, origins[c.symbol])
        and (c.symbol in kept or not is_restricted(c.con_id, c.symbol, restricted))
    ]
    table = universe_table(candidates, contracts)
    return Output(
        artefacts={
            **artefacts,
            "movers": day.stage("movers", movers, MOVERS),
            "universe": day.stage("universe", table, UNIVERSE),
        },
        result=UniverseResult(dict(resolved.refused)),
        rows_in=len(candidates),
        rows_out=len(table),
        notes=missing_note("not resolved", resolved.refused),
    )


def contracts_of(table: pd.DataFrame) -> list[Contract]:
    """Return the contracts of a universe table, in its order."""
    return [
        Contract(
            con_id=row["con_id"],
            symbol=row["symbol"],
            primary_exchange=row["primary_exchange"],
            currency=row["currency"],
            name=row["name"],
            min_tick=row["min_tick"],
            price_magnifier=row["price_magnifier"],
            lot=None if row["lot"] is None else int(row["lot"]),
        )
        for row in rows(table)
    ]


def universe_table(candidates: Iterable[Candidate], contracts: Iterable[Contract]) -> pd.DataFrame:
    """Join what was asked for with the contracts that answered."""
    asked = {candidate.symbol: candidate for candidate in candidates}
    return pd.DataFrame(
        {
            "symbol": contract.symbol,
            "con_id": contract.con_id,
            "name": asked[contract.symbol].name or contract.name,
            "sector": asked[contract.symbol].sector,
            "currency": contract.currency,
            "primary_exchange": contract.primary_exchange,
            "min_tick": contract.min_tick,
            "price_magnifier": contract.price_magnifier,
            "lot": contract.lot,
            "origin": asked[contract.symbol].origin,
        }
        for contract in contracts
    )


def _listed(day: Day) -> tuple[list[Candidate], dict[str, Artefact]]:
    watchlist = day.settings.universe.watchlist
    if watchlist:
        return [Candidate(symbol, "", None, "watchlist") for symbol in watchlist], {}
    members, payload = fundamentals_vendor(day.settings).constituents()
    artefacts = {payload.name: day.stage_raw(payload.name, payload.content)}
    return [Candidate(m.symbol, m.name, m.sector, "constituent") for m in members], artefacts


def _held(day: Day, gateway: Gateway) -> list[Candidate]:
    if not day.settings.universe.include_holdings:
        return []
    positions = gateway.portfolio.snapshot().stocks.positions
    return [Candidate(p.symbol, "", None, "holding", p.currency) for p in positions]


def _resolved(day: Day, gateway: Gateway, candidates: Iterable[Candidate]) -> Resolved:
    """Look up every candidate in its own currency."""
    symbols: dict[str, list[str]] = {}
    for candidate in candidates:
        symbols.setdefault(candidate.currency, []).append(candidate.symbol)
    found = [
        gateway.market.resolve(
            symbols[currency], currency=currency, progress=partial(day.progress, "contracts")
        )
        for currency in sorted(symbols)
    ]
    contracts = sorted((c for one in found for c in one.contracts), key=lambda c: c.symbol)
    refused = {symbol: why for one in found for symbol, why in one.refused.items()}
    return Resolved(tuple(contracts), dict(sorted(refused.items())))


def _movers(day: Day, gateway: Gateway) -> pd.DataFrame:
    kept = day.settings.universe.movers if day.settings.universe.include_movers else 0
    if kept == 0:
        return pd.DataFrame(columns=[column.name for column in MOVERS.columns])
    return gateway.market.top_movers(rows=kept)


def _moving(movers: pd.DataFrame) -> list[Candidate]:
    return [Candidate(symbol, "", None, "mover") for symbol in movers["symbol"]]


def _moving_fund(contract: Contract, origin: str) -> bool:
    """Tell whether a mover is a fund: it has no company to score."""
    return origin == "mover" and contract.stock_type in {"ETF", "ETN", "ETC", "FUND"}


def _first_of_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.symbol, candidate)
    return [first[symbol] for symbol in sorted(first)]


def none_of(what: str, reasons: Mapping[str, str]) -> str:
    """Say that nothing came of anything that was asked for, with the first reasons."""
    examples = "; ".join(f"{name}: {why}" for name, why in sorted(reasons.items())[:3])
    return f"not one {what} for {count(len(reasons), 'symbol')} ({examples})"


def missing_note(what: str, missing: Mapping[str, str]) -> str:
    """Say how many symbols are missing, and name the first; nothing where none is."""
    if not missing:
        return ""
    names = ", ".join(sorted(missing)[:3]) + ("…" if len(missing) > 3 else "")
    return f"{len(missing)} {what} ({names})"
