"""An order as it would be sent, of one or more legs, and the bytes a preview's token stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.canonical import canonical_json, sha256_of
from core.decoding import decode
from core.settings import Settings
from core.types import ComboOrder, Order
from risk.strategies.legs import Strategy


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order for one instrument or a strategy, and the trade it closes; None: it opens one."""

    order: Order  # without a name until the account commits to it
    closes: str | None = None  # a trade id
    strategy: Strategy | None = None  # what the legs of a combination are

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "order" if self.strategy is None else "strategy"

    @property
    def instrument(self) -> str:
        """What it trades, in words."""
        symbol = self.order.symbol
        return symbol if self.strategy is None else f"{self.strategy.kind} of {symbol}"

    @property
    def relations(self) -> dict[str, Any]:
        """What terms and audit trail say beside the order: nothing of a plain one."""
        if self.strategy is not None:
            return {"closes": self.closes}
        return {} if self.closes is None else {"closes": self.closes}

    def terms(self, account: str, day: date, settings: Settings) -> bytes:
        """Return what a token stands for: all that would be sent, account, session and limits."""
        more = self.relations
        if self.strategy is not None:
            more["strategy"] = self.strategy
        return terms_of(self.order, account, day, settings, **more)


def terms_of(order: Order, account: str, day: date, settings: Settings, **more: object) -> bytes:
    """Return the terms of an order, canonical JSON; ``more`` is what else they say."""
    limits = sha256_of(canonical_json(settings.limits.model_dump(mode="json")))
    return canonical_json(
        {"account": account, "session": day, "limits": limits, "order": order, **more}
    )


def read_plan(terms: Mapping[str, Any]) -> PlannedOrder:
    """Read a plan back from a token's terms. Raises `DataError` for what is none."""
    strategy = terms.get("strategy")
    return PlannedOrder(
        read_order(terms["order"]),
        terms.get("closes"),
        None if strategy is None else decode(Strategy, strategy),
    )


def read_order(plain: Mapping[str, Any]) -> Order:
    """Read an order back from plain JSON, with its legs where it has some."""
    return decode(ComboOrder if "legs" in plain else Order, plain)
