"""The settings of the utility and of the limits, with the defaults and ranges of `core.limits`."""

from __future__ import annotations

from pydantic import FiniteFloat

import core.limits as terms
from core.limits import Engine
from core.settings.fields import Day, Section, Symbol, setting


class OptimiserSettings(Section):
    """The objective: alpha'w - risk_aversion*variance - cvar_aversion*CVaR - cost*|trade|."""

    risk_aversion: FiniteFloat = setting(terms.RISK_AVERSION)
    cvar_aversion: FiniteFloat = setting(terms.CVAR_AVERSION)
    cvar_level: FiniteFloat = setting(terms.CVAR_LEVEL)
    cost: FiniteFloat = setting(terms.COST)
    impact: FiniteFloat = setting(terms.IMPACT)
    engine: Engine = setting(terms.ENGINE)
    scenarios: int = setting(terms.SCENARIOS)
    long_only: bool = setting(terms.LONG_ONLY)


class LimitSettings(Section):
    """Portfolio and order limits, as fractions of net asset value unless stated."""

    max_gross: FiniteFloat = setting(terms.MAX_GROSS)
    max_net: FiniteFloat = setting(terms.MAX_NET)
    max_single: FiniteFloat = setting(terms.MAX_SINGLE)
    max_sector: FiniteFloat = setting(terms.MAX_SECTOR)
    max_unknown_sector: FiniteFloat = setting(terms.MAX_UNKNOWN_SECTOR)
    cash_buffer: FiniteFloat = setting(terms.CASH_BUFFER)
    max_gross_change: FiniteFloat = setting(terms.MAX_GROSS_CHANGE)
    max_turnover: FiniteFloat = setting(terms.MAX_TURNOVER)
    max_var: FiniteFloat = setting(terms.MAX_VAR)
    max_cvar: FiniteFloat = setting(terms.MAX_CVAR)
    max_unmeasured: FiniteFloat = setting(terms.MAX_UNMEASURED)
    min_beta: FiniteFloat = setting(terms.MIN_BETA)
    max_beta: FiniteFloat = setting(terms.MAX_BETA)
    min_coverage: FiniteFloat = setting(terms.MIN_COVERAGE)
    max_adv_share: FiniteFloat = setting(terms.MAX_ADV_SHARE)
    max_order_value: FiniteFloat = setting(terms.MAX_ORDER_VALUE)
    price_collar: FiniteFloat = setting(terms.PRICE_COLLAR)
    max_orders: int = setting(terms.MAX_ORDERS)
    max_orders_per_session: int = setting(terms.MAX_ORDERS_PER_SESSION)
    max_submissions: int = setting(terms.MAX_SUBMISSIONS)
    restricted: tuple[Symbol, ...] = setting(terms.RESTRICTED)
    max_daily_loss: FiniteFloat = setting(terms.MAX_DAILY_LOSS)
    max_drawdown: FiniteFloat = setting(terms.MAX_DRAWDOWN)
    max_consecutive_losses: int = setting(terms.MAX_CONSECUTIVE_LOSSES)
    account_since: Day | None = setting(terms.ACCOUNT_SINCE)
    max_trade_risk: FiniteFloat = setting(terms.MAX_TRADE_RISK)
    min_option_price: FiniteFloat = setting(terms.MIN_OPTION_PRICE)
    min_spread_width: FiniteFloat = setting(terms.MIN_SPREAD_WIDTH)
    sentiment_floor: FiniteFloat = setting(terms.SENTIMENT_FLOOR)
    max_unreadable: FiniteFloat = setting(terms.MAX_UNREADABLE)
    min_placed: FiniteFloat = setting(terms.MIN_PLACED)
