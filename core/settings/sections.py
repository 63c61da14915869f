"""The sections of the settings, but those of limits and utility."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, field_validator

from core.limits import INFORMATION_COEFFICIENT
from core.settings.fields import (
    Address,
    ClientId,
    Day,
    Effect,
    Fraction,
    Instrument,
    NotNegative,
    Port,
    Seconds,
    Secret,
    Section,
    history_text,
    setting,
)


class GatewaySettings(Section):
    """Where the IBKR gateway listens, and how long to wait for it."""

    host: Annotated[str, Field(pattern=r"^\S+$")] = Field("127.0.0.1", description="its address")
    port: Port | None = Field(
        None,
        description="its port; none: 4002 for paper, 4001 for live, the embedded simulator for sim",
    )
    client_id: ClientId = Field(11, description="client id of the connection that reads")
    order_client_id: ClientId = Field(12, description="client id of the connection for orders")
    account: str | None = Field(None, description="the account; none: the gateway's only one")
    connect_timeout: Seconds = Field(10.0, description="seconds to wait for a connection")
    request_timeout: Seconds = Field(15.0, description="seconds to wait for an answer")
    history_timeout: Seconds = Field(60.0, description="seconds to wait for bars of the past")
    clock_tolerance: Annotated[FiniteFloat, Field(ge=2.0, le=120.0)] = Field(
        30.0,
        description="seconds by which the gateway's clock and this computer's may differ before "
        "nothing is sent",
    )
    messages_per_second: Annotated[FiniteFloat, Field(gt=0.0, le=50.0)] = Field(
        45.0, description="pace of requests of all kinds; IBKR accepts 50"
    )
    open_history_requests: Annotated[int, Field(ge=1, le=50)] = Field(
        45, description="requests for bars under way at a time; IBKR accepts 50"
    )
    market_data: tuple[Literal["live", "frozen", "delayed", "delayed-frozen"], ...] = Field(
        ("live", "frozen", "delayed", "delayed-frozen"),
        min_length=1,
        description="kinds of market data that quotes are asked for, the next where the account "
        "may not see the one before or it has no price",
    )
    market_data_lines: Annotated[int, Field(ge=1, le=100)] = Field(
        90, description="live subscriptions at a time; IBKR gives 100 to most accounts"
    )


class SimulatorSettings(Section):
    """The local environment that `daybook run` embeds when no gateway port is set."""

    seed: Annotated[int, Field(ge=0)] = Field(7, description="seed of the synthetic market")
    symbols: Annotated[int, Field(ge=3, le=5000)] = Field(
        250, description="number of shares of the synthetic market"
    )
    bars: Path | None = Field(None, description="file of real daily bars instead: parquet or CSV")
    fundamentals: Path | None = Field(
        None,
        description="file of fundamentals; none: the file next to ``bars``, where there is one",
    )
    macro: Path | None = Field(None, description="file of macro gauges; none: next to ``bars``")
    constituents: Path | None = Field(
        None, description="file of index members with their sectors; none: next to ``bars``"
    )
    # Where the bars are real no file says what was bid.
    assumed_spread: Annotated[FiniteFloat, Field(ge=0.0, le=0.05)] = Field(
        4e-4, description="width of every quote on real bars, fraction of the price"
    )
    cash: Annotated[FiniteFloat, Field(gt=0.0, le=1e12)] = Field(
        1_000_000.0, description="what the account began with, in its base currency"
    )
    untidy: Annotated[str, Field(max_length=500, pattern=r"^[a-z0-9, -]+$")] = Field(
        "0", description="how untidy the world is: a level from 0 to 3, or names of oddities"
    )
    # All shares trade in dollars; beside real bars there are no exchange rates.
    base_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field(
        "USD", description="the account's base currency"
    )


class CalendarSettings(Section):
    """Single days of `exchange` that the calendar in use does not know yet."""

    closed: tuple[Day, ...] = Field(
        (), description="sessions that do not take place, such as a day of mourning"
    )
    early_closes: dict[date, time] = Field(
        {},
        description="sessions that end early and when, in the exchange's own time: "
        '``{"2026-11-27" = "13:00"}``',
    )

    @field_validator("early_closes")
    @classmethod
    def _in_local_time(cls, value: dict[date, time]) -> dict[date, time]:
        odd = [f"{at}" for at in value.values() if at.tzinfo is not None]
        if odd:
            raise ValueError(f"is in the exchange's own time, without a zone; not {odd[0]}")
        return value


class VendorSettings(Section):
    """Sources that are not IBKR. In sim mode the addresses are the simulator's own."""

    fundamentals_url: Address | None = Field(
        None, description="Financial Modeling Prep's stable API; none: fundamentals are unknown"
    )
    fundamentals_key: Secret | None = Field(None, description="its key")
    news_urls: tuple[Address, ...] = Field((), description="RSS or Atom feeds")
    slack_webhook: Secret | None = Field(None, description="where messages to people go")
    timeout: Seconds = Field(10.0, description="seconds without a byte before a try is given up")
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(3, description="tries of one call")


class UniverseSettings(Section):
    """Which symbols a day looks at."""

    watchlist: tuple[Instrument, ...] = Field(
        (),
        description="symbols, ``VOD@LSE:GBP``, ISINs or conIds; empty: the index members that the "
        "fundamentals vendor names",
    )
    watchlist_file: Path | None = Field(
        None,
        description="file of more of them: one a line, a table with a header, or as TWS exports",
    )
    include_holdings: bool = Field(default=True, description="add what the account holds")
    include_movers: bool = Field(default=True, description="add the day's largest movers")
    movers: Annotated[int, Field(ge=0, le=50)] = Field(10, description="rows kept of each scan")
    history: Annotated[str, AfterValidator(history_text)] = Field(
        "2 Y", description="how far back bars go, as an IBKR duration"
    )
    min_bars: Annotated[int, Field(ge=60, le=2000)] = Field(
        60, description="sessions a name must have traded to be scored"
    )


class SignalSettings(Section):
    """How blocks of features become one alpha score."""

    technical_weight: Fraction = Field(0.5, description="weight of the technical block")
    fundamental_weight: Fraction = Field(0.3, description="weight of the fundamental block")
    sentiment_weight: Fraction = Field(0.2, description="weight of the sentiment block")
    information_coefficient: FiniteFloat = setting(INFORMATION_COEFFICIENT)
    sentiment_model: Literal["vader", "finbert"] = Field(
        "vader", description="what reads headlines; finbert is an extra to install"
    )


class QualitySettings(Section):
    """When bars and quotes are not believed."""

    # In 2025-26 every move of 570 US stocks beyond it came with 1.6 times the usual volume or more.
    max_jump: Annotated[FiniteFloat, Field(gt=0.0, le=10.0)] = Field(
        0.25, description="a move from which on a bar or quote needs proof by volume or quote"
    )
    # Dividends of the day are less.
    close_tolerance: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)] = Field(
        0.05, description="distance of the broker's previous close from the newest bar"
    )
    max_quarantined: Fraction = Field(
        0.10, description="share of the universe; beyond it the day is a recommendation only"
    )
    previous_close: bool = Field(
        default=True,
        description="a name without any quote is priced at its newest close; false: left out",
    )
    suspect_price: Literal["recommendation", "quarantine"] = Field(
        "recommendation",
        description="what a contradicted newest price costs: all orders of the day, or only those "
        "of that name",
    )


class OrderSettings(Section):
    """How targets become orders."""

    even_lots: bool = Field(default=True, description="US round lots by price; false: whole shares")
    no_trade_band: Fraction = Field(
        0.002, description="a weight this near its target is not traded"
    )
    min_trade_value: NotNegative = Field(
        200.0, description="smallest trade, in the base currency; exits are never too small"
    )
    limit_offset: Fraction = Field(
        0.01, description="limit price beyond the reference price, fraction of it"
    )
    time_in_force: Literal["DAY"] = Field("DAY", description="how long an order stays open")
    size_down: Fraction = Field(
        0.20, description="taken off an order each time its what-if exceeds the margin"
    )
    size_down_floor: Fraction = Field(
        0.40, description="of its first quantity: an order that needs less is removed"
    )
    acknowledge_timeout: Seconds = Field(
        15.0, description="seconds to wait for the broker to acknowledge orders"
    )


class AgentSettings(Section):
    """What machines may do through the tool catalogue, and how they are let in."""

    allow: Effect = Field(Effect.READ, description="what tools may change; includes all before it")
    token: Secret | None = Field(
        None, description="bearer token; MCP over HTTP and REST do not start without one"
    )
    calls_per_minute: Annotated[int, Field(ge=1, le=6000)] = Field(
        120, description="most tool calls of one caller a minute"
    )
    # Client ids of its own: a tool call must never keep the day from connecting.
    client_id: ClientId = Field(21, description="client id of tools that read")
    order_client_id: ClientId = Field(22, description="client id of tools that trade")
