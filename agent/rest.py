"""The catalogue as a REST API on loopback: ``/docs``, ``GET /tools/list``, ``POST /tools/call``."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastmcp.server.http import HostOriginGuardMiddleware
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import SecretStr

from agent.auth import is_token
from agent.dispatch import Dispatcher, Reply
from agent.rate_limit import TooManyCalls
from agent.tool import BadArguments, Tool
from core.errors import (
    ConfigurationError,
    DataError,
    DaybookError,
    GatewayError,
    GatewayTimeout,
    GatewayUnreachable,
    JournalError,
    NoData,
    StorageError,
    VendorError,
)
from desk.errors import DeskBusy, NotPermitted, TokenRefused

CALLER = "rest"
LARGEST_BODY = 65_536  # bytes
CALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "arguments": {"type": "object", "default": {}},
    },
}
_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": CALL_SCHEMA}}}
}


class BadBody(DaybookError):
    """The body is no call: not JSON, or not of its form."""


class BodyTooLarge(DaybookError):
    """The body is larger than any call."""


class Unauthorised(DaybookError):
    """The request carries no token, or not the right one."""


# So that a program knows whose move it is; the first that fits counts.
_STATUSES: tuple[tuple[type[DaybookError], int], ...] = (
    (BadBody, 400),
    (Unauthorised, 401),
    (BodyTooLarge, 413),
    (BadArguments, 422),
    (TooManyCalls, 429),
    (NoData, 404),
    (DataError, 422),
    (ConfigurationError, 409),
    (NotPermitted, 409),
    (TokenRefused, 409),
    (DeskBusy, 409),
    (JournalError, 409),
    (GatewayUnreachable, 503),
    (GatewayTimeout, 504),
    (GatewayError, 502),
    (VendorError, 502),
    (StorageError, 507),
    (DaybookError, 500),
)


_MEANINGS = {
    400: "the body is not a call",
    401: "no token, or not the right one",
    403: "the request comes from a page of another host",
    404: "there is no such tool, or what is asked about is not there",
    409: "not as things stand: settings, permission, a token that was used, a desk at work",
    413: "the body is larger than any call",
    421: "the request names another host than this computer",
    422: "arguments or data that cannot be used",
    429: "too many calls: come back later",
    500: "a defect of daybook",
    502: "the broker or a vendor refused, or answered with something unreadable",
    503: "the gateway is not reachable",
    504: "the gateway does not answer in time",
    507: "the disk refuses",
}
_REFUSED = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "detail"],
            "properties": {"kind": {"type": "string"}, "detail": {"type": "object"}},
        }
    },
}


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the statuses of an endpoint beside 200, for its description."""
    schema = {"content": {"application/json": {"schema": _REFUSED}}}
    return {status: {"description": _MEANINGS[status]} | schema for status in statuses}


def rest_app(dispatcher: Dispatcher, token: SecretStr) -> FastAPI:
    """Return the API of these tools; every request but for the documentation needs the token."""
    app = _guarded_app()
    tools = list(dispatcher.tools.values())

    async def has_token(
        given: Annotated[
            HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
        ],
    ) -> None:
        if given is None or not is_token(given.credentials, token):
            raise Unauthorised("the header Authorization: Bearer … with agent.token is needed")

    @app.exception_handler(DaybookError)
    async def refused(_request: Request, error: DaybookError) -> JSONResponse:
        return _response(dispatcher.refuse(error))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(docs_page(tools, address=str(request.base_url)))

    @app.get("/tools/list", dependencies=[Depends(has_token)], responses=_responses(401, 403, 421))
    async def list_tools() -> dict[str, Any]:
        """Return every tool: name, effect, scope, description, and the schema of its arguments."""
        return {"tools": [listing(tool) for tool in tools]}

    @app.post(
        "/tools/call",
        dependencies=[Depends(has_token)],
        openapi_extra=_BODY,
        responses=_responses(*_MEANINGS),
    )
    async def call_tool(request: Request) -> JSONResponse:
        """Call one tool by name with its arguments."""
        name, arguments = parsed_call(await _body(request))
        return _response(await run_in_threadpool(dispatcher.call, name, arguments, caller=CALLER))

    return app


def _guarded_app() -> FastAPI:
    """Return an app without routes that answers requests to loopback only."""
    app = FastAPI(
        title="daybook tools",
        version=version("daybook"),
        description="The same tools as over MCP and on the command line.",
        # FastAPI's own pages load scripts of another host into the page that holds the token.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(
        HostOriginGuardMiddleware, allowed_hosts=[], allowed_origins=[], mode="strict"
    )
    return app


def listing(tool: Tool) -> dict[str, Any]:
    """Return a tool as plain JSON values."""
    return {
        "name": tool.name,
        "effect": tool.effect.value,
        "scope": tool.scope.value,
        "description": tool.contract,
        "arguments": tool.schema,
    }


def docs_page(tools: list[Tool], *, address: str) -> str:
    """Return the documentation: one page without script or any other file."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("docs.html.j2").render(tools=tools, address=address)


def parsed_call(body: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return name and arguments of a call. Raises `BadBody`."""
    try:
        call = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not JSON: {error}") from error
    if (
        not isinstance(call, dict)
        or not isinstance(call.get("name"), str)
        or not isinstance(call.get("arguments", {}), dict)
        or set(call) - set(CALL_SCHEMA["properties"])
    ):
        raise BadBody('the body is not a call: {"name": "quotes", "arguments": {…}}')
    return call["name"], call.get("arguments", {})


async def serve_rest(app: FastAPI, listener: socket.socket) -> None:
    """Serve the API on a bound loopback socket until the process is told to end."""
    config = uvicorn.Config(app, log_level="warning", server_header=False)
    await uvicorn.Server(config).serve(sockets=[listener])


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge(f"the body has more than {LARGEST_BODY:,} bytes")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _response(reply: Reply) -> JSONResponse:
    status = 200 if reply.error is None else _status_of(reply.error)
    challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(dict(reply.body), status_code=status, headers=challenge)


def _status_of(error: DaybookError) -> int:
    """Return the status of an error."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))
