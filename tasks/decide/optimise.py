"""Stage 4: the target weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.canonical import plain
from core.storage.runs import StageRecord
from core.tables import FEATURES, SCORES, TARGETS, UNIVERSE
from core.tables.columns import texts
from core.types import Position, Snapshot
from core.types.account import LEAST_PRICE
from optimiser.binding_limits import Binding
from optimiser.result import TargetResult
from optimiser.target import mean_variance_cvar
from review.page_parts.binding import BindingLimit, binding_line
from risk.optimiser_limits import beta_range, betas_of, sector_caps, sectors_of, tradable
from risk.returns import daily_returns
from tasks.day import Day
from tasks.decide.signals import SignalsResult
from tasks.decide.snapshot import SnapshotResult, whole_account
from tasks.ingest.features import FeaturesResult
from tasks.ingest.holding_names import named
from tasks.ingest.market import MarketResult, usable_bars
from tasks.ingest.universe import UniverseResult
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiseResult(StageResult):
    """How the target was found, and what it promises; see `optimiser.result.TargetResult`.

    Its artefacts: ``optimal``, the weights, and ``expectation``, this in JSON.
    """

    status: str
    solver: str
    engine_path: tuple[str, ...]
    rounds: int
    iterations: int
    objective: float
    bound: float | None
    gap: float | None
    duals: Mapping[str, float]
    max_violation: float
    gross: float
    net: float
    cash: float
    turnover: float
    expected_return: float
    volatility: float
    value_at_risk: float
    cvar: float
    trading_cost: float
    annual_return: float
    annual_volatility: float
    annual_value_at_risk: float
    annual_cvar: float
    binding: tuple[BindingLimit, ...]
    relaxations: Mapping[str, float]
    dropped: Mapping[str, str]  # symbol -> why it cannot be bought
    warnings: tuple[str, ...]
    inputs_sha256: str


@stage(4, OptimiseResult, resumable=True)
def optimise(
    day: Day,
    chosen: StageRecord[UniverseResult],
    features: StageRecord[FeaturesResult],
    scores: StageRecord[SignalsResult],
    market: StageRecord[MarketResult],
    held: StageRecord[SnapshotResult],
) -> Output[OptimiseResult]:
    """Find the best weights under the limits, starting from what is held."""
    account = named(whole_account(day, held), day.read(chosen.artefacts["universe"], UNIVERSE))
    scored = day.read(scores.artefacts["scores"], SCORES).set_index("con_id")
    table = day.read(features.artefacts["features"], FEATURES).set_index("con_id")
    sessions = day.settings.optimiser.scenarios
    returns = daily_returns(usable_bars(day, market), sessions=sessions)
    target = _best(day, scored, returns, texts(table["sector"]), account)
    targets = target_table(target, scored, table["price"], account.stocks)
    symbols = dict(zip(targets["con_id"].tolist(), targets["symbol"].tolist(), strict=True))
    result = result_of(target, symbols)
    in_words = {"binding": [binding_line(limit) for limit in result.binding]}
    return Output(
        result=result,
        artefacts={
            "optimal": day.write("optimal", targets, TARGETS),
            "expectation": day.write_record("optimal", plain(result) | in_words),
        },
        rows_in=len(scored),
        rows_out=int((targets["weight"] != 0.0).sum()),
        # No figures: the target is not what is traded, and the gate measures what is.
        notes=f"{target.status}, {target.solver}",
    )


def _best(
    day: Day,
    scored: pd.DataFrame,
    returns: pd.DataFrame,
    sectors: Mapping[int, str],
    account: Snapshot,
) -> TargetResult:
    snapshot, aside = account.stocks, {position.con_id for position in account.set_aside}
    settings, limits = day.settings.optimiser, day.settings.limits
    symbols = texts(scored["symbol"]) | {p.con_id: p.symbol for p in snapshot.positions}
    betas = betas_of(returns, symbols)
    groups = pd.Series(sectors_of(sectors, symbols))
    allowed = tradable(symbols, set(scored.index) - aside, restricted=limits.restricted)
    return mean_variance_cvar(
        scored["expected_return"],
        returns.reindex(columns=scored.index),
        pd.Series(snapshot.weights, dtype=float),
        tradable=pd.Series(list(allowed.values()), index=list(allowed), dtype=bool),
        risk_aversion=settings.risk_aversion,
        cvar_aversion=settings.cvar_aversion,
        cvar_level=settings.cvar_level,
        cost=settings.cost,
        impact=settings.impact,
        max_gross=limits.max_gross,
        max_single=limits.max_single,
        cash_buffer=limits.cash_buffer,
        long_only=settings.long_only,
        max_turnover=limits.max_turnover,
        max_net=limits.max_net,
        groups=groups,
        group_caps=sector_caps(limits, groups),
        beta=pd.Series(betas),
        beta_range=beta_range(limits, betas),
        engine=settings.engine,
    )


def target_table(
    target: TargetResult, scored: pd.DataFrame, prices: pd.Series[float], snapshot: Snapshot
) -> pd.DataFrame:
    """Return the weights as a table of schema ``targets``: every scored or held name."""
    held = {position.con_id: position for position in snapshot.positions}
    symbols = {con_id: p.symbol for con_id, p in held.items()} | scored["symbol"].to_dict()
    known = {con_id: _price(p, snapshot) for con_id, p in held.items()} | prices.to_dict()
    names = [int(str(name)) for name in target.weights.index]
    return pd.DataFrame(
        {
            "con_id": names,
            "symbol": [symbols[name] for name in names],
            "alpha_score": scored["alpha_score"].reindex(names).to_numpy(),
            "expected_return": scored["expected_return"].reindex(names).to_numpy(),
            "price": [known[name] for name in names],
            "weight_before": [snapshot.weights.get(name, 0.0) for name in names],
            "weight_optimal": target.weights.to_numpy(),
            "weight": target.weights.to_numpy(),
            "override": None,
        }
    )


def _price(position: Position, snapshot: Snapshot) -> float:
    """Return a share's price on the account page; where it has none, what the value comes to."""
    if position.market_price >= LEAST_PRICE:
        return position.market_price
    rate = snapshot.exchange_rates.of(position.currency)
    return abs(position.market_value / position.quantity) / rate


def result_of(target: TargetResult, symbols: Mapping[int, str]) -> OptimiseResult:
    """Return how the target was found and what it promises; symbols by conId."""
    expected = target.expectation
    return OptimiseResult(
        status=target.status,
        solver=target.solver,
        engine_path=tuple(target.engine_path),
        rounds=target.rounds,
        iterations=target.iterations,
        objective=target.objective,
        bound=target.bound,
        gap=target.gap,
        duals=dict(target.duals),
        max_violation=target.max_violation,
        gross=target.gross,
        net=target.net,
        cash=target.cash,
        turnover=target.turnover,
        expected_return=expected.expected_return,
        volatility=expected.volatility,
        value_at_risk=expected.value_at_risk,
        cvar=expected.cvar,
        trading_cost=expected.trading_cost,
        annual_return=expected.annual_return,
        annual_volatility=expected.annual_volatility,
        annual_value_at_risk=expected.annual_value_at_risk,
        annual_cvar=expected.annual_cvar,
        binding=tuple(_limit(each, symbols) for each in target.binding),
        relaxations=dict(target.relaxations),
        dropped={symbols[int(str(n))]: why for n, why in sorted(target.dropped.items())},
        warnings=tuple(target.warnings),
        inputs_sha256=target.inputs_sha256,
    )


def _limit(found: Binding, symbols: Mapping[int, str]) -> BindingLimit:
    con_id = None if found.key is None else int(str(found.key))
    return BindingLimit(
        kind=found.kind,
        con_id=con_id,
        symbol=None if con_id is None else symbols[con_id],
        value=found.value,
        limit=found.limit,
        price=found.price,
    )
