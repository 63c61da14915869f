"""Tools about the connection itself."""

from __future__ import annotations

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import Symbol
from core import clock
from core.errors import GatewayError
from core.settings import Effect


@tool(Effect.READ, Scope.GATEWAY)
def gateway_status(context: ToolContext) -> Answer:
    """Say whether the broker answers, for which account and mode, and what you may do here.

    Never fails: ``connected`` is false and ``problem`` says why when the broker cannot be
    reached. ``allowed`` is the most a tool may change (read < preview < trade < approve).
    Call it first, and whenever another tool reports a gateway error.
    """
    data = {
        "mode": context.settings.mode,
        "allowed": context.settings.agent.allow,
        "connected": False,
        "account": None,
        "problem": None,
    }
    as_of = clock.now()
    try:
        with context.connect() as gateway:
            as_of = gateway.server_time()
            data |= {"connected": True, "account": gateway.account}
    except GatewayError as error:
        data["problem"] = str(error)
    return Answer(as_of=as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.GATEWAY)
def gateway_health(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Say whether data really flows: time, account, a quote and bars are each asked for.

    ``probes``: name, passed, seconds, detail (what came, or why nothing did); ``healthy`` when
    all passed and the gateway has not lost IBKR or one of its data farms (``upstream_lost``,
    ``farms``). ``symbol``: the stock to ask about; else one held, or the most active one.
    Connected is not healthy: call it when answers are slow, old or missing.
    """
    with context.connect() as gateway:
        report = gateway.health.check(symbol)
    status = report.status
    data = {
        "healthy": report.healthy,
        "connected": status.connected,
        "probes": report.probes,
        "upstream_lost": status.upstream_lost,
        "farms": status.farms,
        "server_version": status.server_version,
        "client_id": status.client_id,
    }
    return Answer(as_of=report.as_of or clock.now(), source=context.broker, data=data)


@tool(Effect.READ, Scope.GATEWAY)
def server_time(context: ToolContext) -> Answer:
    """Return the broker's clock, UTC: the only time that decides what may still be traded.

    In a simulation it is the simulated time, not today's.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
    return Answer(as_of=now, source=context.broker, data={"server_time": now})
