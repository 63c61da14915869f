"""A whole services for a test: a simulator, a home folder, and the servers of the real command."""

import asyncio
import json
import os
import selectors
import sys
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from io import TextIOWrapper
from pathlib import Path

import anyio
import httpx
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server.stdio import stdio_server

from core.settings import SimulatorSettings, load_settings
from flows.commands.tool_services import dispatcher_of
from flows.run.environment import with_vendors
from simulator import process

DAY = date(2026, 6, 15)
DAYBOOK = Path(sys.executable).with_name("daybook")
TOKEN = "a-token-that-nobody-could-ever-guess-0123456789"
# Secrets with which nothing here is done: they must never turn up anywhere.
CANARIES = {
    "DAYBOOK_VENDORS__FUNDAMENTALS_KEY": "canary-fundamentals-key-5f1c",
    "DAYBOOK_AGENT__TOKEN": TOKEN,
}
READY_SECONDS = 60.0


class Services:
    """One simulated world and one home folder, with settings for every way in."""

    def __init__(self, home, world, warm):
        self.home, self.world, self._warm = home, world, warm

    def environment(self, allow="read", **more):
        """Return the environment of a daybook command in this services."""
        url = self.world.http_url
        feeds = [f"{url}/rss/markets.xml", f"{url}/rss/companies.xml"]
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PREFECT_HOME": str(self.home / ".prefect"),
            "DAYBOOK_HOME": str(self.home),
            "DAYBOOK_GATEWAY__PORT": str(self.world.tws_port),
            "DAYBOOK_VENDORS__FUNDAMENTALS_URL": f"{url}/stable",
            "DAYBOOK_VENDORS__NEWS_URLS": json.dumps(feeds),
            "DAYBOOK_VENDORS__SLACK_WEBHOOK": f"{url}/slack/canary-webhook-77ab",
            "DAYBOOK_SIGNALS__INFORMATION_COEFFICIENT": "0.3",  # so that a day has orders
            "DAYBOOK_AGENT__ALLOW": allow,
            **CANARIES,
            **more,
        }

    def start(self, *arguments, allow="read", stderr=None, **more):
        """Start a daybook command in this services, in a process of its own that begins warm."""
        environment = self.environment(allow, **more)
        return self._warm.start(arguments, stderr=stderr, folder=self.home, environment=environment)

    @property
    def secrets(self):
        return [*CANARIES.values(), "canary-webhook-77ab"]

    def settings(self, **agent):
        """Return the same settings for use in this process."""
        plain = load_settings(
            home=self.home,
            gateway={"port": self.world.tws_port},
            vendors={"fundamentals_key": CANARIES["DAYBOOK_VENDORS__FUNDAMENTALS_KEY"]},
            agent={"token": TOKEN} | agent,
        )
        return with_vendors(plain, self.world.http_url)

    def dispatcher(self, **agent):
        return dispatcher_of(self.settings(**agent))

    def audit(self):
        """Return the lines of the audit trail."""
        files = sorted((self.home / "data" / "sim" / "audit").glob("tools-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@contextmanager
def agent_services(folder, warm, *, symbols=20):
    with process.start(
        SimulatorSettings(symbols=symbols), day=DAY, state=folder / "world"
    ) as world:
        (folder / "home").mkdir()
        yield Services(folder / "home", world, warm)


@contextmanager
def serving(services, *arguments, allow="read", **more):
    """Run ``daybook serve … --port 0`` and yield the address that it announces."""
    started = services.start("serve", *arguments, "--port", "0", allow=allow, **more)
    with started as server:
        try:
            yield _announced(server)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _announced(server):
    with selectors.DefaultSelector() as selector:
        selector.register(server.stdout, selectors.EVENT_READ)
        assert selector.select(timeout=READY_SECONDS), "the server did not come up"
    line = server.stdout.readline().decode()
    assert "http://127.0.0.1:" in line, line + server.stdout.read().decode()
    return line.split()[2].rstrip(",").rsplit("/", 1)[0]


class Caller:
    """Lists and calls tools, whatever carries the calls; ``call`` returns (is_error, body)."""

    def __init__(self, lister, call):
        self.lister, self.call = lister, call
        self.called, self.told = set(), []

    async def _call(self, name, arguments):
        failed, body = await self.call(name, arguments)
        self.called.add(name)
        self.told.append(json.dumps(body))
        return failed, body

    async def answer(self, name, **arguments):
        """Call a tool that must answer, and return its data."""
        failed, body = await self._call(name, arguments)
        assert not failed, (name, body)
        assert set(body) == {"as_of", "source", "data"}
        return body["data"]

    async def refusal(self, name, **arguments):
        """Call a tool that must refuse, and return the kind of its error."""
        failed, body = await self._call(name, arguments)
        assert failed, (name, body)
        assert body["error"]["detail"]["trust"] == "untrusted"
        return body["error"]["kind"]


def over_stdio(services, scenario, *, allow="read"):
    """Run the scenario with the official client, which starts the server by itself."""
    server = StdioServerParameters(
        command=str(DAYBOOK),
        args=["serve", "mcp"],
        env=services.environment(allow),
        cwd=services.home,
    )
    return asyncio.run(_over_mcp(server, scenario))


def over_warm_stdio(services, scenario, *, allow="read"):
    """Run the scenario with the official client over the standard streams of a warm server."""

    @asynccontextmanager
    async def transport(server):
        streams = [anyio.wrap_file(TextIOWrapper(one)) for one in (server.stdout, server.stdin)]
        async with stdio_server(*streams) as messages:  # lines are messages at either end
            yield messages
            await streams[1].aclose()  # at which the server ends, and with it what it says
        await streams[0].aclose()

    with (
        (services.home / "stderr").open("w") as errors,
        services.start("serve", "mcp", allow=allow, stderr=errors) as server,
    ):
        return asyncio.run(_over_mcp(transport(server), scenario))


def over_http(address, scenario):
    """Run the scenario with the official client over HTTP."""

    async def run():
        async with httpx2.AsyncClient(headers=bearer(), timeout=120.0) as client:
            transport = streamable_http_client(f"{address}/mcp", http_client=client)
            return await _over_mcp(transport, scenario)

    return asyncio.run(run())


def over_rest(address, scenario):
    """Run the scenario over REST."""

    async def run():
        async with httpx.AsyncClient(
            base_url=address, headers=bearer(), timeout=120.0, trust_env=False
        ) as client:

            async def lister():
                return {t["name"]: t for t in (await client.get("/tools/list")).json()["tools"]}

            async def call(name, arguments):
                answer = await client.post(
                    "/tools/call", json={"name": name, "arguments": arguments}
                )
                return answer.status_code != 200, answer.json()

            return await scenario(Caller(lister, call))

    return asyncio.run(run())


def bearer(token=TOKEN):
    return {"Authorization": f"Bearer {token}"}


async def _over_mcp(server, scenario):
    async with Client(server, read_timeout_seconds=120.0) as client:

        async def lister():
            return {tool.name: tool for tool in (await client.list_tools()).tools}

        async def call(name, arguments):
            result = await client.call_tool(name, arguments)
            return result.is_error, result.structured_content

        return await scenario(Caller(lister, call))
