"""Stage 9: the message about a decided day."""

from __future__ import annotations

from core.storage.runs import Records
from review.slack import ticket_message
from tasks.day import Day
from tasks.record.day_page import day_page
from tasks.record.journal import journal
from tasks.record.notify import NotifyResult, delivered, notify
from tasks.stage import Output
from tasks.trade.standing import standing


@notify.otherwise
def notify_of_day(day: Day, made: Records) -> Output[NotifyResult]:
    """Send the review message. A message that cannot be sent is noted, the day stands."""
    sealed = made[journal]
    message = ticket_message(
        day_page(day, made), report=sealed.artefacts["page"].path, head=sealed.result.head
    )
    return delivered(day, message, about=made[standing].result.content)
