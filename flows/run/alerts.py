"""Failures speak: a command that fails or ends too late tells people, once for each cause.

Whatever happens here hides nothing: the failure passes on as it was, and a message that cannot be
sent is a line in the log. It is tried again by whatever looks next (`flows.run.watchdog`).
"""

from __future__ import annotations

import json
import logging
import re
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core import clock
from core.calendar import is_session, latest_session
from core.canonical import canonical_json, sha256_of
from core.errors import ConfigurationError, DaybookError, StageFailed, StorageError, VendorError
from core.settings import Mode, Settings, fallback_settings
from core.storage.artefacts import write_atomically
from core.storage.attempts import DONE, FAILED, STOPPED, Running, begun
from core.storage.locks import lock_file
from core.storage.paths import Paths
from desk.errors import DeskBusy, NotPermitted, TicketChanged
from flows.run.preflight import bucharest_day
from flows.terminal.usage_errors import TYPED
from review.alert import Alert, alert_message, effect_on_orders, reason_of, with_mode
from review.slack import post

STOP, REPLAY = "daybook stop", "replay"
_TOO_LONG = "Prefect ended it: the flow's time-out was exceeded"
_PATIENCE = 30.0  # seconds for another process that is sending a message

_log = logging.getLogger(__name__)


class TookTooLong(DaybookError):
    """A command was ended by a time-out over the whole of it."""


@dataclass(slots=True)
class Watched:
    """A command under way. ``late`` is set, in words, when it ended after the order cut-off."""

    session: date
    late: str = ""


@contextmanager
def watched(settings: Settings, command: str, session: date, *, go_on: str) -> Iterator[Watched]:
    """Write down that a command begins and how it ends; tell people when it fails or is late.

    ``go_on`` is the command that continues. What the block raises passes on unchanged. Of settings
    and options that are wrong (exit 2) nobody is told when the command was typed at a terminal.
    """
    with ExitStack() as stack:
        running = _begin(stack, Paths.of(settings), command, session)
        under_way = Watched(session)
        try:
            yield under_way
        except Exception as error:
            if _answers_a_person(error):
                _end(running, DONE)
            elif isinstance(error, ConfigurationError) and TYPED.get():
                _end(running, STOPPED)
            else:
                alert = failure(settings, command, session, error, go_on=go_on)
                _end(running, FAILED, alert)
                send_alert(settings, alert)
            raise
        except CancelledError:  # by Prefect, whose time-out is over
            alert = failure(settings, command, session, TookTooLong(_TOO_LONG), go_on=go_on)
            _end(running, FAILED, alert)
            send_alert(settings, alert)
            raise
        except BaseException:  # somebody stopped it; the watch tells if the day stays without a run
            _end(running, STOPPED)
            raise
        if not under_way.late:
            _end(running, DONE)
            _forget_failures(settings, command, session)
            return
        alert = _alert(settings, session, f"{command}:late", f"{command} ended late",
                       under_way.late, go_on)  # fmt: skip
        _end(running, DONE, alert)
        send_alert(settings, alert)


@contextmanager
def settings_failures(command: str) -> Iterator[None]:
    """Tell people when a command's settings cannot be used, where the channel can be made out.

    On a day without a session nobody waits for it, and nobody is told, but of the replay; nor is
    anybody when the command was typed at a terminal, which shows what is wrong.
    """
    try:
        yield
    except ConfigurationError as error:
        today, settings = bucharest_day(clock.now()), fallback_settings()
        waited_for = command == REPLAY or is_session(today, exchange=settings.sessions)
        if waited_for and not TYPED.get():
            what = reason_of(error)
            cause = f"{command}:failed:settings:{_words(what)}"
            go_on = f"daybook {command}"
            if command != REPLAY:  # which has no mode
                go_on = with_mode(go_on, settings)
            send_alert(settings, _alert(settings, today, cause, f"{command} could not start", what,
                                  go_on))  # fmt: skip
        raise


def failure(
    settings: Settings, command: str, session: date, error: BaseException, *, go_on: str
) -> Alert:
    """Return the alert about a command that failed.

    Its cause is the stage, the kind of error and the words of its reason.
    """
    root, where = error, ""
    if isinstance(error, StageFailed):
        root, where = error.__cause__ or error, error.stage
    what = f"stage {where!r}: " * bool(where) + reason_of(root)
    if not isinstance(root, DaybookError):
        what = f"this is a defect: {type(root).__name__}: {what}"
    cause = f"{command}:failed:{where}:{type(root).__name__}:{_words(what)}"
    return _alert(settings, session, cause, f"{command} failed", what, go_on)


def effect_of(settings: Settings, cause: str, session: date) -> str:
    """Say what a failure with this cause, which begins with its command, means for orders."""
    if cause.partition(":")[0] == REPLAY:
        return "none; a replay does not touch the live account"
    return effect_on_orders(settings, session)


def send_alert(settings: Settings, alert: Alert) -> str:
    """Send an alert, unless its cause was told for this session, and say how that went.

    Raises nothing that daybook raises: what failed to be sent is in the log and in what is said.
    """
    webhook = settings.vendors.slack_webhook
    if webhook is None:  # whoever wants no messages has set no channel: that is no trouble
        _log.info("no alert sent for %r: vendors.slack_webhook is not set", alert.title)
        return "NOT SENT: vendors.slack_webhook is not set"
    if not settings.home.is_dir():  # that may be what is wrong; to remember would make it
        return _sent_without_memory(settings, alert)
    memory = _memory(settings, alert.session)
    try:
        busy = StorageError(f"{memory.name} is in use")
        with lock_file(memory.with_suffix(".lock"), within=_PATIENCE, busy=busy):
            if alert.cause in _told(memory):
                return "sent before"
            post(webhook, alert_message(alert), timeout=settings.vendors.timeout)
            _remember(memory, {**_told(memory), alert.cause: clock.now().isoformat()})
    except VendorError as error:
        return _unsent(str(error), alert)
    except StorageError as error:
        _log.error("%s: the record of alerts sent cannot be written: %s", alert.title, error)
        return _sent_without_memory(settings, alert)
    return "sent to Slack"


def _sent_without_memory(settings: Settings, alert: Alert) -> str:
    # A disk that refuses may well be the failure: said twice is better than not at all.
    webhook = settings.vendors.slack_webhook
    assert webhook is not None
    try:
        post(webhook, alert_message(alert), timeout=settings.vendors.timeout)
    except VendorError as error:
        return _unsent(str(error), alert)
    return "sent to Slack; it may be sent again"


def _alert(
    settings: Settings, session: date, cause: str, title: str, what: str, go_on: str
) -> Alert:
    return Alert(
        cause=cause,
        session=session,
        mode=settings.mode,
        title=title,
        what=what,
        effect=effect_of(settings, cause, session),
        go_on=go_on,
        stop=with_mode(STOP, settings),
    )


def _words(reason: str) -> str:
    """Return a short hash of a reason's words; times, ports, counts and names with digits vary."""
    words = re.sub(r"\S*\d\S*", " ", reason).split()
    return sha256_of(" ".join(words).encode())[:8]


def _unsent(why: str, alert: Alert) -> str:
    _log.error("no alert sent for %r: %s", alert.title, why)
    return f"NOT SENT: {why}"


def _answers_a_person(error: Exception) -> bool:
    """Tell a refusal to whoever just asked from a failure; a changed ticket is one of those."""
    return isinstance(error, NotPermitted | DeskBusy) and not isinstance(error, TicketChanged)


def _begin(stack: ExitStack, paths: Paths, command: str, session: date) -> Running | None:
    try:
        return stack.enter_context(begun(paths, command, session))
    except StorageError as error:  # the command itself will say so, with its own words
        _log.error("the start of %s was not recorded: %s", command, error)
        return None


def _end(running: Running | None, end: str, alert: Alert | None = None) -> None:
    if running is None:
        return
    try:
        running.ended(end, alert.plain() if alert else None)
    except StorageError as error:
        _log.error("the end of %s was not recorded: %s", running.attempt.command, error)


def _memory(settings: Settings, session: date) -> Path:
    return Paths.of(settings).data / "alerts" / f"{session.isoformat()}.json"


def _told(memory: Path) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(memory.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StorageError(f"{memory} cannot be read: {error}; move it away") from error
    return told


def _remember(memory: Path, told: dict[str, str]) -> None:
    write_atomically(memory, canonical_json(told, indent=1))


def _forget_failures(settings: Settings, command: str, session: date) -> None:
    # What failed works again: should it fail once more, that is news.
    memory = _memory(settings, session)
    try:
        told = _told(memory)
        kept = {c: at for c, at in told.items() if not c.startswith(f"{command}:failed:")}
        if kept != told:
            _remember(memory, kept)
    except StorageError as error:
        _log.error("the record of alerts sent cannot be written: %s", error)


def expected_session(settings: Settings, asked: date | None) -> date:
    """Return the session a command is for, before any gateway was asked."""
    today = asked or bucharest_day(clock.now())
    if settings.mode is Mode.SIM and not is_session(today, exchange=settings.sessions):
        return latest_session(clock.now(), exchange=settings.sessions).day
    return today
