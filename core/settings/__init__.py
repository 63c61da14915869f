"""Settings of one run: command line > environment > daybook.toml > default.

The defaults trade nothing: the local simulator, and orders only proposed. Every setting can be
given as ``DAYBOOK_SECTION__NAME``; an unknown name is an error, never ignored.
"""

from core.settings.fields import Effect, Section, Submit
from core.settings.limits import LimitSettings, OptimiserSettings
from core.settings.loading import fallback_settings, load_settings, setting_names, with_bars
from core.settings.model import Settings
from core.settings.sections import (
    AgentSettings,
    GatewaySettings,
    OrderSettings,
    QualitySettings,
    SignalSettings,
    SimulatorSettings,
    UniverseSettings,
    VendorSettings,
)
from core.types import Mode

__all__ = [
    "AgentSettings",
    "Effect",
    "GatewaySettings",
    "LimitSettings",
    "Mode",
    "OptimiserSettings",
    "OrderSettings",
    "QualitySettings",
    "Section",
    "Settings",
    "SignalSettings",
    "SimulatorSettings",
    "Submit",
    "UniverseSettings",
    "VendorSettings",
    "fallback_settings",
    "load_settings",
    "setting_names",
    "with_bars",
]
