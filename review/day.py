"""The day as people see it: plain values, filled once, drawn everywhere.

Weights are signed fractions of net asset value, returns and risks daily fractions, money in the
account's base currency, times aware. ``None`` means "not known" and is shown as a dash; it is
never drawn as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.order_action import action, opened_short
from core.settings import Mode
from core.storage.artefacts import Artefact
from core.types import OrderStatus, Side
from core.types.frozen import FrozenHolding
from review.standing import Standing
from review.verdict import Verdict
from risk.figures import Figures


class Unit(StrEnum):
    """How a limit and its value are written."""

    PERCENT = "percent"  # 0.0131 is 1.31 %
    MULTIPLE = "multiple"  # of net asset value: 1.08
    MONEY = "money"
    COUNT = "count"
    WORDS = "words"  # right or wrong, with the reason as detail; its numbers say nothing


class Outcome(StrEnum):
    """What the what-if made of an order."""

    KEPT = "kept"
    SIZED_DOWN = "sized down"
    REMOVED = "removed"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One order of the day's ticket."""

    side: Side
    symbol: str
    quantity: int
    limit_price: float | None
    weight_before: float
    weight_after: float
    alpha: float | None = None
    adv_share: float | None = None  # of the 20-session average daily volume
    margin_change: float | None = None  # maintenance margin, from the what-if
    value: float | None = None  # money, unsigned
    flag: str = ""  # for example "sized down 20 %"
    held: float | None = None  # signed shares when it was decided
    status: OrderStatus | None = None  # None: never sent
    filled: float | None = None  # shares
    average_price: float | None = None

    @property
    def action(self) -> str:
        """What it does, in words: ``SELL SHORT``."""
        return action(self.side, self.quantity, self.held)

    @property
    def short_opened(self) -> float:
        """The part of net asset value that it sells short."""
        part = opened_short(self.side, self.quantity, self.held)
        return abs(self.weight_after - self.weight_before) * part / self.quantity if part else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the gate. ``passed`` is the gate's own word."""

    name: str
    value: float | None
    limit: float | None  # None: right or wrong, or information
    passed: bool
    unit: Unit = Unit.PERCENT
    at_least: bool = False  # the limit is a floor, as for cash
    either_way: bool = False  # the limit is for the value's size, as for net exposure
    detail: str = ""  # for example the symbol that comes nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolLine:
    """One symbol of the universe: its alpha by block, and its weight before and after.

    The three contributions are block weight times block score and add up to ``alpha``.
    """

    symbol: str
    weight_before: float
    weight_after: float
    alpha: float | None
    technical: float | None = None
    fundamental: float | None = None
    sentiment: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One headline, as a feed sent it: untrusted."""

    title: str
    source: str
    published: datetime | None = None
    polarity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One weight the overlay changed, and the headlines it rests on."""

    symbol: str
    reason: str
    weight_before: float  # as optimised
    weight_after: float
    headlines: tuple[Headline, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """One question asked of the data: how many rows it affects, and what was done about it."""

    what: str  # for example "symbols without a quote"
    affected: int
    of: int
    consequence: str = ""  # for example "priced at the previous close"
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfLine:
    """What the broker answered to "what if this order filled?", and what was made of it."""

    symbol: str
    side: Side
    quantity: int  # as first asked
    quantity_after: int  # 0 when removed
    outcome: Outcome
    margin_change: float | None = None
    commission: float | None = None
    reason: str = ""
    held: float | None = None  # signed shares

    @property
    def action(self) -> str:
        """What it would do, in words."""
        return action(self.side, self.quantity, self.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the day."""

    number: int | None  # among the nine of the day
    name: str
    seconds: float
    rows_in: int | None = None
    rows_out: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The portfolio before the orders, and after them as the gate measured it."""

    after: Figures
    gross_before: float
    gross_limit: float
    cash_limit: float  # the least cash, short proceeds not counted
    expected_return: float | None = None  # the optimiser's, of its target: before overrides, lots


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPage:
    """One day, whole."""

    session: date
    mode: Mode
    account: str  # shown masked
    currency: str  # ISO 4217, of all money here
    net_asset_value: float
    as_of: datetime  # when the decision was taken
    opens_at: datetime
    finish_line: datetime  # the order cut-off, last moment at which an order may be sent
    standing: Standing
    run_id: str
    code_version: str
    settings_hash: str
    risk: Risk
    ticket_sha256: str = ""  # what an approval is bound to
    world: str = ""  # which gateway or market this was, and what was real in it
    unknown: tuple[str, ...] = ()  # sources that told nothing, such as news
    hours: str = ""  # where the session's hours are not the usual ones
    orders: tuple[OrderLine, ...] = ()
    checks: tuple[Check, ...] = ()
    binding: tuple[str, ...] = ()  # what holds the target back, in words
    symbols: tuple[SymbolLine, ...] = ()
    overrides: tuple[Override, ...] = ()
    frozen: tuple[FrozenHolding, ...] = ()
    quality: tuple[Quality, ...] = ()
    what_ifs: tuple[WhatIfLine, ...] = ()
    stages: tuple[Stage, ...] = ()
    artefacts: tuple[Artefact, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return what the day is."""
        return self.standing.verdict

    @property
    def next_step(self) -> str:
        """Return what a person can do."""
        return self.standing.next_step

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """Return the checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def uncertain(self) -> tuple[OrderLine, ...]:
        """Return the orders that were sent and whose fate is not known."""
        return tuple(line for line in self.orders if line.status is OrderStatus.UNCERTAIN)
