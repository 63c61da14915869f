"""The gate of a whole batch: what a day's orders make of the account, beside what is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.money import Price
from core.settings import LimitSettings
from core.types import Order, OrderState, Snapshot
from desk.gate.desk_gate import Exposure, exposure, weighed
from risk.account import AccountState
from risk.gate import check_constraints
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class Batch:
    """What is judged: the weights wanted, the orders that lead there, and what works already."""

    weights: Mapping[int, float]  # of net asset value, by conId; 0 for what is sold
    orders: tuple[Order, ...]
    snapshot: Snapshot
    working: tuple[OrderState, ...]

    @property
    def others(self) -> tuple[OrderState, ...]:
        """What works beside this batch: an order of its own name is the same order, sent before."""
        own = {order.order_ref for order in self.orders}
        return tuple(state for state in self.working if state.order_ref not in own)

    def targets(self, prices: Mapping[int, float], held: Exposure) -> dict[int, float]:
        """Return the weights wanted, with what is left of our own earlier orders."""
        targets = {con_id: weight for con_id, weight in self.weights.items() if weight != 0.0}
        for con_id, weight in weighed(held.pending.items(), prices, held.net_asset_value):
            targets[con_id] = targets.get(con_id, 0.0) + weight
        return targets


@dataclass(frozen=True, slots=True)
class Optimised:
    """How the optimiser came to the target that is judged."""

    status: str
    relaxations: Mapping[str, float]  # limit -> by how much it had to give


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioGate:
    """What batches of one day are judged by. All maps are by conId."""

    limits: LimitSettings
    prices: Mapping[int, Price]  # per share, as each market quotes it
    worth: Mapping[int, float]  # per share, in the base currency
    returns: pd.DataFrame  # daily, one column per conId
    adv: Mapping[int, float]  # average daily volume in shares
    coverage: float  # share of the universe with the data the target rests on
    sectors: Mapping[int, str]
    symbols: Mapping[int, str]
    optimised: Optimised
    account: Callable[[Sequence[Order]], AccountState]  # as it stands beside these orders

    def judge(self, batch: Batch, *, without_orders: bool = False) -> tuple[Check, ...]:
        """Hold weights, as they would be traded, against every limit of portfolio and account.

        What a single order fails at comes last, order by order. ``without_orders`` judges weights
        that have none yet.
        """
        held = exposure(batch.snapshot, batch.others)
        verdict = check_constraints(
            held.weights,
            batch.targets(self.worth, held),
            limits=self.limits,
            returns=self.returns,
            adv=self.adv,
            prices=self.prices,
            rates=batch.snapshot.exchange_rates,
            net_asset_value=held.net_asset_value,
            coverage=self.coverage,
            optimiser_status=self.optimised.status,
            account=self.account(batch.orders),
            relaxations=self.optimised.relaxations,
            orders=None if without_orders else batch.orders,
            before_orders=self._before(batch, held),
            foreign=weighed(held.foreign, self.worth, held.net_asset_value),
            sectors=self.sectors,
            names={**held.aside, **held.names, **self.symbols},
            set_aside=held.at_stake,
        )
        return (*verdict.checks, *(one for one in verdict.orders if not one.passed))

    def newly_broken(self, before: Batch, after: Batch) -> tuple[Check, ...]:
        """Return the checks that fail after a change of the batch and did not before it."""
        judged = self.judge(before, without_orders=True)
        failed = {check.name for check in judged if not check.passed}
        return tuple(
            check
            for check in self.judge(after, without_orders=True)
            if not check.passed and check.name not in failed
        )

    def _before(self, batch: Batch, held: Exposure) -> dict[int, float]:
        """Return what the orders start from: holdings, and what our own earlier orders will add."""
        weights = weights_at(batch.snapshot.stocks, self.worth)
        for con_id, weight in weighed(held.pending.items(), self.worth, held.net_asset_value):
            weights[con_id] = weights.get(con_id, 0.0) + weight
        return weights


def weights_at(snapshot: Snapshot, worth: Mapping[int, float]) -> dict[int, float]:
    """Return the weights of the holdings at what a share is worth to a decision, by conId.

    The account page's own prices may be of another moment than those that targets are made at.
    """
    return {
        p.con_id: (p.quantity * worth[p.con_id] if p.con_id in worth else p.market_value)
        / snapshot.net_asset_value
        for p in snapshot.positions
    }


def weights_after(
    orders: Sequence[Order], snapshot: Snapshot, worth: Mapping[int, float]
) -> dict[int, float]:
    """Return the weights that orders lead to, by conId; a share's worth in the base currency."""
    weights = weights_at(snapshot, worth)
    for order in orders:
        change = order.side.sign * order.quantity * worth[order.con_id]
        weights[order.con_id] = weights.get(order.con_id, 0.0) + change / snapshot.net_asset_value
    return weights
