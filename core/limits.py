"""Every limit and every term of the utility, defined once.

The settings take their defaults and ranges from here, the optimiser its terms, the gate its units,
the documentation its words. A value is what the settings say; what may be said stands here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")
Engine: TypeAlias = Literal["auto", "fast", "conic", "cvxpy"]

_NAV = "of net asset value"


class Where(StrEnum):
    """What holds a number against its limit, or lets it count."""

    SOURCE = "reading of each source"
    UNIVERSE = "choice of the universe"
    TARGET = "target weights"
    LOTS = "whole lots"
    OVERLAY = "overrides"
    GATE = "portfolio checks of the gate"
    ORDER = "check of each order"
    STRATEGY = "check of each option strategy"
    ACCOUNT = "account checks of the gate"
    DESK = "checks of the desk against the decision"
    SESSION = "session limits of the desk"


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that are accepted; the ends belong to them unless they are open."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False


NO_RANGE = Range()


@dataclass(frozen=True, slots=True)
class Term(Generic[T]):
    """One thing that is set: its name among the settings, its default, range and meaning.

    ``range`` is what an account may be set to. ``solvable``, where there is one, is what
    `optimiser.mean_variance_cvar` accepts from a caller of its own: wider, since research asks
    for what no account should be set to.
    """

    setting: str
    default: T
    range: Range
    unit: str
    meaning: str
    enforced: tuple[Where, ...]
    solvable: Range = NO_RANGE

    @property
    def name(self) -> str:
        """The last part of the setting's name, for example ``max_gross``."""
        return self.setting.rpartition(".")[2]


FRACTION = Range(0.0, 1.0)
_WEIGHTS = Range(0.0, 4.0, low_open=True)
_ANY_WEIGHT = Range(1e-6, 10.0)
_UTILITY = (Where.TARGET,)
_PORTFOLIO = (Where.TARGET, Where.LOTS, Where.GATE)

# The utility of weights w: alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw)
# - cost'|trade| - impact'|trade|^1.5, all per day and as fractions of net asset value.
INFORMATION_COEFFICIENT = Term(
    "signals.information_coefficient", 0.03, Range(0.0, 0.5, low_open=True), "correlation",
    "expected correlation of a score with the return of one session: the size of alpha", _UTILITY,
)  # fmt: skip
RISK_AVERSION = Term(
    "optimiser.risk_aversion", 2.0, Range(0.0, 1e4), "return per unit of variance",
    "what a unit of variance a day costs in expected return", _UTILITY, Range(0.0, 1e6),
)  # fmt: skip
CVAR_AVERSION = Term(
    "optimiser.cvar_aversion", 0.02, Range(0.0, 1e2), "return per unit of CVaR",
    "what a unit of CVaR a day costs in expected return", _UTILITY, Range(0.0, 1e4),
)  # fmt: skip
CVAR_LEVEL = Term(
    "optimiser.cvar_level", 0.95, Range(0.5, 1.0, low_open=True, high_open=True), "of the days",
    "CVaR is the mean loss of the days beyond this share", _UTILITY, Range(0.5, 0.9999),
)  # fmt: skip
COST = Term(
    "optimiser.cost", 1e-4, Range(0.0, 0.1), "of the amount traded",
    "cost of a unit of turnover, spread over the days a position is kept", _UTILITY,
    Range(0.0, 0.5),
)  # fmt: skip
IMPACT = Term(
    "optimiser.impact", 0.0, Range(0.0, 1.0), "of the amount traded to the power of 3/2",
    "market impact of a unit of turnover", _UTILITY, Range(0.0, 10.0),
)  # fmt: skip
ENGINE: Term[Engine] = Term(
    "optimiser.engine", "auto", NO_RANGE, "solver",
    "which solver answers; ``auto`` asks fast, conic and cvxpy in turn, until an answer is proved",
    _UTILITY,
)  # fmt: skip
SCENARIOS = Term(
    "optimiser.scenarios", 252, Range(60, 2000), "sessions",
    "days of returns that risk is estimated from", _UTILITY,
)  # fmt: skip
LONG_ONLY = Term(
    "optimiser.long_only", False, NO_RANGE, "true or false",  # noqa: FBT003 - the default itself
    "no short positions", _UTILITY,
)  # fmt: skip

MAX_GROSS = Term(
    "limits.max_gross", 1.2, _WEIGHTS, _NAV, "gross exposure, sum of |weight|", _PORTFOLIO,
    _ANY_WEIGHT,
)  # fmt: skip
MAX_NET = Term(
    "limits.max_net", 1.0, _WEIGHTS, _NAV, "long less short, either way", _PORTFOLIO,
    Range(0.0, 10.0),
)  # fmt: skip
MAX_SINGLE = Term(
    "limits.max_single", 0.12, FRACTION, _NAV, "weight of one name, long or short",
    (*_PORTFOLIO, Where.STRATEGY), _ANY_WEIGHT,
)  # fmt: skip
MAX_SECTOR = Term(
    "limits.max_sector", 0.60, _WEIGHTS, _NAV, "gross weight of one sector", _PORTFOLIO,
    Range(0.0, 10.0),
)  # fmt: skip
MAX_UNKNOWN_SECTOR = Term(
    # As much as max_gross: a watch list has no sectors at all.
    "limits.max_unknown_sector", 1.2, Range(0.0, 4.0), _NAV,
    "gross weight of names whose sector is not known; tighten it where the vendor names them",
    _PORTFOLIO, Range(0.0, 10.0),
)  # fmt: skip
CASH_BUFFER = Term(
    "limits.cash_buffer", 0.05, FRACTION, _NAV,
    "what long positions leave in cash; short sale proceeds are collateral and do not count",
    _PORTFOLIO, FRACTION,
)  # fmt: skip
MAX_GROSS_CHANGE = Term(
    "limits.max_gross_change", 1.2, Range(0.0, 8.0, low_open=True), _NAV,
    "change of gross exposure in a day", (Where.GATE,),
)  # fmt: skip
MAX_TURNOVER = Term(
    # Twice max_gross: the book may be exchanged for its opposite.
    "limits.max_turnover", 2.4, Range(0.0, 8.0, low_open=True), f"{_NAV}, both ways",
    "sum of |change of weight|: a full switch counts twice", _PORTFOLIO, Range(0.0, 20.0),
)  # fmt: skip
MAX_VAR = Term(
    "limits.max_var", 0.03, FRACTION, f"{_NAV} a day",
    "one-day value at risk at 95 %, historical and parametric", (Where.GATE,),
)  # fmt: skip
MAX_CVAR = Term(
    "limits.max_cvar", 0.05, FRACTION, f"{_NAV} a day",
    "mean loss of the worst 5 % of days, historical and parametric", (Where.GATE,),
)  # fmt: skip
MAX_UNMEASURED = Term(
    # Its whole value counts as lost in VaR and CVaR: more would leave the measured part of a usual
    # book, with a VaR around 1 %, no room below max_var.
    "limits.max_unmeasured", 0.02, FRACTION, _NAV,
    "holdings whose risk cannot be measured: too young, without bars or a value, no stock",
    (Where.GATE,),
)  # fmt: skip
MIN_BETA = Term(
    "limits.min_beta", -1.0, Range(-5.0, 5.0), "to the market", "least beta of the portfolio",
    _PORTFOLIO, Range(-10.0, 10.0),
)  # fmt: skip
MAX_BETA = Term(
    "limits.max_beta", 1.5, Range(-5.0, 5.0), "to the market", "largest beta of the portfolio",
    _PORTFOLIO, Range(-10.0, 10.0),
)  # fmt: skip
MIN_COVERAGE = Term(
    "limits.min_coverage", 0.8, FRACTION, "of the universe",
    "share of the universe with the data that a target rests on", (Where.GATE,),
)  # fmt: skip
MAX_ADV_SHARE = Term(
    "limits.max_adv_share", 0.10, FRACTION, "of a day's volume",
    "an order, of the average daily volume of 20 sessions",
    (Where.GATE, Where.ORDER, Where.STRATEGY),
)  # fmt: skip
MAX_ORDER_VALUE = Term(
    # A position that changes sign trades twice max_single.
    "limits.max_order_value", 0.25, FRACTION, _NAV, "value of one order",
    (Where.GATE, Where.ORDER, Where.STRATEGY),
)  # fmt: skip
PRICE_COLLAR = Term(
    "limits.price_collar", 0.10, FRACTION, "from the reference price",
    "distance of a limit price from the reference price, and of a price or the net asset value "
    "from what it was at the decision", (Where.ORDER, Where.STRATEGY, Where.DESK),
)  # fmt: skip
MAX_ORDERS = Term(
    "limits.max_orders", 250, Range(1, 10_000), "orders in a batch", "orders in one batch",
    (Where.GATE,),
)  # fmt: skip
MAX_ORDERS_PER_SESSION = Term(
    "limits.max_orders_per_session", 500, Range(1, 100_000), "orders in a session",
    "orders committed to in one session, whichever way they came", (Where.ACCOUNT, Where.SESSION),
)  # fmt: skip
MAX_SUBMISSIONS = Term(
    "limits.max_submissions", 100, Range(1, 10_000), "batches in a session",
    "batches begun in one session", (Where.SESSION,),
)  # fmt: skip
RESTRICTED: Term[tuple[str, ...]] = Term(
    "limits.restricted", (), NO_RANGE, "symbols or conIds",
    "symbols or conIds that are never traded", (Where.UNIVERSE, Where.TARGET, Where.GATE),
)  # fmt: skip
MAX_DAILY_LOSS = Term(
    "limits.max_daily_loss", 0.05, FRACTION, _NAV,
    "loss of the account since the decision before this session's", (Where.ACCOUNT,),
)  # fmt: skip
MAX_DRAWDOWN = Term(
    "limits.max_drawdown", 0.20, FRACTION, "of the high",
    "loss from the highest net asset value on record", (Where.ACCOUNT,),
)  # fmt: skip
MAX_CONSECUTIVE_LOSSES = Term(
    "limits.max_consecutive_losses", 5, Range(0, 1000), "losing days in a row",
    "losing days in a row", (Where.ACCOUNT,),
)  # fmt: skip
ACCOUNT_SINCE: Term[date | None] = Term(
    # Money that was withdrawn would pass for a loss.
    "limits.account_since", None, NO_RANGE, "date",
    "records of the account before this day are not counted", (Where.ACCOUNT,),
)  # fmt: skip
MAX_TRADE_RISK = Term(
    "limits.max_trade_risk", 0.02, FRACTION, _NAV, "what an option strategy can lose at most",
    (Where.STRATEGY,),
)  # fmt: skip
MIN_OPTION_PRICE = Term(
    "limits.min_option_price", 0.05, Range(0.0, low_open=True), "per share",
    "least price of every leg: the quotes of cheaper options are mostly spread", (Where.STRATEGY,),
)  # fmt: skip
MIN_SPREAD_WIDTH = Term(
    "limits.min_spread_width", 0.5, Range(0.0, low_open=True), "per share",
    "least distance between the strikes of a spread", (Where.STRATEGY,),
)  # fmt: skip
SENTIMENT_FLOOR = Term(
    "limits.sentiment_floor", -2.5, Range(high=0.0), "standard deviations",
    "below this z-score of its sentiment a name is not bought; the stricter of this and the "
    "reviewed rules counts", (Where.OVERLAY,),
)  # fmt: skip
MAX_UNREADABLE = Term(
    "limits.max_unreadable", 0.02, FRACTION, "of its rows or items",
    "what may be unreadable of a vendor's file or a feed before none of it is believed; a single "
    "one always may be", (Where.SOURCE,),
)  # fmt: skip
MIN_PLACED = Term(
    # One in fifty: a feed of the whole market places few, and one that places none protects nobody.
    # Of fewer than `core.data_quality.FEWEST` headlines none need be about a company.
    "limits.min_placed", 0.02, FRACTION, "of the headlines",
    "headlines whose company is known, ours or another; with fewer, of five or more, the news rule "
    "saw next to nothing and the day is a recommendation only", (Where.SOURCE,),
)  # fmt: skip

UTILITY = (
    INFORMATION_COEFFICIENT, RISK_AVERSION, CVAR_AVERSION, CVAR_LEVEL, COST, IMPACT, ENGINE,
    SCENARIOS, LONG_ONLY,
)  # fmt: skip
LIMITS = (
    MAX_GROSS, MAX_NET, MAX_SINGLE, MAX_SECTOR, MAX_UNKNOWN_SECTOR, CASH_BUFFER,
    MAX_GROSS_CHANGE, MAX_TURNOVER, MAX_VAR, MAX_CVAR, MAX_UNMEASURED, MIN_BETA, MAX_BETA,
    MIN_COVERAGE, MAX_ADV_SHARE, MAX_ORDER_VALUE, PRICE_COLLAR, MAX_ORDERS, MAX_ORDERS_PER_SESSION,
    MAX_SUBMISSIONS, RESTRICTED, MAX_DAILY_LOSS, MAX_DRAWDOWN, MAX_CONSECUTIVE_LOSSES,
    ACCOUNT_SINCE, MAX_TRADE_RISK, MIN_OPTION_PRICE, MIN_SPREAD_WIDTH, SENTIMENT_FLOOR,
    MAX_UNREADABLE, MIN_PLACED,
)  # fmt: skip
