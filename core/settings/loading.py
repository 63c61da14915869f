"""Read the settings from the command line, the environment and the file, or say what is wrong."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from core.calendar import exchange_names
from core.errors import ConfigurationError
from core.settings.errors import (
    explain,
    read_toml,
    unknown_in_environment,
    unreadable_in_environment,
)
from core.settings.fields import Address, Secret, Section
from core.settings.model import DEFAULT_EXCHANGE, PREFIX, SETTINGS_FILE, Settings
from core.settings.secret_values import secrets_of
from core.settings.sections import VendorSettings
from core.text.masking import PROCESS
from core.types import Mode


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
        exchange=exchange if exchange in exchange_names() else DEFAULT_EXCHANGE,
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
                if get_origin(field.annotation) in {tuple, dict}:
                    is_list = get_origin(field.annotation) is tuple
                    yield _variable_of(f"{name}.{inner}"), is_list


# What an error message must not repeat: keys, and addresses, where some write a password.
_SECRETS = frozenset(_dotted(Settings.model_fields, secret=True))
_WITH_SECRETS = frozenset(
    _variable_of(part) for name in _SECRETS for part in (name, name.partition(".")[0])
)
_VARIABLES = frozenset(map(_variable_of, [*setting_names(), *Settings.model_fields]))
_STRUCTURED = dict(_structured())  # variables that hold JSON: whether a list, else a section
