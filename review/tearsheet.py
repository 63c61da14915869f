"""The tear sheet of a replay: one HTML file that needs no network, no script, no other file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from markupsafe import Markup

from core.settings import Mode
from core.text.counts import count
from review import text
from review.page import environment
from review.tearsheet_plots import costs_svg, drawdown_svg, growth_svg, turnover_svg
from risk.drawdowns import Drawdown, deepest_drawdown
from risk.performance import (
    YEAR,
    Performance,
    mean_turnover,
    monthly_returns,
    performance,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A session whose orders were not sent, and why."""

    session: date
    reason: str


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month, as fractions."""

    name: str  # for example 2026-06
    portfolio: float
    equal_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TearSheet:
    """What a replay came to. Tuples hold one value per session; money is in base currency."""

    replay_id: str
    world: str  # the market, in one line for people
    caveat: str = ""  # what is missing from its data, in a sentence
    unknown: tuple[str, ...] = ()  # kinds of data that no file of real bars holds
    currency: str
    capital: float  # that the account began with
    final_equity: float
    sessions: tuple[date, ...]
    returns: tuple[float, ...]  # simple, daily, as fractions
    equal_weight: tuple[float, ...]  # of the universe held in equal parts, without costs
    turnover: tuple[float, ...]  # value bought and sold over net asset value
    commissions: tuple[float, ...]
    spread: tuple[float, ...]  # paid beyond the opening price
    orders: int
    fills: int
    refused: tuple[Refused, ...] = ()

    @property
    def portfolio(self) -> Performance:
        """The measures of the portfolio."""
        return performance(np.array(self.returns))

    @property
    def comparison(self) -> Performance:
        """The measures of the universe held in equal parts."""
        return performance(np.array(self.equal_weight))

    @property
    def drawdown(self) -> Drawdown:
        """The deepest drawdown of the portfolio."""
        return deepest_drawdown(np.array(self.returns))

    @property
    def comparison_drawdown(self) -> Drawdown:
        """The deepest drawdown of the universe held in equal parts."""
        return deepest_drawdown(np.array(self.equal_weight))

    @property
    def mean_turnover(self) -> float:
        """Two-way turnover of a mean day; NaN for no day."""
        return mean_turnover(np.array(self.turnover))

    @property
    def costs(self) -> float:
        """Commissions and spread of all days."""
        return math.fsum((*self.commissions, *self.spread))

    @property
    def yearly_cost(self) -> float:
        """Costs of a year as a fraction of the starting capital; NaN for no day."""
        days = len(self.sessions)
        return self.costs / self.capital * YEAR / days if days else math.nan

    @property
    def months(self) -> list[Month]:
        """Each calendar month."""
        own = monthly_returns(self.sessions, np.array(self.returns))
        other = monthly_returns(self.sessions, np.array(self.equal_weight))
        return [
            Month(f"{year}-{month:02d}", own[year, month], other[year, month])
            for year, month in own
        ]


def render_tear_sheet(sheet: TearSheet) -> bytes:
    """Return the page, UTF-8. Same sheet, same bytes."""
    values = {
        "sheet": sheet,
        "mode": Mode.SIM,
        "own": sheet.portfolio,
        "other": sheet.comparison,
        "headline": headline(sheet),
        # The drawings escape their own text: the one thing on the page that Jinja does not.
        "figures": {
            name: Markup(drawn)  # noqa: S704 - our own SVG
            for name, drawn in {
                "growth": growth_svg(sheet.sessions, sheet.returns, sheet.equal_weight),
                "drawdown": drawdown_svg(sheet.sessions, sheet.returns, sheet.equal_weight),
                "turnover": turnover_svg(sheet.sessions, sheet.turnover),
                "costs": costs_svg(sheet.sessions, sheet.commissions, sheet.spread),
            }.items()
        },
    }
    return environment().get_template("tearsheet.html.j2").render(values).encode()


def headline(sheet: TearSheet) -> str:
    """Say in one line what came of it, against equal weight."""
    own, other = sheet.portfolio.total_return, sheet.comparison.total_return
    return (
        f"{text.percent(own, signed=True)} in {count(len(sheet.sessions), 'session')}, "
        f"equal weight {text.percent(other, signed=True)}"
    )
