"""Settings of one run: command line > environment > daybook.toml > default.

The defaults trade nothing: the local simulator, and orders only proposed. Every setting can be
given as ``DAYBOOK_SECTION__NAME``; an unknown name is an error, never ignored.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_origin
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    FiniteFloat,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from core.calendar import exchange_names
from core.canonical import canonical_json, sha256_of
from core.errors import ConfigurationError
from core.files import folder_trouble
from core.settings.errors import (
    explain,
    read_toml,
    unknown_in_environment,
    unreadable_in_environment,
)
from core.settings.secrets import secrets_of
from core.text.masking import PROCESS, SHORTEST
from core.types import Mode as Mode

PREFIX = "DAYBOOK_"
SETTINGS_FILE = "daybook.toml"

Fraction = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0.0)]
Positive = Annotated[FiniteFloat, Field(gt=0.0)]
Seconds = Annotated[FiniteFloat, Field(gt=0.0, le=3600.0)]
Port = Annotated[int, Field(ge=1, le=65535)]
_DEFAULT_EXCHANGE = "XNYS"
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+'-]{0,31}")
_HISTORY = re.compile(r"[1-9]\d{0,3} [DWMY]")


def _symbol(text: str) -> str:
    if text != text.strip() or not _SYMBOL.fullmatch(text):
        raise ValueError('is no symbol; write it as IBKR does, such as "AAPL" or "BRK B"')
    return text


def _history(text: str) -> str:
    if not _HISTORY.fullmatch(text):
        raise ValueError('must be a number and D, W, M or Y for its unit, such as "2 Y"')
    return text


Symbol = Annotated[str, AfterValidator(_symbol)]


def _has_a_calendar(exchange: str) -> str:
    known = exchange_names()
    if exchange not in known:
        near = difflib.get_close_matches(exchange.upper(), known, n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]}?" if near else ", a MIC code such as XNYS, XLON or XBSE"
        raise PydanticCustomError(
            "unknown_exchange", "{problem}", {"problem": f"not an exchange with a calendar{hint}"}
        )
    return exchange


Exchange = Annotated[str, AfterValidator(_has_a_calendar)]


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST:
        raise ValueError(
            f"has {len(secret)} characters; a secret has at least {SHORTEST}, since a shorter one "
            "cannot be masked without tearing up other text"
        )
    return secret


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    try:
        parts.port  # noqa: B018 - reading it checks it: a / in a password ends up here
    except ValueError:
        raise ValueError("cannot be read as https://host/path") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be an address, such as https://host/path")
    if "@" in parts.netloc:
        raise ValueError(
            "holds a user or password, which every log would show; take it out of the address"
        )
    return address


Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
Address = Annotated[str, AfterValidator(_without_password)]


class Submit(StrEnum):
    """What happens to the orders that survive: proposed for review, or sent."""

    PROPOSE = "propose"
    AUTO = "auto"


class Effect(StrEnum):
    """What a tool may change, from least to most; what is allowed includes everything before it."""

    READ = "read"
    PREVIEW = "preview"  # rehearses, proposes: nothing at the broker changes
    TRADE = "trade"  # orders are sent or cancelled, or trading is stopped
    APPROVE = "approve"  # what a person answers for

    @property
    def includes(self) -> frozenset[Effect]:
        """What is allowed where this is: itself and everything less."""
        ordered = list(Effect)
        return frozenset(ordered[: ordered.index(self) + 1])


class Section(BaseModel, frozen=True, extra="forbid"):
    """A group of settings; unknown names are refused."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        # Python counts true as 1: max_single = true would allow the whole account in one name.
        name = info.field_name or ""
        if isinstance(value, bool) and cls.model_fields[name].annotation is not bool:
            raise ValueError("must be a number or a text, not true or false")
        return value


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
    history: Annotated[str, AfterValidator(_history)] = "2 Y"  # IBKR duration string
    min_bars: Annotated[int, Field(ge=60, le=2000)] = 60


class SignalSettings(Section):
    """How blocks of features become one alpha score."""

    technical_weight: Fraction = 0.5
    fundamental_weight: Fraction = 0.3
    sentiment_weight: Fraction = 0.2
    information_coefficient: Annotated[FiniteFloat, Field(gt=0.0, le=0.5)] = 0.03
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


class OptimiserSettings(Section):
    """The objective: alpha'w - risk_aversion*variance - cvar_aversion*CVaR - cost*|trade|."""

    risk_aversion: Annotated[FiniteFloat, Field(ge=0.0, le=1e4)] = 2.0
    cvar_aversion: Annotated[FiniteFloat, Field(ge=0.0, le=1e2)] = 0.02
    cvar_level: Annotated[FiniteFloat, Field(gt=0.5, lt=1.0)] = 0.95
    cost: Annotated[FiniteFloat, Field(ge=0.0, le=0.1)] = 1e-4
    impact: Annotated[FiniteFloat, Field(ge=0.0, le=1.0)] = 0.0  # on |trade|^1.5
    engine: Literal["auto", "fast", "conic", "cvxpy"] = "auto"
    scenarios: Annotated[int, Field(ge=60, le=2000)] = 252
    long_only: bool = False


class LimitSettings(Section):
    """Portfolio and order limits, as fractions of net asset value unless stated."""

    max_gross: Annotated[FiniteFloat, Field(gt=0.0, le=4.0)] = 1.2
    max_net: Annotated[FiniteFloat, Field(gt=0.0, le=4.0)] = 1.0  # long minus short, either way
    max_single: Fraction = 0.12
    max_sector: Annotated[FiniteFloat, Field(gt=0.0, le=4.0)] = 0.60  # gross weight of one sector
    # Gross weight of names whose sector nobody knows. As much as max_gross: a watch list has no
    # sectors at all. Tighten it where the vendor names them.
    max_unknown_sector: Annotated[FiniteFloat, Field(ge=0.0, le=4.0)] = 1.2
    cash_buffer: Fraction = 0.05
    max_gross_change: Annotated[FiniteFloat, Field(gt=0.0, le=8.0)] = 1.2
    max_turnover: Annotated[FiniteFloat, Field(gt=0.0, le=8.0)] = 2.4  # both ways: 2 * max_gross
    max_var: Fraction = 0.03  # one day, 95 %, historical and parametric
    max_cvar: Fraction = 0.05  # one day, mean of the worst 5 %, historical and parametric
    min_beta: Annotated[FiniteFloat, Field(ge=-5.0, le=5.0)] = -1.0  # of the whole portfolio
    max_beta: Annotated[FiniteFloat, Field(ge=-5.0, le=5.0)] = 1.5
    min_coverage: Fraction = 0.8  # share of the universe with the data a target rests on
    max_adv_share: Fraction = 0.10  # of the 20-session average daily volume
    max_order_value: Fraction = 0.25  # a position that changes sign trades twice max_single
    price_collar: Fraction = 0.10  # limit price against the reference price
    max_orders: Annotated[int, Field(ge=1, le=10_000)] = 250  # in one batch
    max_orders_per_session: Annotated[int, Field(ge=1, le=100_000)] = 500  # committed to, all ways
    max_submissions: Annotated[int, Field(ge=1, le=10_000)] = 100  # batches begun in a session
    restricted: tuple[Symbol, ...] = ()  # symbols or conIds that are never traded
    max_daily_loss: Fraction = 0.05  # since the decision before this session's
    max_drawdown: Fraction = 0.20  # from the highest net asset value on record
    max_consecutive_losses: Annotated[int, Field(ge=0, le=1000)] = 5  # losing days in a row
    # Records before this day are not counted: money that was withdrawn would pass for a loss.
    account_since: date | None = None
    max_trade_risk: Fraction = 0.02  # what an option strategy can lose at most
    min_option_price: Positive = 0.05  # per share: cheaper options have no price to speak of
    min_spread_width: Positive = 0.5  # between the strikes of a spread, per share
    sentiment_floor: Annotated[FiniteFloat, Field(le=0.0)] = -2.5


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


class Settings(BaseSettings):
    """Settings of one run."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        toml_file=SETTINGS_FILE,
        hide_input_in_errors=True,  # a traceback would show what was given, a secret maybe
    )

    mode: Mode = Mode.SIM
    submit: Submit = Submit.PROPOSE
    live_confirmed: bool = False  # the second switch that live mode needs
    home: Path = Path()
    exchange: Exchange = _DEFAULT_EXCHANGE
    gateway: GatewaySettings = GatewaySettings()
    simulator: SimulatorSettings = SimulatorSettings()
    vendors: VendorSettings = VendorSettings()
    universe: UniverseSettings = UniverseSettings()
    quality: QualitySettings = QualitySettings()
    signals: SignalSettings = SignalSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    limits: LimitSettings = LimitSettings()
    orders: OrderSettings = OrderSettings()
    agent: AgentSettings = AgentSettings()

    @field_validator("home", mode="before")
    @classmethod
    def _home_is_a_folder(cls, value: object) -> object:
        # A typing error must not begin an empty journal and an empty desk somewhere else.
        if value == "":
            raise ValueError("is empty; give a folder, such as /srv/daybook")
        trouble = folder_trouble(Path(value)) if isinstance(value, str | Path) else None
        if trouble:
            raise ValueError(f"is {trouble}; make the folder first, or correct the path")
        return value

    @model_validator(mode="after")
    def _beta_has_a_band(self) -> Self:
        low, high = self.limits.min_beta, self.limits.max_beta
        if low > high:
            raise ValueError(
                f"limits.min_beta = {low:g} is above limits.max_beta = {high:g}: no portfolio fits"
            )
        return self

    @model_validator(mode="after")
    def _client_ids_differ(self) -> Self:
        ids = {
            "gateway.client_id": self.gateway.client_id,
            "gateway.order_client_id": self.gateway.order_client_id,
            "agent.client_id": self.agent.client_id,
            "agent.order_client_id": self.agent.order_client_id,
        }
        if len(set(ids.values())) < len(ids):
            told = ", ".join(f"{name} = {number}" for name, number in ids.items())
            raise ValueError(f"client ids must differ from each other: {told}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: command line, environment, file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def decision_hash(self) -> str:
        """Short hash of everything that may change a decision: no addresses, times or secrets."""
        decides = {
            "universe", "quality", "signals", "optimiser", "limits", "orders", "exchange", "mode",
        }  # fmt: skip
        return sha256_of(canonical_json(self.model_dump(mode="json", include=decides)))[:12]


def with_bars(bars: Path, **overrides: Any) -> Settings:
    """Read the settings of a run on a file of bars, as `load_settings` does.

    Raises `ConfigurationError` also where nothing would read the file.
    """
    settings = load_settings(**overrides, simulator={"bars": bars})
    if settings.mode is not Mode.SIM:
        raise ConfigurationError(
            f"bars = {bars.name} with mode = {settings.mode}: only the simulator reads a file of "
            "bars; leave the file out, or take mode = sim"
        )
    if settings.gateway.port is not None:
        raise ConfigurationError(
            f"bars = {bars.name} with gateway.port = {settings.gateway.port}: the simulator on "
            "that port was started with a market of its own; start it with --bars, or leave "
            "gateway.port out"
        )
    return settings


def load_settings(**overrides: Any) -> Settings:
    """Read the settings, the command line's ``overrides`` first.

    Raises `ConfigurationError` naming every wrong value, where it came from, and what it should
    be; unknown names are errors and the nearest known one is suggested.
    """
    unknown = list(unknown_in_environment(os.environ, _VARIABLES, prefix=PREFIX))
    if unknown:
        raise ConfigurationError("; ".join(unknown))
    read_toml(Path(SETTINGS_FILE), secrets=_SECRETS)  # says more than pydantic-settings would
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigurationError(explain(error, setting_names(), _SECRETS, _variable_of)) from error
    except SettingsError as error:  # a variable that should hold JSON
        told = unreadable_in_environment(os.environ, _STRUCTURED, _WITH_SECRETS)
        raise ConfigurationError(told or str(error)) from error
    if settings.mode is Mode.LIVE and not settings.live_confirmed:
        raise ConfigurationError(
            "mode = live needs a second switch: set live_confirmed = true as well"
        )
    PROCESS.learn(secrets_of(settings))
    return settings


def fallback_settings() -> Settings:
    """Return where failures are told when the settings themselves cannot be used.

    Home, mode, exchange and webhook are taken from the environment or the file as far as each can
    be read on its own; everything else is the default. For messages only: nothing may be decided
    with it.
    """
    given = {name.upper(): value for name, value in os.environ.items()}
    try:
        file = tomllib.loads(Path(SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        file = {}
    vendors = file.get("vendors")
    in_file = vendors.get("slack_webhook") if isinstance(vendors, dict) else None
    webhook = given.get(f"{PREFIX}VENDORS__SLACK_WEBHOOK", in_file)
    mode = given.get(f"{PREFIX}MODE", file.get("mode"))
    home = given.get(f"{PREFIX}HOME", file.get("home"))
    exchange = given.get(f"{PREFIX}EXCHANGE", file.get("exchange"))
    settings = Settings.model_construct(
        exchange=exchange if exchange in exchange_names() else _DEFAULT_EXCHANGE,
        mode=Mode(mode) if mode in list(Mode) else Mode.SIM,
        home=Path(home) if isinstance(home, str) else Path(),
        # Unchecked as well: a webhook too short for a secret may be what is wrong.
        vendors=VendorSettings.model_construct(
            slack_webhook=SecretStr(webhook) if isinstance(webhook, str) else None
        ),
    )
    PROCESS.learn(secrets_of(settings))
    return settings


def setting_names() -> list[str]:
    """Return every setting's dotted name, for example ``limits.max_single``."""
    return list(_dotted(Settings.model_fields))


def _dotted(fields: Mapping[str, Any], prefix: str = "", *, secret: bool = False) -> Iterator[str]:
    for name, info in fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _dotted(kind.model_fields, f"{prefix}{name}.", secret=secret)
        elif not secret or kind in {Secret | None, Address | None, tuple[Address, ...]}:
            yield f"{prefix}{name}"


def _variable_of(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__")


def _structured() -> Iterator[tuple[str, bool]]:
    for name, info in Settings.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield _variable_of(name), False
            for inner, field in kind.model_fields.items():
                if get_origin(field.annotation) is tuple:
                    yield _variable_of(f"{name}.{inner}"), True


# What an error message must not repeat: keys, and addresses, where some write a password.
_SECRETS = frozenset(_dotted(Settings.model_fields, secret=True))
_WITH_SECRETS = frozenset(
    _variable_of(part) for name in _SECRETS for part in (name, name.partition(".")[0])
)
_VARIABLES = frozenset(map(_variable_of, [*setting_names(), *Settings.model_fields]))
_STRUCTURED = dict(_structured())  # variables that hold JSON: whether a list, else a section
