"""Before the first stage: which session, which account, and may this run begin at all."""

from __future__ import annotations

from datetime import date, datetime

from core import clock
from core.calendar import BUCHAREST, Session, session
from core.canonical import canonical_json, sha256_of
from core.errors import ConfigurationError
from core.settings import Settings
from core.storage.provenance import code_hash
from desk.clocks import read
from desk.gate.account_state import PastOf, recorded
from ibkr.gateway import OpenGateway
from ibkr.socket_gateway import open_socket
from optimiser.overlay.rules_file import read_rules
from tasks.day import Day, Progress


def begin_day(
    settings: Settings,
    day: date | None,
    *,
    progress: Progress,
    open_gateway: OpenGateway = open_socket,
    past: PastOf = recorded,
    world: str = "",
    data_id: str = "",
) -> Day:
    """Ask the gateway for its account and time, and name the run.

    ``day`` None means the gateway's own; ``past`` tells what the account was worth before;
    ``world`` and ``data_id`` are of `flows.run.environment.Environment`. Raises
    `NoData` when the day is no session, `ConfigurationError` when the gateway lives in another
    one, `GatewayError` when it does not answer.
    """
    with open_gateway(settings) as gateway:
        account, clocks = gateway.account, read(gateway, settings)
    as_of = clocks.gateway
    read_rules()  # a slip in the reviewed file must not cost the hour before the order cut-off
    found = session(day or bucharest_day(as_of), exchange=settings.sessions)
    refuse_another_day(found, as_of)
    return Day(
        settings=settings,
        session=found,
        account=account,
        run_key=run_key(settings, found, account),
        as_of=as_of,
        started_at=clock.now(),
        world=world,
        data_id=data_id,
        progress=progress,
        open_gateway=open_gateway,
        past=past,
        clocks=clocks,
    )


def bucharest_day(moment: datetime) -> date:
    """Return the day this moment is in, where the pipeline's clock hangs."""
    return moment.astimezone(BUCHAREST).date()


def refuse_another_day(found: Session, as_of: datetime) -> None:
    """Raise `ConfigurationError` unless the gateway's clock is in this session's day."""
    today = bucharest_day(as_of)
    if today != found.day:
        raise ConfigurationError(
            f"session {found.day} was asked, but the gateway's clock says {today}: only its own "
            "day can be traded; a past day runs in the embedded simulator (mode sim, no port)"
        )


def run_key(settings: Settings, found: Session, account: str) -> str:
    """Name the run: same session, account, settings and code, same key."""
    decides = [account, settings.decision_hash, code_hash()]
    return f"{found.day.isoformat()}-{settings.mode}-{sha256_of(canonical_json(decides))[:12]}"
