"""Who asks for a name: an index, a watch-list, the account, the day's movers; and what it is.

Whatever is held is known by its conId, and so is never ambiguous, never taken for a namesake in
another currency, and found under a new symbol. Two candidates that turn out to be one instrument
are one name, of whoever asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from core.errors import ConfigurationError
from core.path_checks import file_trouble
from core.settings import UniverseSettings
from core.storage.artefacts import Artefact
from core.tables import MOVERS
from core.types import Contract
from core.types.labels import labels
from core.types.sought import Sought, read_sought
from feeds.universe.watchlist_file import read_watchlist
from ibkr.contracts.resolution import Described, Found
from ibkr.gateway import Gateway
from tasks.day import Day
from tasks.ingest.vendor_staging import fundamentals_vendor

USD = "USD"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instrument somebody asked for."""

    sought: Sought
    origin: str
    name: str = ""
    sector: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the candidates are: contracts under their labels, each once; and why others are none."""

    found: tuple[tuple[Candidate, Contract], ...]
    refused: dict[str, str]  # by what was asked for
    not_found: dict[int, str]  # of these, the holdings, by conId


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says, what of it could not be read, and the list itself as it came."""

    candidates: list[Candidate]
    unreadable: Mapping[str, str]
    artefacts: dict[str, Artefact]


def listed(day: Day) -> Listed:
    """Return the watch-list or, where there is none, the members of the index as the vendor has."""
    asked = day.settings.universe
    if asked.watchlist or asked.watchlist_file:
        return _watched(day, asked)
    members, payload = fundamentals_vendor(day.settings).constituents()
    artefacts = {payload.name: day.stage_raw(payload.name, payload.content)}
    found = [Candidate(Sought(one.symbol), "constituent", one.name, one.sector) for one in members]
    return Listed(found, {}, artefacts)


def _watched(day: Day, asked: UniverseSettings) -> Listed:
    sought = [read_sought(entry) for entry in asked.watchlist]
    unreadable: Mapping[str, str] = {}
    artefacts: dict[str, Artefact] = {}
    if asked.watchlist_file is not None:
        content = watchlist_content(asked.watchlist_file)
        artefacts = {"watchlist": day.stage_raw("watchlist.txt", content)}
        file = read_watchlist(asked.watchlist_file.name, content)
        sought += file.entries
        unreadable = file.unreadable
    return Listed([Candidate(one, "watchlist") for one in sought], unreadable, artefacts)


def watchlist_content(path: Path) -> bytes:
    """Return what a watch-list holds. Raises `ConfigurationError` where it cannot be read."""
    if trouble := file_trouble(path):
        raise ConfigurationError(
            f"universe.watchlist_file = {path} cannot be read: it is {trouble}"
        )
    return path.read_bytes()


def held(day: Day, gateway: Gateway) -> list[Candidate]:
    """Return the stocks that the account holds, those in dollars first."""
    if not day.settings.universe.include_holdings:
        return []
    stocks = [p for p in gateway.portfolio.snapshot().positions if p.sec_type == "STK"]
    ordered = sorted(stocks, key=lambda p: (p.currency != USD, p.symbol, p.con_id))
    return [Candidate(Sought(p.symbol, con_id=p.con_id), "holding") for p in ordered]


def top_movers(day: Day, gateway: Gateway) -> pd.DataFrame:
    """Return the day's movers, as many as the settings ask for."""
    kept = day.settings.universe.movers if day.settings.universe.include_movers else 0
    if kept == 0:
        return pd.DataFrame(columns=[column.name for column in MOVERS.columns])
    return gateway.market.top_movers(rows=kept)


def moving(movers: pd.DataFrame) -> list[Candidate]:
    """Return the movers as candidates."""
    return [Candidate(Sought(symbol), "mover") for symbol in movers["symbol"]]


def resolve(day: Day, gateway: Gateway, candidates: Sequence[Candidate]) -> Resolution:
    """Look up every candidate, in order: who asks first for an instrument gives it its name."""
    found = _looked_up(day, gateway, [candidate.sought for candidate in candidates])
    refused = dict(found.refused)
    pairs: dict[int, tuple[Candidate, Contract]] = {}
    for candidate in candidates:
        contract = found.contracts.get(candidate.sought)
        if contract is not None and contract.sec_type != "STK":
            refused[candidate.sought] = f"it is {contract.sec_type}, not a stock or a fund"
        elif contract is not None:
            pairs.setdefault(contract.con_id, (candidate, contract))
    names = labels(contract for _, contract in pairs.values())
    return Resolution(
        tuple((who, replace(what, symbol=names[what.con_id])) for who, what in pairs.values()),
        _in_words(refused, names.values()),
        {sought.con_id: why for sought, why in refused.items() if sought.con_id},
    )


def _looked_up(day: Day, gateway: Gateway, wanted: Sequence[Sought]) -> Found:
    """Ask for symbols first, then for listings and ISINs, last for conIds not yet known by then."""
    report = partial(day.progress, "contracts")
    plain = gateway.market.resolve(
        [s.symbol for s in wanted if _is_plain(s)], currency=USD, progress=report
    )
    contracts = {Sought(contract.symbol): contract for contract in plain.contracts}
    refused = {Sought(symbol): why for symbol, why in plain.refused.items()}
    listings = [s for s in wanted if not (s.con_id or _is_plain(s))]
    if listings:
        found = gateway.market.resolve_listings(listings, progress=report)
        contracts, refused = contracts | found.contracts, refused | found.refused
    known = {contract.con_id: contract for contract in contracts.values()}
    unknown = {s.con_id for s in wanted} - {0, *known}
    described = gateway.market.describe(unknown, progress=report) if unknown else Described({}, {})
    known |= described.contracts
    for sought in wanted:
        if sought.con_id in known:
            contracts[sought] = known[sought.con_id]
        elif sought.con_id:
            refused[sought] = described.refused[sought.con_id]
    return Found(contracts, refused)


def _is_plain(sought: Sought) -> bool:
    """Tell whether it is a symbol alone: in dollars then, as an index has it."""
    return sought == Sought(sought.symbol)


def _in_words(refused: Mapping[Sought, str], taken: Iterable[str]) -> dict[str, str]:
    """Return why each has no contract, by what people call it."""
    found: dict[str, str] = {}
    used = set(taken)
    for sought, why in sorted(refused.items()):
        name = sought.symbol if sought.con_id and sought.symbol else str(sought)
        is_free = name not in found and not (sought.con_id and name in used)
        found[name if is_free else f"{name}#{sought.con_id}"] = why
    return dict(sorted(found.items()))
