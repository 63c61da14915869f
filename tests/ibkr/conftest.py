import time
from contextlib import ExitStack

import pytest

from core.settings import GatewaySettings, Mode
from ibkr.wire.connection import Connection
from tests.ibkr.fake_gateway import Gateway


def gateway_settings(**changes):
    plain = {"connect_timeout": 5.0, "request_timeout": 5.0, "history_timeout": 5.0}
    return GatewaySettings(**plain | changes)


# Longer than the runner lets a test take: who waits for it, instead of noticing at once, fails.
WITHOUT_END = 3600.0
# For tests in which a request runs into its time-out.
IMPATIENT = gateway_settings(request_timeout=0.5, history_timeout=0.5)


@pytest.fixture
def a_gateway():
    """Return a function that starts a gateway with these answers; all are stopped afterwards."""
    with ExitStack() as stack:

        def start(answers=None, **kinds):
            gateway = Gateway(answers or {}, **kinds)
            stack.callback(gateway.stop)
            return gateway

        yield start


@pytest.fixture
def connected(a_gateway):
    """Return a function that starts a gateway and connects to it: (gateway, connection)."""
    with ExitStack() as stack:

        def connect(answers=None, *, for_orders=False, settings=None, impatient=False, **kinds):
            gateway = a_gateway(answers, **kinds)
            connection = Connection.open(
                settings or (IMPATIENT if impatient else gateway_settings()),
                mode=Mode.SIM,
                port=gateway.port,
                for_orders=for_orders,
            )
            stack.callback(connection.close)
            return gateway, connection

        yield connect


@pytest.fixture(params=["UTC", "Europe/Bucharest", "America/Chicago", "Asia/Tokyo"])
def host_zone(request, monkeypatch):
    """Put this process into a time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()
