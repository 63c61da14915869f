"""What the gate has to know of the account: the kill switch, its past values, today's orders."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from core.settings import Settings
from core.storage.paths import Paths
from desk import kill_switch
from desk.records import session_limits
from desk.records.store import DeskStore
from risk.account import AccountState, History, Valuation

# Records with the net asset value: taken with each decision, and after each close.
KINDS = ("positions", "positions_at_close")


class PastOf(Protocol):
    """Tells what an account was worth before a session."""

    def __call__(self, settings: Settings, *, account: str, session: date) -> History:
        """Return the account's valuations of earlier sessions."""


def recorded(settings: Settings, *, account: str, session: date) -> History:
    """Return what the snapshots on disk say of an account before a session.

    Nothing of the session itself or later is looked at, nor anything before
    ``limits.account_since``. A record that cannot be read makes the whole history unreadable: the
    highest value may have been in it.
    """
    found: list[Valuation] = []
    for path in _records(Paths.of(settings).data):
        try:
            day = date.fromisoformat(path.name[:10])
            since = settings.limits.account_since
            if day >= session or (since is not None and day < since):
                continue
            record = json.loads(path.read_bytes())
            if record["account"] == account:
                as_of = datetime.fromisoformat(record["as_of"])
                found.append(Valuation(day, as_of, float(record["net_asset_value"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            return History(unreadable=f"{path.parent.name}/{path.name} cannot be read: {error!r}")
    return History(tuple(sorted(found)))


def account_state(
    store: DeskStore,
    settings: Settings,
    *,
    account: str,
    session: date,
    batch: Collection[str] = (),
    past: PastOf = recorded,
) -> AccountState:
    """Return how the account stands before a batch; ``batch`` are the order_refs in it."""
    with store.transaction() as connection:
        before = session_limits.used(connection, account, session, besides=batch)
    return AccountState(
        kill_switch=kill_switch.state(store).value,
        history=past(settings, account=account, session=session),
        orders_before=before.orders,
    )


def _records(data: Path) -> Iterator[Path]:
    for kind in KINDS:
        yield from sorted((data / kind).glob("*.json"))
