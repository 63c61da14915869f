"""The settings of one run, and what must hold between them."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.calendar import Calendar
from core.canonical import canonical_json, sha256_of
from core.path_checks import folder_trouble
from core.settings.fields import Exchange, Submit
from core.settings.limits import LimitSettings, OptimiserSettings
from core.settings.sections import (
    AgentSettings,
    CalendarSettings,
    GatewaySettings,
    OrderSettings,
    QualitySettings,
    SignalSettings,
    SimulatorSettings,
    UniverseSettings,
    VendorSettings,
)
from core.types import Mode

PREFIX = "DAYBOOK_"
SETTINGS_FILE = "daybook.toml"
DEFAULT_EXCHANGE = "XNYS"


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

    mode: Mode = Field(Mode.SIM, description="trading mode: simulator, paper or live account")
    submit: Submit = Field(
        Submit.PROPOSE,
        description="orders that pass every check: ``propose`` asks for approval, ``auto`` sends",
    )
    live_confirmed: bool = Field(
        default=False, description="has to be ``true`` as well before live mode does anything"
    )
    home: Path = Field(Path(), description="folder of ``data/`` and ``reports/``")
    exchange: Exchange = Field(
        DEFAULT_EXCHANGE, description="MIC of the exchange whose sessions are followed"
    )
    calendar: CalendarSettings = CalendarSettings()
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
    def _single_days_are_sessions(self) -> Self:
        if problems := self.sessions.problems():
            raise ValueError("; ".join(f"calendar.{problem}" for problem in problems))
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
    def sessions(self) -> Calendar:
        """The calendar that is followed: that of the exchange, and what is known beyond it."""
        early = tuple(sorted(self.calendar.early_closes.items()))
        return Calendar(self.exchange, frozenset(self.calendar.closed), early)

    @property
    def decision_hash(self) -> str:
        """Short hash of everything that may change a decision: no addresses, times or secrets."""
        decides = {
            "universe", "quality", "signals", "optimiser", "limits", "orders", "exchange",
            "calendar", "mode",
        }  # fmt: skip
        return sha256_of(canonical_json(self.model_dump(mode="json", include=decides)))[:12]
