"""The control port: look at the simulated environment, move its clock, make things go wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.errors import DaybookError
from simulator.faults.request import FaultRequest
from simulator.tws.gateway import Gateway
from simulator.tws.permissions import Permissions
from simulator.tws.rate_limits import Limits

Body = dict[str, object]


class ClockRequest(BaseModel, frozen=True, extra="forbid"):
    """A later moment for the clock, or how far to move it: seconds, or ISO 8601 as ``PT5M``."""

    to: AwareDatetime | None = None
    by: timedelta | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ClockRequest:
        if (self.to is None) == (self.by is None):
            raise ValueError("Field required: to, a moment, or by, a duration; not both")
        return self

    def moment(self, now: datetime) -> datetime:
        """Return the moment that is asked for."""
        return now + self.by if self.by is not None else self.to or now


class Control:
    """The routes under ``/control``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """Return ``/state``, ``/clock``, ``/faults``, ``/limits`` and ``/permissions``."""
        return [
            Route("/state", self._state, methods=["GET"]),
            Route("/clock", self._clock, methods=["POST"]),
            Route("/faults", self._armed, methods=["GET"]),
            Route("/faults", self._faults, methods=["POST"]),
            Route("/limits", self._limits, methods=["GET", "POST"]),
            Route("/permissions", self._permissions, methods=["GET", "POST"]),
        ]

    def state(self) -> Body:
        """Return the market, its clock, its account and who is connected."""
        gateway = self._gateway
        exchange = gateway.broker.exchange
        return {
            "title": gateway.view.market.title,
            "world_id": gateway.view.market.world_id,
            "clock": gateway.clock.now().isoformat(),
            "account": gateway.broker.account,
            "cash": round(exchange.cash, 2),
            "positions": len(exchange.holdings),
            "orders": {"working": len(exchange.orders.working), "accepted": len(exchange.orders)},
            "executions": len(exchange.executions),
            "clients": sorted(gateway.clients),
            "messages": {
                "received": gateway.service.rate.total,
                "refused": gateway.service.rate.refused,
                "most_in_a_second": gateway.service.rate.most,
            },
        }

    async def _state(self, request: Request) -> JSONResponse:
        del request
        return JSONResponse(self.state())

    async def _clock(self, request: Request) -> JSONResponse:
        try:
            asked = ClockRequest.model_validate_json(await request.body())
            await self._gateway.advance_to(asked.moment(self._gateway.clock.now()))
        except ValidationError as error:
            return _refused(_explain(error))
        except DaybookError as error:
            return _refused(str(error))
        return JSONResponse(self.state())

    async def _armed(self, request: Request) -> JSONResponse:
        del request
        faults = self._gateway.faults
        return JSONResponse({"on": _plain(faults.armed), "struck": _plain(faults.history)})

    async def _faults(self, request: Request) -> JSONResponse:
        try:
            asked = FaultRequest.model_validate_json(await request.body())
            self._gateway.gateway_faults.switch(asked)
        except ValidationError as error:
            return _refused(_explain(error))
        except DaybookError as error:
            return _refused(str(error))
        return JSONResponse(asked.model_dump(mode="json", exclude_unset=True))

    async def _limits(self, request: Request) -> JSONResponse:
        """Show the limits, or replace all of them; what is not given has its default."""
        body = await request.body()
        try:
            if body:
                self._gateway.limits = Limits.model_validate_json(body)
        except ValidationError as error:
            return _refused(_explain(error))
        return JSONResponse(self._gateway.limits.model_dump(mode="json"))

    async def _permissions(self, request: Request) -> JSONResponse:
        """Show what the account may see of the market, or replace all of it."""
        body = await request.body()
        try:
            if body:
                self._gateway.permissions = Permissions.model_validate_json(body)
        except ValidationError as error:
            return _refused(_explain(error))
        return JSONResponse(self._gateway.permissions.model_dump(mode="json"))


def _plain(faults: Iterable[FaultRequest]) -> list[dict[str, object]]:
    return [fault.model_dump(mode="json", exclude_unset=True) for fault in faults]


def _refused(reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status_code=400)


def _explain(error: ValidationError) -> str:
    return "; ".join(
        ".".join(map(str, detail["loc"])) + f": {detail['msg']}" for detail in error.errors()
    )
