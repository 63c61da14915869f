"""Stage 9: a message to people. One that cannot be sent is noted; what it tells of stands."""

from __future__ import annotations

from dataclasses import dataclass

from core import clock
from core.calendar import local_moment
from core.errors import VendorError
from desk.records.audit import DESK, Act, note, session_name
from desk.records.audit import about as trail
from desk.records.store import DeskStore
from review.slack import Message, post
from tasks.day import Day
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class NotifyResult(StageResult):
    """Nothing rests on a message: whether it was sent is in the notes."""


@stage(9, NotifyResult)
def notify(day: Day, message: Message, about: str) -> Output[NotifyResult]:
    """Send a message to Slack, where a webhook is set; see `delivered`."""
    return delivered(day, message, about=about)


def delivered(day: Day, message: Message, *, about: str) -> Output[NotifyResult]:
    """Send a message, unless it was the last of its kind that people were told of the session.

    ``about`` names what it tells, by its kind and its content. What was the last of its kind to
    be told of the session is not told again, whatever of another kind was told in between.
    """
    webhook = day.settings.vendors.slack_webhook
    if webhook is None:
        return _noted("no vendors.slack_webhook is set")
    with DeskStore.of(day.paths) as store:
        last = _last_of_kind(store, day, _kind(about))
        if last is not None and last.detail["about"] == about:
            return _noted(f"unchanged since {local_moment(last.at)}: no message again")
        try:
            post(webhook, message, timeout=day.settings.vendors.timeout)
        except VendorError as error:
            return _noted(f"NOT SENT: {error}; the report has its content")
        with store.transaction() as connection:
            note(connection, Act(clock.now(), DESK, "told", subject(day), {"about": about}))
    return _noted("sent to Slack")


def subject(day: Day) -> str:
    """Return the name of the session in the desk's audit trail."""
    return session_name(day.account, day.session.day)


def _kind(about: str) -> str:
    """Return "execution" or "close", which a blank ends; the day's own message has none."""
    return about.partition(" ")[0] if " " in about else ""


def _last_of_kind(store: DeskStore, day: Day, kind: str) -> Act | None:
    told = (act for act in reversed(trail(store, subject(day))) if act.action == "told")
    return next((act for act in told if _kind(act.detail["about"]) == kind), None)


def _noted(notes: str) -> Output[NotifyResult]:
    return Output(result=NotifyResult(), notes=notes)
