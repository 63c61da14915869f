"""Stage 4: the target weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.settings import LimitSettings
from core.storage.runs import StageRecord
from core.tables import FEATURES, SCORES, TARGETS
from core.types import Snapshot
from optimiser.result import TargetResult
from optimiser.target import mean_variance_cvar
from risk.limits import is_restricted
from risk.measures import UNKNOWN
from risk.returns import daily_returns
from tasks.book_limits import beta_range, betas_of, sector_caps
from tasks.columns import texts
from tasks.day import Day
from tasks.quality import usable_bars
from tasks.snapshot import snapshot_of
from tasks.stage import stage


@stage("4 optimise")
def optimise_target(
    day: Day,
    features: StageRecord,
    scores: StageRecord,
    market: StageRecord,
    held: StageRecord,
) -> StageRecord:
    """Find the best weights under the limits, starting from what is held."""
    settings, limits = day.settings.optimiser, day.settings.limits
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    scored = day.read(scores.artefacts["scores"], SCORES).set_index("con_id")
    returns = daily_returns(usable_bars(day, market), sessions=settings.scenarios)
    table = day.read(features.artefacts["features"], FEATURES).set_index("con_id")
    betas = betas_of(returns, {*scored.index, *snapshot.weights})
    sectors = {name: sector or UNKNOWN for name, sector in texts(table["sector"]).items()}
    groups = pd.Series(
        {name: sectors.get(name, UNKNOWN) for name in sorted({*scored.index, *snapshot.weights})}
    )
    target = mean_variance_cvar(
        scored["expected_return"],
        returns.reindex(columns=scored.index),
        pd.Series(snapshot.weights, dtype=float),
        tradable=_tradable(limits, scored, snapshot),
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
    targets = target_table(target, scored, table["price"], snapshot)
    facts = target_facts(target, dict(zip(targets["con_id"], targets["symbol"], strict=True)))
    return StageRecord(
        stage="optimise",
        artefacts={
            "optimal": day.write("optimal", targets, TARGETS),
            "expectation": day.write_record("optimal", facts),
        },
        facts=facts,
        rows_in=len(scored),
        rows_out=int((targets["weight"] != 0.0).sum()),
        # No figures: the target is not what is traded, and the gate measures what is.
        notes=f"{target.status}, {target.solver}",
    )


def _tradable(limits: LimitSettings, scored: pd.DataFrame, snapshot: Snapshot) -> pd.Series[bool]:
    """Tell what may be traded: nothing restricted, and no holding that was not looked at."""
    symbols = texts(scored["symbol"]) | {p.con_id: p.symbol for p in snapshot.positions}
    allowed = [
        con_id in scored.index and not is_restricted(con_id, symbol, limits.restricted)
        for con_id, symbol in symbols.items()
    ]
    return pd.Series(allowed, index=list(symbols), dtype=bool)


def target_table(
    target: TargetResult, scored: pd.DataFrame, prices: pd.Series[float], snapshot: Snapshot
) -> pd.DataFrame:
    """Return the weights as a table of schema ``targets``: every scored or held name."""
    held = {position.con_id: position for position in snapshot.positions}
    symbols = {con_id: p.symbol for con_id, p in held.items()} | scored["symbol"].to_dict()
    known = {con_id: p.market_price for con_id, p in held.items()} | prices.to_dict()
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


def target_facts(target: TargetResult, symbols: Mapping[int, str]) -> dict[str, Any]:
    """Return how the target was found and what it promises, as plain JSON values."""
    expected = target.expectation
    return {
        "status": target.status,
        "solver": target.solver,
        "engine_path": list(target.engine_path),
        "rounds": target.rounds,
        "iterations": target.iterations,
        "objective": target.objective,
        "bound": target.bound,
        "gap": target.gap,
        "duals": dict(target.duals),
        "max_violation": target.max_violation,
        "gross": target.gross,
        "net": target.net,
        "cash": target.cash,
        "turnover": target.turnover,
        "expected_return": expected.expected_return,
        "volatility": expected.volatility,
        "value_at_risk": expected.value_at_risk,
        "cvar": expected.cvar,
        "trading_cost": expected.trading_cost,
        "annual_return": expected.annual_return,
        "annual_volatility": expected.annual_volatility,
        "annual_value_at_risk": expected.annual_value_at_risk,
        "annual_cvar": expected.annual_cvar,
        "binding": [_named(str(limit), symbols) for limit in target.binding],
        "relaxations": dict(target.relaxations),
        "dropped": {symbols[int(str(n))]: why for n, why in sorted(target.dropped.items())},
        "warnings": list(target.warnings),
        "inputs_sha256": target.inputs_sha256,
    }


def _named(text: str, symbols: Mapping[int, str]) -> str:
    kind, _, rest = text.partition(" ")
    name, _, tail = rest.partition(" ")
    if kind == "single" and name.isdigit() and int(name) in symbols:
        return f"single {symbols[int(name)]} {tail}"
    return text
