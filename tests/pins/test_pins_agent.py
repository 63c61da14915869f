"""What a client of the agent's tools must find."""

import asyncio

import pytest
from mcp import Client
from mcp.types import LATEST_PROTOCOL_VERSION

from agent.catalogue import CATALOGUE
from agent.mcp_server import mcp_server
from core.settings import load_settings
from flows.commands.tool_services import dispatcher_of

pytestmark = pytest.mark.world


def test_an_mcp_client_of_the_newest_protocol_connects_and_lists_the_tools(tmp_path):
    dispatcher = dispatcher_of(load_settings(home=tmp_path, agent={"allow": "approve"}))
    server = mcp_server(dispatcher, caller="a test")

    async def connect():
        async with Client(server._mcp_server) as client:
            return client.protocol_version, (await client.list_tools()).tools

    version, listed = asyncio.run(connect())
    assert version == LATEST_PROTOCOL_VERSION >= "2026-07-28"
    assert {tool.name for tool in listed} == {tool.name for tool in CATALOGUE}
