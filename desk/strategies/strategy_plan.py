"""A strategy as it would be sent, and the bytes that a preview's token stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.settings import Settings
from core.types import ComboOrder, Leg, OrderType, Side
from desk.previews.preview_confirm import terms_of
from desk.strategies.strategy_positions import strategy_of
from risk.strategy import Strategy


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """An order for a strategy, and the trade it closes; None: it opens one."""

    order: ComboOrder  # without a name until the account commits to it
    strategy: Strategy
    closes: str | None = None

    def terms(self, account: str, day: date, settings: Settings) -> bytes:
        """Return what a token stands for: all that would be sent, account, session and limits."""
        return terms_of(
            self.order, account, day, settings, strategy=self.strategy, closes=self.closes
        )


def is_strategy(terms: Mapping[str, Any]) -> bool:
    """Tell whether a token's terms are those of a strategy."""
    return "strategy" in terms


def read_plan(terms: Mapping[str, Any]) -> StrategyPlan:
    """Read a plan back from a token's terms."""
    plain = terms["order"]
    legs = tuple(
        Leg(con_id=leg["con_id"], side=Side(leg["side"]), ratio=leg["ratio"])
        for leg in plain["legs"]
    )
    typed = {"side": Side(plain["side"]), "order_type": OrderType(plain["order_type"])}
    order = ComboOrder(**{**plain, **typed, "legs": legs})
    return StrategyPlan(order, strategy_of(terms["strategy"]), terms["closes"])
