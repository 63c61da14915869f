"""Messages to people. One that cannot be sent is noted; what it tells of stands."""

from __future__ import annotations

from core.errors import VendorError
from core.runs import StageRecord
from review.slack import Message, post
from tasks.day import Day
from tasks.stage import stage


@stage("message")
def send_message(day: Day, message: Message) -> StageRecord:
    """Send a message to Slack, where a webhook is set."""
    return delivered(day, message)


def delivered(day: Day, message: Message) -> StageRecord:
    """Send a message and return the record of a stage called ``notify``."""
    webhook = day.settings.vendors.slack_webhook
    if webhook is None:
        return StageRecord(stage="notify", artefacts={}, notes="no vendors.slack_webhook is set")
    try:
        post(webhook, message, timeout=day.settings.vendors.timeout)
    except VendorError as error:
        return StageRecord(stage="notify", artefacts={}, notes=f"NOT SENT: {error}")
    return StageRecord(stage="notify", artefacts={}, notes="sent to Slack")
