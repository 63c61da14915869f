"""The message about a day's orders in Slack, and how it is sent.

Limits of Slack's blocks: 150 characters in a header, one table of 100 rows a message. Text from
outside only ever stands in plain-text elements, where Slack interprets nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import httpx
from pydantic import SecretStr
from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    PlainTextObject,
    RawTextObject,
    SectionBlock,
    TableBlock,
)

from core.errors import VendorError
from core.http_exchange import Allowance, NoAnswer, UnusableAnswer, exchange
from core.settings import Mode
from core.text.counts import count
from core.text.masking import PROCESS, Masker
from core.text.untrusted import lines, one_line
from desk.tickets.ticket_store import SHORT
from review.day import DayPage, OrderLine
from review.text import (
    BADGES,
    checks_passed,
    explanation,
    figures,
    frozen_told,
    headline,
    masked,
    number,
    opening,
    provenance,
    remarks,
    volume,
    weight_change,
)

MAX_ROWS = 25
MAX_SECTION = 2900  # Slack refuses a section's text from 3001 characters on
_COLUMNS = ("Side", "Symbol", "Qty", "Limit", "Weight", "Alpha", "%ADV", "ΔMargin", "Flag")
_RIGHT = {"Qty", "Limit", "Weight", "Alpha", "%ADV", "ΔMargin"}

_REMEDY = "check vendors.slack_webhook"

_TRY_TIMEOUTS = 2  # the whole exchange may take this many times the time-out of one wait
_ANSWER_LIMIT = 100_000  # bytes; Slack answers "ok"


@dataclass(frozen=True, slots=True)
class Message:
    """A message for Slack: blocks, and the same in short for notifications."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def ticket_message(day: DayPage, *, report: str, head: str) -> Message:
    """Return the message about a day.

    ``report`` says where the page is: a path or an address. ``head`` is the journal's: kept in
    Slack, it shows later whether the journal as a whole was put back to an earlier state.
    """
    title = f"{'⚠ ' if day.mode is Mode.LIVE else ''}daybook {day.session} · {BADGES[day.mode]}"
    header = f"{title} · {headline(day)}"
    told = f"{figures(day)} · {volume(day)} · {opening(day)}"
    blocks: list[Block] = [
        HeaderBlock(text=PlainTextObject(text=header[:150])),
        SectionBlock(text=_plain(f"{told}\n{one_line(explanation(day), MAX_SECTION)}")),
    ]
    if day.orders:
        blocks.append(_table(day.orders))
    if len(day.orders) > MAX_ROWS:
        more = len(day.orders) - MAX_ROWS
        blocks.append(ContextBlock(elements=[_plain(f"{more} more in the report")]))
    if day.next_step:
        blocks.append(SectionBlock(text=_plain(day.next_step)))
    ticket = f" · ticket {day.ticket_sha256[:SHORT]}" if day.ticket_sha256 else ""
    places = f"report: {report}{ticket} · latest journal hash {head}"
    world = provenance(day)
    said = [_context(day), places, *([world] if world else [])]
    blocks.append(ContextBlock(elements=[_plain(text) for text in said]))
    return Message(text=f"{header}. {told}", blocks=tuple(block.to_dict() for block in blocks))


def post(webhook: SecretStr, message: Message, *, timeout: float) -> None:
    """Send a message to an incoming webhook, once; ``timeout`` is in seconds, for one wait.

    Not through slack_sdk's own client, which follows redirects, reads without bounds, and writes
    the address into its log. Raises `VendorError` with the reason. Neither the error nor any log
    names the webhook, whose address is a password.
    """
    # Once more for every word of it: plain_text is shown as it is, the short text as mrkdwn.
    content = {
        "text": escape(one_line(message.text, MAX_SECTION), quote=False),
        "blocks": message.blocks,
    }
    body = json.dumps(_safe(content)).encode()
    allowance = Allowance(wait=timeout, total=_TRY_TIMEOUTS * timeout, limit=_ANSWER_LIMIT)
    try:
        reply = exchange(_request(webhook, body), allowance, proxies=True)
    except (NoAnswer, UnusableAnswer) as error:
        raise VendorError(
            f"Slack did not take the message: {one_line(str(error), 120)}; {_REMEDY}"
        ) from None
    if reply.status != 200:
        # A page that says what was not found repeats the address.
        words = Masker([webhook.get_secret_value()]).text(reply.body.decode("utf-8", "replace"))
        said = one_line(words, 80) or "nothing"
        raise VendorError(
            f"Slack refused the message: status {reply.status}, it said {said!r}; {_REMEDY}"
        )


def _request(webhook: SecretStr, body: bytes) -> httpx.Request:
    headers = {"Content-Type": "application/json;charset=utf-8", "User-Agent": "daybook"}
    try:
        address = httpx.URL(webhook.get_secret_value())
        if address.scheme in {"http", "https"} and address.host:
            return httpx.Request("POST", address, headers=headers, content=body)
    except httpx.InvalidURL:
        pass  # its text holds a part of the address
    raise VendorError(f"vendors.slack_webhook is not an address; {_REMEDY}") from None


def _safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _safe(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(each) for each in value]
    return lines(PROCESS.text(value)) if isinstance(value, str) else value


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text[:MAX_SECTION], emoji=False)


def _context(day: DayPage) -> str:
    parts = [checks_passed(day)]
    if day.overrides:
        named = ", ".join(f"{o.symbol} ({one_line(o.reason, 60)})" for o in day.overrides[:3])
        parts.append(f"{count(len(day.overrides), 'override')}: {named}")
    parts += [frozen_told(day)] if day.frozen else []
    parts += [f"{q.affected} {q.what}" for q in day.quality if q.affected]
    parts += [f"account {masked(day.account)}", f"run {day.run_id}"]
    return " · ".join(parts)


def _table(orders: Sequence[OrderLine]) -> TableBlock:
    cells = [_COLUMNS, *(_cells(line) for line in orders[:MAX_ROWS])]
    return TableBlock(
        rows=[[RawTextObject(text=cell or " ") for cell in row] for row in cells],
        column_settings=[{"align": "right" if name in _RIGHT else "left"} for name in _COLUMNS],
    )


def _cells(line: OrderLine) -> tuple[str, ...]:
    return (
        line.action,
        line.symbol,
        number(line.quantity, 0),
        number(line.limit_price),
        weight_change(line),
        number(line.alpha, signed=True),
        number(None if line.adv_share is None else 100 * line.adv_share),
        number(line.margin_change, 0, signed=True),
        remarks(line),
    )
