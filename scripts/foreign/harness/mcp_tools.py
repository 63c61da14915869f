"""The tools of a foreign MCP server, called over its standard input and output."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


class Tools:
    """Calls tools by their names: ``await tools.get_quotes(contracts=[…])``."""

    def __init__(self, session: ClientSession) -> None:
        """Call through a session that is open."""
        self.session = session

    def __getattr__(self, name: str) -> Any:
        """Return what calls a tool."""

        async def call(**arguments: Any) -> Any:
            answer = await self.session.call_tool(name, arguments)
            text = "\n".join(getattr(each, "text", "") for each in answer.content)
            failed = getattr(answer, "isError", None) or getattr(answer, "is_error", False)
            assert not failed, f"{name}: {text[:300]}"
            try:
                return json.loads(text)
            except ValueError:
                return text

        return call


@asynccontextmanager
async def tools(command: str, *arguments: str, **environment: str) -> AsyncIterator[Tools]:
    """Start a server and yield its tools."""
    server = StdioServerParameters(
        command=shutil.which(command) or command,
        args=list(arguments),
        env=os.environ | environment,
    )
    with open("server.log", "w") as log:  # noqa: PTH123, ASYNC230 - as the client wants it
        async with (
            stdio_client(server, errlog=log) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            yield Tools(session)
