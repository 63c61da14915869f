"""``daybook tools``, ``daybook serve`` and ``daybook mcp``: the tool catalogue for everyone."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import ConfigurationError
from flows.terminal.lazy import lazy
from flows.terminal.options import RECORDS, ModeOption, group
from flows.terminal.output import say, say_json

if TYPE_CHECKING:
    import asyncio
    import socket

    from agent import auth, catalogue, dispatch, mcp_server, rest
    from agent import tool as tool_types
    from core import settings as config
    from flows.commands import tool_services
else:
    asyncio = lazy("asyncio")
    socket = lazy("socket")
    auth = lazy("agent.auth")
    catalogue = lazy("agent.catalogue")
    dispatch = lazy("agent.dispatch")
    mcp_server = lazy("agent.mcp_server")
    rest = lazy("agent.rest")
    tool_types = lazy("agent.tool")
    config = lazy("core.settings")
    tool_services = lazy("flows.commands.tool_services")

MCP_PORT, REST_PORT = 8801, 8802
CALLER = "cli"

Port = Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0: a free one.")]

tools_app = group("The tools shared by agents, programs and people.")
serve_app = group("Serve the tools to agents (MCP) or programs (REST), on loopback.")
mcp_app = group("Connect an MCP client, such as Claude.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for commands, name in ((tools_app, "tools"), (serve_app, "serve"), (mcp_app, "mcp")):
        app.add_typer(commands, name=name, rich_help_panel=RECORDS)


@tools_app.command("list")
def list_tools(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Include tools that agent.allow forbids.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print schemas, as JSON.")] = False,
    mode: ModeOption = None,
) -> None:
    """List the tools: name, effect, what it returns."""
    allow = config.load_settings(mode=mode).agent.allow
    shown = catalogue.CATALOGUE if every else catalogue.tools(allow)
    if as_json:
        say_json([rest.listing(tool) for tool in shown])
        return
    name = max((len(tool.name) for tool in shown), default=0)
    effect = max((len(tool.effect) for tool in shown), default=0)
    for tool in shown:
        say(f"{tool.name:<{name}}  {tool.effect:<{effect}}  {tool.summary}")
    if not every:
        say(f"\nagent.allow = {allow}; --all shows the others")


@tools_app.command("call")
def call_tool(
    name: str,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Lists: a,b,c")
    ] = None,
    arguments: Annotated[
        str | None, typer.Option("--json", metavar="JSON", help="All arguments as one object.")
    ] = None,
    mode: ModeOption = None,
) -> None:
    """Call a tool and print its answer as JSON."""
    dispatcher = tool_services.dispatcher_of(config.load_settings(mode=mode))
    given = arguments_of(dispatcher.tools.get(name), pairs or [], arguments)
    reply = dispatcher.call(name, given, caller=CALLER)
    if arguments is None and isinstance(
        reply.error, dispatch.UnknownTool | tool_types.BadArguments
    ):
        raise reply.error  # mistyped by a person: one line, like any other wrong usage
    say_json(reply.body)
    raise typer.Exit(reply.error.exit_code if reply.error else 0)


@serve_app.command("mcp")
def serve_mcp(
    *,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP instead of stdio.")] = False,
    port: Port = MCP_PORT,
    mode: ModeOption = None,
) -> None:
    """Serve MCP: over stdio to the client that starts this, or over HTTP with agent.token."""
    settings = config.load_settings(mode=mode)
    token = auth.required_token(settings) if http else None
    dispatcher = tool_services.dispatcher_of(settings)
    if token is None:
        asyncio.run(mcp_server.serve_stdio(dispatcher))
        return
    with _listener(port) as listener:
        _announce(settings, "MCP", listener, "/mcp")
        asyncio.run(mcp_server.serve_http(dispatcher, token, listener))


@serve_app.command("rest")
def serve_rest(*, port: Port = REST_PORT, mode: ModeOption = None) -> None:
    """Serve REST with agent.token: /docs, GET /tools/list, POST /tools/call."""
    settings = config.load_settings(mode=mode)
    token = auth.required_token(settings)
    app = rest.rest_app(tool_services.dispatcher_of(settings), token)
    with _listener(port) as listener:
        _announce(settings, "REST", listener, "/docs")
        asyncio.run(rest.serve_rest(app, listener))


@mcp_app.command("config")
def mcp_config(mode: ModeOption = None) -> None:
    """Print what to put into an MCP client's configuration, with this machine's paths."""
    settings = config.load_settings(mode=mode)
    command = Path(sys.argv[0]).resolve()
    environment = {
        "DAYBOOK_HOME": str(settings.home.resolve()),
        "DAYBOOK_MODE": settings.mode.value,
    }
    server = {"command": str(command), "args": ["serve", "mcp"], "env": environment}
    say_json({"mcpServers": {"daybook": server}})


def arguments_of(
    tool: tool_types.Tool | None, pairs: Sequence[str], given: str | None
) -> dict[str, Any]:
    """Return the arguments of a call, from ``key=value`` pairs or one JSON object.

    A value is read as the tool's schema asks: texts as they are, lists from ``a,b,c``, anything
    else as JSON. Raises `ConfigurationError` for what is neither.
    """
    if given is not None and pairs:
        raise ConfigurationError("give the arguments as key=value or with --json, not both")
    if given is not None:
        try:
            parsed = json.loads(given)
        except ValueError as error:
            raise ConfigurationError(
                f"--json {given} is not JSON ({error}); give an object, such as "
                '{"symbols": ["AAPL"]}'
            ) from error
        if not isinstance(parsed, dict):
            raise ConfigurationError(
                f'--json {given} is not an object; give one, such as {{"symbols": ["AAPL"]}}'
            )
        return parsed
    schema = tool.schema.get("properties", {}) if tool else {}
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not (separator and key):
            raise ConfigurationError(f"{pair!r} is not key=value; {_example(tool)}")
        arguments[key] = _value(value, _types(schema.get(key, {})))
    return arguments


def _value(text: str, types: set[str]) -> Any:
    if "array" in types and not text.startswith("["):
        return [part.strip() for part in text.split(",")]
    if "string" in types:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _types(schema: Mapping[str, Any]) -> set[str]:
    return {each.get("type", "string") for each in schema.get("anyOf", [schema])}


def _example(tool: tool_types.Tool | None) -> str:
    names = list(tool.schema.get("properties", {})) if tool else []
    return f"{tool.name} takes {', '.join(names) or 'no arguments'}" if tool else ""


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()  # from here on a client waits instead of being turned away
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"port {port} of 127.0.0.1 cannot be used: {error.strerror}; give another --port"
        ) from error
    return listener


def _announce(settings: config.Settings, what: str, listener: socket.socket, path: str) -> None:
    port = listener.getsockname()[1]
    say(
        f"{what} at http://127.0.0.1:{port}{path}, mode {settings.mode}, "
        f"agent.allow = {settings.agent.allow}; Ctrl-C ends it"
    )
    sys.stdout.flush()
