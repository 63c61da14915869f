"""What a run talks to: the embedded simulator, or the gateway and vendors of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import SecretStr

from core.settings import Mode, Settings
from core.storage.paths import Paths
from simulator import process

DEFAULT_PORTS = {Mode.PAPER: 4002, Mode.LIVE: 4001}
SIMULATED_KEY = SecretStr("simulated")


@dataclass(frozen=True, slots=True)
class Environment:
    """Settings whose addresses are all filled in, and who moves the clock.

    ``advance_to`` moves the simulator's clock; it is None where time passes by itself.
    ``data_id`` names the content of the files that an embedded simulator serves; empty elsewhere.
    """

    settings: Settings
    title: str
    advance_to: Callable[[datetime], object] | None = None
    data_id: str = ""


@contextmanager
def open_environment(settings: Settings, day: date | None) -> Iterator[Environment]:
    """Open the environment of these settings for one session; an embedded simulator ends with it.

    ``day`` None lets the simulator begin at the newest session it has.
    """
    if settings.mode is not Mode.SIM:
        port = settings.gateway.port or DEFAULT_PORTS[settings.mode]
        yield Environment(with_port(settings, port), title=f"{settings.mode} gateway, port {port}")
    elif settings.gateway.port is not None:
        yield Environment(settings, title=f"simulator on port {settings.gateway.port}")
    else:
        state = Paths.of(settings).world
        with process.start(settings.simulator, day=day, state=state) as simulator:
            yield Environment(
                with_vendors(with_port(settings, simulator.tws_port), simulator.http_url),
                title=simulator.title,
                advance_to=simulator.advance_to,
                data_id=simulator.data_id,
            )


def with_port(settings: Settings, port: int) -> Settings:
    """Return the settings with the gateway's port filled in."""
    gateway = settings.gateway.model_copy(update={"port": port})
    return settings.model_copy(update={"gateway": gateway})


def with_vendors(settings: Settings, http_url: str) -> Settings:
    """Return the settings with every vendor that is not set pointing at the simulator's own."""
    given = settings.vendors
    vendors = given.model_copy(
        update={
            "fundamentals_url": given.fundamentals_url or f"{http_url}/stable",
            "fundamentals_key": given.fundamentals_key or SIMULATED_KEY,
            "news_urls": given.news_urls
            or (f"{http_url}/rss/markets.xml", f"{http_url}/rss/companies.xml"),
            "slack_webhook": given.slack_webhook or SecretStr(f"{http_url}/slack/daybook"),
        }
    )
    return settings.model_copy(update={"vendors": vendors})
