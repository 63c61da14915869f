"""The sections of the settings, but those of limits and utility."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat

from core.limits import INFORMATION_COEFFICIENT
from core.settings.fields import (
    Address,
    Effect,
    Fraction,
    NotNegative,
    Port,
    Seconds,
    Secret,
    Section,
    Symbol,
    history_text,
    setting,
)


class GatewaySettings(Section):
    """Where the IBKR gateway listens, and how long to wait for it."""

    host: Annotated[str, Field(pattern=r"^\S+$")] = "127.0.0.1"
    port: Port | None = None  # none: 4002 for paper, 4001 for live, the embedded simulator for sim
    client_id: Annotated[int, Field(ge=1, le=31)] = 11
    order_client_id: Annotated[int, Field(ge=1, le=31)] = 12
    account: str | None = None  # none: the gateway's only account
    connect_timeout: Seconds = 10.0
    request_timeout: Seconds = 15.0
    history_timeout: Seconds = 60.0
    # Seconds by which the gateway's clock and this computer's may differ before nothing is sent.
    clock_tolerance: Annotated[FiniteFloat, Field(ge=2.0, le=120.0)] = 30.0
    messages_per_second: Annotated[FiniteFloat, Field(gt=0.0, le=50.0)] = 45.0
    open_history_requests: Annotated[int, Field(ge=1, le=50)] = 45
    market_data_lines: Annotated[int, Field(ge=1, le=100)] = 90


class SimulatorSettings(Section):
    """The local world that `daybook run` embeds when no gateway port is set."""

    seed: Annotated[int, Field(ge=0)] = 7
    symbols: Annotated[int, Field(ge=3, le=5000)] = 250
    bars: Path | None = None
    fundamentals: Path | None = None  # none: the file beside ``bars``, where there is one
    macro: Path | None = None
    constituents: Path | None = None
    # Where the bars are real no file says what was bid: every quote is assumed to be this wide.
    assumed_spread: Annotated[FiniteFloat, Field(ge=0.0, le=0.05)] = 4e-4  # fraction of the price
    cash: Annotated[FiniteFloat, Field(gt=0.0, le=1e12)] = 1_000_000.0  # in the base currency
    # Of the account. All shares trade in dollars; beside real bars there are no exchange rates.
    base_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class VendorSettings(Section):
    """Sources that are not IBKR. In sim mode the addresses are the simulator's own."""

    fundamentals_url: Address | None = None
    fundamentals_key: Secret | None = None
    news_urls: tuple[Address, ...] = ()
    slack_webhook: Secret | None = None
    timeout: Seconds = 10.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 3


class UniverseSettings(Section):
    """Which symbols a day looks at."""

    watchlist: tuple[Symbol, ...] = ()  # empty: the index members named by the fundamentals vendor
    include_holdings: bool = True
    include_movers: bool = True
    movers: Annotated[int, Field(ge=0, le=50)] = 10  # rows kept of each scan
    history: Annotated[str, AfterValidator(history_text)] = "2 Y"  # IBKR duration string
    min_bars: Annotated[int, Field(ge=60, le=2000)] = 60


class SignalSettings(Section):
    """How blocks of features become one alpha score."""

    technical_weight: Fraction = 0.5
    fundamental_weight: Fraction = 0.3
    sentiment_weight: Fraction = 0.2
    information_coefficient: FiniteFloat = setting(INFORMATION_COEFFICIENT)
    sentiment_model: Literal["vader", "finbert"] = "vader"


class QualitySettings(Section):
    """When bars and quotes are not believed."""

    # A move from which on a bar or a quote needs proof. In 2025-26 every move of 570 US stocks
    # beyond it came with 1.6 times the usual volume or more.
    max_jump: Annotated[FiniteFloat, Field(gt=0.0, le=10.0)] = 0.25
    # Of the broker's previous close from our newest bar. Dividends of the day are less.
    close_tolerance: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)] = 0.05
    max_quarantined: Fraction = 0.10  # of the universe; one name alone never stops the day
    # What follows when the newest price of a name is contradicted, a decimal point off for
    # example: "recommendation" lets nobody trade on that day, "quarantine" only not that name.
    suspect_price: Literal["recommendation", "quarantine"] = "recommendation"


class OrderSettings(Section):
    """How targets become orders."""

    even_lots: bool = True
    no_trade_band: Fraction = 0.002  # a weight so near its target is left alone
    min_trade_value: NotNegative = 200.0  # base currency: no trade is smaller, but exits
    limit_offset: Fraction = 0.01  # limit price beyond the reference price
    time_in_force: Literal["DAY"] = "DAY"
    size_down: Fraction = 0.20  # what a rehearsed order loses each time margin is exceeded
    size_down_floor: Fraction = 0.40  # of its first quantity; an order below it is removed
    acknowledge_timeout: Seconds = 15.0


class AgentSettings(Section):
    """What machines may do through the tool catalogue, and how they are let in."""

    allow: Effect = Effect.READ
    token: Secret | None = None  # MCP over HTTP and REST do not start without one
    calls_per_minute: Annotated[int, Field(ge=1, le=6000)] = 120
    # Client ids of its own: a tool call must never keep the day from connecting.
    client_id: Annotated[int, Field(ge=1, le=31)] = 21
    order_client_id: Annotated[int, Field(ge=1, le=31)] = 22
