"""The one way to call a tool: counted, audited, checked, run, and published.

MCP, REST and the command line only carry what this returns.
"""

from __future__ import annotations

import difflib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent.catalogue import tools_by_name
from agent.context import ContextFor
from agent.publishing import Publisher
from agent.rate_limit import RateLimit
from agent.tool import Tool
from core import clock
from core.canonical import canonical_json, sha256_of
from core.errors import DaybookError, NoData, StorageError
from core.settings import Effect, Settings
from core.settings.secret_values import secrets_of
from core.storage.paths import Paths


class UnknownTool(NoData):
    """There is no such tool, or none that this server allows."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller gets: plain JSON, either an answer or an error."""

    body: Mapping[str, Any]
    error: DaybookError | None = None


class AuditTrail:
    """The trail of tool calls: a JSON line when a call begins and one when it ends.

    Files ``tools-YYYY-MM-DD.jsonl`` in one folder; lines are only ever added. Arguments are named
    by their hash only, so that no secret a caller pastes can be read here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, at: datetime, **facts: Any) -> None:
        """Add a line; on disk when this returns. Raises `StorageError`."""
        line = canonical_json({"at": at, **facts})
        path = self._folder / f"tools-{at:%Y-%m-%d}.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # One write of a short line to an O_APPEND file: lines of two processes never mix.
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StorageError(
                f"cannot write the audit trail {path}: {error.strerror}; no tool is called "
                "without an audit record"
            ) from error


class Dispatcher:
    """Calls tools for callers who are known by name."""

    def __init__(self, settings: Settings, context_for: ContextFor) -> None:
        self.tools: MappingProxyType[str, Tool] = tools_by_name(settings.agent.allow)
        self._allow = settings.agent.allow
        self._context_for = context_for
        self._publisher = Publisher(secrets_of(settings))
        self._rate = RateLimit(settings.agent.calls_per_minute)
        self._audit = AuditTrail(Paths.of(settings).data / "audit")

    def call(self, name: str, arguments: Mapping[str, Any], *, caller: str) -> Reply:
        """Call a tool. What daybook raises on purpose comes back as an error reply."""
        call = {
            "call": secrets.token_hex(8),
            "caller": caller,
            "tool": self._publisher.flat(name)[:64],
            "arguments_sha256": _hash_of(arguments),
        }
        self._audit.add(clock.now(), **call, event="begins")
        started, outcome = clock.stopwatch(), "defect"
        try:
            reply = self._reply(name, arguments, caller)
            outcome = "ok" if reply.error is None else type(reply.error).__name__
        finally:
            seconds = round(clock.stopwatch() - started, 3)
            self._audit.add(clock.now(), **call, event="ends", outcome=outcome, seconds=seconds)
        return reply

    def refuse(self, error: DaybookError) -> Reply:
        """Return the reply that carries an error."""
        detail = self._publisher.text(str(error), source="daybook")
        return Reply({"error": {"kind": type(error).__name__, "detail": detail}}, error)

    def _reply(self, name: str, arguments: Mapping[str, Any], caller: str) -> Reply:
        try:
            self._rate.take(caller)
            tool = self._tool(name)
            answer = tool.run(self._context_for(caller), tool.parse(arguments))
            data = self._publisher.plain(answer.data, source=answer.source)
        except DaybookError as error:
            return self.refuse(error)
        body = {"as_of": answer.as_of.isoformat(), "source": answer.source, "data": data}
        return Reply(body)

    def _tool(self, name: str) -> Tool:
        if name not in self.tools:
            raise UnknownTool(self._no_tool(name))
        return self.tools[name]

    def _no_tool(self, name: str) -> str:
        allowed = f"agent.allow = {self._allow}"
        if name in tools_by_name(Effect.APPROVE):
            return f"the tool {name!r} is not allowed here: {allowed}"
        near = difflib.get_close_matches(name, sorted(self.tools), n=3, cutoff=0.5)
        if near:
            return f"no tool {name!r} here ({allowed}); did you mean {' or '.join(near)}?"
        return f"no tool {name!r} here; {allowed} has {len(self.tools)}, see: daybook tools list"


def _hash_of(arguments: Mapping[str, Any]) -> str:
    # Not canonical_json: what it refuses, such as NaN, must leave a trace as well.
    return sha256_of(json.dumps(arguments, sort_keys=True, default=repr).encode())
