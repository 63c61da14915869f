"""Stage 1: the universe, from index or watch-list, holdings and movers, as contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from core.errors import NoData
from core.tables import MOVERS, UNIVERSE
from core.tables.columns import rows
from core.text.counts import count
from core.types import Contract
from desk.gate import broker_hours
from ibkr.gateway import Gateway
from risk.limits import is_restricted
from tasks.day import Day
from tasks.ingest.candidates import Candidate, held, listed, moving, resolve, top_movers
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class UniverseResult(StageResult):
    """The universe. Its artefacts: ``universe``, ``movers``, and the vendor's list of members."""

    refused: Mapping[str, str] = field(default_factory=dict)  # symbol -> why it has no contract
    not_found: Mapping[int, str] = field(default_factory=dict)  # of these, by conId


@stage(1, UniverseResult, retries=2, resumable=True)
def universe(day: Day) -> Output[UniverseResult]:
    """Join index members or watch-list, holdings and movers; resolve each to its contract."""
    asked = listed(day)
    with day.connect() as gateway:
        movers = top_movers(day, gateway)
        holdings = held(day, gateway)
        resolved = resolve(day, gateway, [*asked.candidates, *holdings, *moving(movers)])
        hours = _hours_note(day, gateway, [contract for _, contract in resolved.found])
    if not resolved.found:
        raise NoData(none_of("contract", resolved.refused))
    kept = {candidate.sought.con_id for candidate in holdings}
    restricted = day.settings.limits.restricted
    chosen = [
        (candidate, contract)
        for candidate, contract in resolved.found
        if not _moving_fund(contract, candidate.origin)
        and (
            contract.con_id in kept
            or not is_restricted(contract.con_id, contract.symbol, restricted)
        )
    ]
    table = universe_table(chosen)
    refused = {**asked.unreadable, **resolved.refused}
    return Output(
        artefacts={
            **asked.artefacts,
            "movers": day.stage("movers", movers, MOVERS),
            "universe": day.stage("universe", table, UNIVERSE),
        },
        result=UniverseResult(refused, resolved.not_found),
        rows_in=len(resolved.found) + len(refused),
        rows_out=len(table),
        notes="; ".join(filter(None, (missing_note("not resolved", refused), hours))),
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


def universe_table(chosen: Iterable[tuple[Candidate, Contract]]) -> pd.DataFrame:
    """Join what was asked for with the contracts that answered; their symbols are labels."""
    return pd.DataFrame(
        {
            "symbol": contract.symbol,
            "con_id": contract.con_id,
            "name": candidate.name or contract.name,
            "sector": candidate.sector,
            "currency": contract.currency,
            "primary_exchange": contract.primary_exchange,
            "min_tick": contract.min_tick,
            "price_magnifier": contract.price_magnifier,
            "lot": contract.lot,
            "origin": candidate.origin,
        }
        for candidate, contract in chosen
    )


def _hours_note(day: Day, gateway: Gateway, contracts: Iterable[Contract]) -> str:
    """Say at the beginning of the day where the broker's hours are not the calendar's.

    The gate and the desk decide by them: of what is ordered they are asked again.
    """
    exchange = day.settings.sessions
    found = broker_hours.ask(gateway, contracts, day.session, exchange=exchange, unattended=False)
    return "; ".join(check.detail for check in found.checks)


def _moving_fund(contract: Contract, origin: str) -> bool:
    """Tell whether a mover is a fund: it has no company to score."""
    return origin == "mover" and contract.stock_type in {"ETF", "ETN", "ETC", "FUND"}


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
