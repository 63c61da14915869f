"""What a preview tells of a strategy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.canonical import sha256_of
from core.types import ComboOrder, Side, WhatIf
from desk.records.preview_tokens import Token
from desk.strategies.strategy_gate import ExaminedStrategy, known
from desk.strategies.strategy_plan import StrategyPlan
from risk.limits import Check
from risk.strategy import Strategy


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
class StrategyPreview:
    """What would happen, in money unless per share. ``token`` is None unless every check passed.

    ``max_gain`` is None where it is not known or has no bound, ``max_risk`` where it has none;
    of a closing nothing is at risk any more: those figures are None.
    """

    order: ComboOrder
    order_sha256: str  # of all that placing would send, with account, session and limits
    strategy: Strategy
    closes: str | None  # a trade id
    legs: tuple[LegQuote, ...]
    reference_price: float | None  # net per share, at the legs' midpoints
    max_risk: float | None
    max_gain: float | None
    break_evens: tuple[float, ...] | None  # prices of the underlying at expiry
    funds_required: float | None
    checks: tuple[Check, ...]
    what_if: WhatIf
    token: str | None
    expires_at: datetime | None

    @property
    def passed(self) -> bool:
        """Whether the strategy may be placed."""
        return self.token is not None


def preview_of(
    plan: StrategyPlan, found: ExaminedStrategy, terms: bytes, token: Token | None
) -> StrategyPreview:
    """Return what was found about a plan; without a token it did not pass."""
    trade, shares = found.trade, found.trade.shares
    outcome = trade.outcome
    gain = math.nan if outcome.max_gain is None else outcome.max_gain
    opens = plan.closes is None
    return StrategyPreview(
        order=plan.order,
        order_sha256=sha256_of(terms),
        strategy=plan.strategy,
        closes=plan.closes,
        legs=tuple(_leg_quotes(plan, found)),
        reference_price=found.reference_price,
        max_risk=known(trade.max_risk) if opens else None,
        max_gain=known(gain * shares) if opens else None,
        break_evens=outcome.break_evens if opens else None,
        funds_required=known(trade.funds_required) if opens else None,
        checks=found.checks,
        what_if=found.what_if,
        token=token.secret if token else None,
        expires_at=token.expires_at if token else None,
    )


def _leg_quotes(plan: StrategyPlan, found: ExaminedStrategy) -> Iterator[LegQuote]:
    for leg, named, quote in zip(
        plan.strategy.legs, plan.order.legs, found.quotes.legs, strict=True
    ):
        yield LegQuote(
            con_id=named.con_id,
            leg=str(leg),
            side=leg.side if plan.order.side is Side.BUY else leg.side.opposite,
            ratio=leg.ratio,
            bid=quote.bid if quote else None,
            ask=quote.ask if quote else None,
        )
