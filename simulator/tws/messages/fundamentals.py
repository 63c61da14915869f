"""Company reports and calendars on the wire."""

from __future__ import annotations

from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import message


def fundamental_data(request_id: int, xml: str) -> bytes:
    """State a report about a company."""
    return message(Answer.FUNDAMENTAL_DATA, 1, request_id, xml)


def calendar_meta(request_id: int, json: str) -> bytes:
    """State which events and filters the calendar of Wall Street Horizon knows."""
    return message(Answer.WSH_META, request_id, json)


def calendar_events(request_id: int, json: str) -> bytes:
    """State the events of a calendar."""
    return message(Answer.WSH_EVENTS, request_id, json)


def user_info(request_id: int, branding: str) -> bytes:
    """State whose brand the login carries, empty for IBKR's own."""
    return message(Answer.USER_INFO, request_id, branding)
