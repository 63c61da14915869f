"""A place for Slack messages to go: the incoming webhook, keeping what it gets."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.clock import VirtualClock

KEPT = 1000  # newest messages


class SlackSink:
    """``POST /slack/{token}`` takes a message as Slack does, ``GET /slack/messages`` lists them.

    The token is a secret to the sender and is not kept.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._messages: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/slack/messages", self._list, methods=["GET"]),
            Route("/slack/{token}", self._receive, methods=["POST"]),
        ]

    async def _receive(self, request: Request) -> Response:
        try:
            message = json.loads(await request.body())
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        if not isinstance(message, dict):
            return PlainTextResponse("invalid_payload", status_code=400)
        text, blocks = message.get("text"), message.get("blocks")
        if not text and not blocks:
            return PlainTextResponse("no_text", status_code=400)
        if not isinstance(text, str | None):
            return PlainTextResponse("invalid_payload", status_code=400)
        if not isinstance(blocks, list | None):
            return PlainTextResponse("invalid_blocks", status_code=400)
        received_at = self._clock.now().isoformat()
        self._messages.append({"received_at": received_at, "message": message})
        return PlainTextResponse("ok")

    async def _list(self, request: Request) -> Response:
        del request
        return JSONResponse(list(self._messages))
