"""What a preview tells of an order: the terms, every check, the broker's what-if, the token."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.canonical import sha256_of
from core.money import Money
from core.order_action import action
from core.types import Order, Side, WhatIf
from desk.previews.planned_order import PlannedOrder
from desk.previews.pre_trade_checks import PreTradeChecks
from desk.previews.strategy_checks import PricedStrategy, money
from desk.records.preview_tokens import Token
from risk.limits import Check
from risk.strategies.legs import Strategy


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. ``token`` is None unless every check passed."""

    order: Order
    action: str  # what it does to the position, for example SELL SHORT
    order_sha256: str  # of all that placing would send, with account, session and limits
    reference_price: float | None  # per share; of a strategy net, at its legs' midpoints
    value: Money | None  # of the whole order at its limit, in the currency of its market
    checks: tuple[Check, ...]
    what_if: WhatIf
    token: str | None
    expires_at: datetime | None

    @property
    def passed(self) -> bool:
        """Whether the order may be placed."""
        return self.token is not None


@dataclass(frozen=True, slots=True)
class LegQuote:
    """One leg and its market, per share; None: not known."""

    con_id: int
    leg: str
    side: Side  # which way this order trades it
    ratio: int
    bid: float | None
    ask: float | None


@dataclass(frozen=True, slots=True)
class StrategyPreview(Preview):
    """The same of a strategy, with what it can bring and lose.

    ``max_gain`` is None where it is not known or has no bound, ``max_risk`` where it has none;
    of a closing nothing is at risk any more: those figures are None.
    """

    strategy: Strategy
    closes: str | None  # a trade id
    legs: tuple[LegQuote, ...]
    max_risk: Money | None
    max_gain: Money | None
    break_evens: tuple[float, ...] | None  # prices of the underlying at expiry
    funds_required: Money | None


def preview_of(
    plan: PlannedOrder, found: PreTradeChecks, terms: bytes, token: Token | None
) -> Preview:
    """Return what was found about an order; without a token it did not pass."""
    order = plan.order
    # A combination is bought or sold as a whole: its legs are what is short.
    held = None if order.parts else found.held.get(order.con_id, 0.0)
    common: dict[str, Any] = {
        "order": order,
        "action": action(order.side, order.quantity, held),
        "order_sha256": sha256_of(terms),
        "reference_price": found.reference_price,
        "value": found.value,
        "checks": found.checks,
        "what_if": found.what_if,
        "token": token.secret if token else None,
        "expires_at": token.expires_at if token else None,
    }
    if plan.strategy is None or found.strategy is None:
        return Preview(**common)
    return StrategyPreview(
        **common,
        strategy=plan.strategy,
        closes=plan.closes,
        legs=tuple(_leg_quotes(plan, plan.strategy, found.strategy)),
        **_risk(plan, found.strategy),
    )


def _risk(plan: PlannedOrder, priced: PricedStrategy) -> dict[str, Any]:
    """Return what opening a strategy can bring and lose; nothing of closing one."""
    if plan.closes is not None:
        return dict.fromkeys(("max_risk", "max_gain", "break_evens", "funds_required"))
    trade, outcome = priced.trade, priced.trade.outcome
    gain = math.nan if outcome.max_gain is None else outcome.max_gain
    return {
        "max_risk": money(trade.max_risk, trade.currency),
        "max_gain": money(gain * trade.shares, trade.currency),
        "break_evens": outcome.break_evens,
        "funds_required": money(trade.funds_required, trade.currency),
    }


def _leg_quotes(
    plan: PlannedOrder, strategy: Strategy, priced: PricedStrategy
) -> Iterator[LegQuote]:
    for leg, named, quote in zip(strategy.legs, plan.order.parts, priced.quotes.legs, strict=True):
        yield LegQuote(
            con_id=named.con_id,
            leg=str(leg),
            side=leg.side if plan.order.side is Side.BUY else leg.side.opposite,
            ratio=leg.ratio,
            bid=quote.bid if quote else None,
            ask=quote.ask if quote else None,
        )
