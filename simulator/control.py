"""The control port: look at the simulated world, move its clock, make things go wrong."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.errors import DaybookError
from simulator.faults import FaultRequest
from simulator.gateway import Gateway

Body = dict[str, object]


class ClockRequest(BaseModel, frozen=True, extra="forbid"):
    """A later moment for the clock."""

    to: AwareDatetime


class Control:
    """The routes under ``/control``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Return ``/state`` (GET), ``/clock`` (POST) and ``/faults`` (POST)."""
        return [
            Route("/state", self._state, methods=["GET"]),
            Route("/clock", self._clock, methods=["POST"]),
            Route("/faults", self._faults, methods=["POST"]),
        ]

    def state(self) -> Body:
        """Return the world, its clock, its account and who is connected."""
        gateway = self._gateway
        exchange = gateway.broker.exchange
        return {
            "title": gateway.tape.market.title,
            "world_id": gateway.tape.market.world_id,
            "clock": gateway.clock.now().isoformat(),
            "account": gateway.broker.account,
            "cash": round(exchange.cash, 2),
            "positions": len(exchange.holdings),
            "orders": {"working": len(exchange.orders.working), "accepted": len(exchange.orders)},
            "executions": len(exchange.executions),
            "clients": sorted(gateway.clients),
        }

    async def _state(self, request: Request) -> JSONResponse:
        del request
        return JSONResponse(self.state())

    async def _clock(self, request: Request) -> JSONResponse:
        try:
            asked = ClockRequest.model_validate_json(await request.body())
            await self._gateway.advance_to(asked.to)
        except ValidationError as error:
            return _refused(_explain(error))
        except DaybookError as error:
            return _refused(str(error))
        return JSONResponse(self.state())

    async def _faults(self, request: Request) -> JSONResponse:
        try:
            asked = FaultRequest.model_validate_json(await request.body())
        except ValidationError as error:
            return _refused(_explain(error))
        self._gateway.faults.switch(asked)
        return JSONResponse(asked.model_dump(mode="json"))


def _refused(reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status_code=400)


def _explain(error: ValidationError) -> str:
    return "; ".join(
        ".".join(map(str, detail["loc"])) + f": {detail['msg']}" for detail in error.errors()
    )
