"""Vendors that fail on demand: the next answers of a path are faulty as asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import ConfigurationError

STATUSES = {"402": "Payment Required", "429": "Too Many Requests", "500": "Internal Server Error"}
KINDS = (*STATUSES, "malformed", "empty", "slow", "drop")
LONGEST_DELAY = 3600.0  # seconds
SLACK = "/slack"


@dataclass(frozen=True, slots=True)
class Fault:
    """How the next ``times`` answers of ``path`` go wrong.

    ``kind`` is an HTTP status (402, 429 or 500), ``malformed`` (the body ends in the middle),
    ``empty`` (no body), ``slow`` (``seconds`` of real time late) or ``drop`` (the connection breaks
    in the middle of the answer). ``path`` is as served, and ``/slack`` for the webhook.
    """

    path: str
    kind: str
    times: int = 1
    seconds: float = 30.0


class FaultBoard:
    """The faults still to come, in the order they were asked for."""

    def __init__(self, paths: Collection[str], faults: Iterable[Fault] = ()) -> None:
        self._paths = frozenset(paths)
        self._left: list[tuple[Fault, int]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Line up a fault. Raises `ConfigurationError` listing everything wrong with it."""
        problems = []
        if fault.path not in self._paths:
            problems.append(f"path {fault.path!r} is not one of {', '.join(sorted(self._paths))}")
        if fault.kind not in KINDS:
            problems.append(f"kind {fault.kind!r} is not one of {', '.join(KINDS)}")
        if fault.times < 1:
            problems.append(f"times = {fault.times} is not at least 1")
        if not 0 <= fault.seconds <= LONGEST_DELAY:
            problems.append(f"seconds = {fault.seconds} is not from 0 to {LONGEST_DELAY:g}")
        if problems:
            raise ConfigurationError(f"no such fault: {'; '.join(problems)}")
        self._left.append((fault, fault.times))

    def next_for(self, path: str) -> Fault | None:
        """Take the next fault of a path, None when its answers are sound."""
        for place, (fault, times) in enumerate(self._left):
            if fault.path == path:
                self._left[place : place + 1] = [(fault, times - 1)] if times > 1 else []
                return fault
        return None

    def routes(self) -> list[Route]:
        """Return the control route ``POST /vendors/fault``."""
        return [Route("/vendors/fault", self._post, methods=["POST"])]

    async def _post(self, request: Request) -> Response:
        try:
            self.add(_fault(json.loads(await request.body())))
        except (ValueError, ConfigurationError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"ok": True})


class FaultyAnswers:
    """ASGI middleware that corrupts the answers that faults are planned for."""

    def __init__(self, app: ASGIApp, board: FaultBoard) -> None:
        self._app, self._board = app, board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with or without a fault."""
        fault = self._board.next_for(_path(scope)) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind in STATUSES:
            said = PlainTextResponse(STATUSES[fault.kind], status_code=int(fault.kind))
            await said(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        else:
            await self._corrupt(fault.kind, scope, receive, send)

    async def _corrupt(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        kept = b"" if kind == "empty" else body[: len(body) // 2]
        promised = len(body) if kind == "drop" else len(kept)
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(promised).encode()))
        await send({**start, "headers": headers})
        # A body that stays behind its promised length makes the server break the connection.
        await send({"type": "http.response.body", "body": kept, "more_body": kind == "drop"})


def _path(scope: Scope) -> str:
    """Return the path below the mount point; that of the webhook without its token."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    is_message = path.startswith(f"{SLACK}/") and scope["method"] == "POST"
    return SLACK if is_message else path


def _fault(value: Any) -> Fault:
    """Read a fault from JSON. Raises `ConfigurationError` listing everything wrong with it."""
    if not isinstance(value, dict):
        raise ConfigurationError("a fault is an object with path, kind and times")
    expected: dict[str, type | tuple[type, ...]] = {
        "path": str,
        "kind": str,
        "times": int,
        "seconds": (int, float),
    }
    problems = [f"unknown field {name!r}" for name in sorted(value.keys() - expected.keys())]
    problems += [f"no {name}" for name in ("path", "kind") if name not in value]
    problems += [
        f"{name} = {value[name]!r} has the wrong type"
        for name, kinds in expected.items()
        if name in value and (isinstance(value[name], bool) or not isinstance(value[name], kinds))
    ]
    if problems:
        raise ConfigurationError(f"no such fault: {'; '.join(problems)}")
    return Fault(**value)
