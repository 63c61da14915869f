"""What people are told when something failed: what, what it means for orders, what to type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from core.errors import DaybookError
from core.settings import Mode, Settings
from core.storage.paths import Paths
from core.text.counts import count
from core.text.untrusted import one_line
from desk.records.store import DeskStore
from desk.tickets.ticket_store import OPEN
from review.execution import message, tally
from review.orders import desk_view
from review.slack import MAX_SECTION, Message
from review.text import BADGES, masked

_MAX_REASON = 900  # characters of an error's text
_ACCOUNT = re.compile(r"\b[A-Z]{1,2}\d{5,9}\b")  # as IBKR names them: U1234567, DU1234567
_OPEN = {state.value for state in OPEN}


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to people. ``cause`` names what it is about: the same cause is told once."""

    cause: str
    session: date
    mode: Mode
    title: str  # "run failed"
    what: str
    effect: str  # on orders
    go_on: str  # the command
    stop: str  # the command

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"session": self.session.isoformat(), "mode": self.mode.value}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """Return the alert that `plain` wrote."""
        session, mode = date.fromisoformat(plain["session"]), Mode(plain["mode"])
        return cls(**{**plain, "session": session, "mode": mode})


def alert_message(alert: Alert) -> Message:
    """Return the alert for Slack: the first line alone says what happened, to which day."""
    header = f"⚠ daybook {alert.session} · {BADGES[alert.mode]} · {alert.title}"
    lines = (alert.what, f"Orders: {alert.effect}", f"To continue: {alert.go_on}",
             f"To stop all trading: {alert.stop}")  # fmt: skip
    return message(header, "\n".join(lines)[:MAX_SECTION], f"sent once · cause {alert.cause}")


def alert_lines(alert: Alert) -> list[str]:
    """Return the alert as plain lines."""
    return [f"{alert.title}: {alert.what}", f"  orders: {alert.effect}",
            f"  to continue: {alert.go_on}", f"  to stop all trading: {alert.stop}"]  # fmt: skip


def reason_of(error: BaseException) -> str:
    """Return an error's text for a message: one line, accounts masked as everywhere in Slack."""
    told = one_line(str(error) or type(error).__name__, _MAX_REASON)
    return _ACCOUNT.sub(lambda found: masked(found[0]), told)


def with_mode(command: str, settings: Settings) -> str:
    """Return a command as it has to be typed for these settings' mode."""
    if settings.mode is Mode.SIM or "--mode" in command:
        return command
    return f"{command} --mode {settings.mode.value}"


def effect_on_orders(settings: Settings, session: date) -> str:
    """Say what has become of a session's orders, as the desk last knew it.

    Never raises: it is part of a message about something that failed already.
    """
    paths = Paths.of(settings)
    if not paths.home.is_dir():
        return f"NOT KNOWN, there is no home folder {paths.home}"
    if not (paths.data / "desk").is_dir():
        return f"no order of session {session} was sent"
    try:
        with DeskStore.of(paths) as store:
            view = desk_view(store, session)
    except DaybookError as error:
        return f"NOT KNOWN, the desk cannot be read: {reason_of(error)}"
    return "; ".join(_effects(view, session))


def _effects(view: Mapping[str, Any], session: date) -> list[str]:
    tickets = view["tickets"]
    committed = [o for t in tickets if t["state"] == "committed" for o in t["orders"]]
    committed += view["other_orders"]
    if committed:
        orders = count(len(committed), "order")
        stand = tally(o["status"] for o in committed)
        told = [f"{orders} committed to: {stand}; going on sends none of them twice"]
    else:
        told = [f"no order of session {session} was sent"]
    for ticket in tickets:
        if ticket["state"] in _OPEN:
            orders = count(len(ticket["orders"]), "order")
            told.append(f"ticket {ticket['sha256'][:12]} ({orders}) is {ticket['state']}")
    return told
