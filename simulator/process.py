"""Running the simulator as a child process, and talking to its control port."""

from __future__ import annotations

import json
import os
import select
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx

from core.closeable import Closeable
from core.errors import ConfigurationError, DaybookError, GatewayTimeout, GatewayUnreachable
from core.settings import SimulatorSettings

START_SECONDS = 60.0
STOP_SECONDS = 10.0
CONTROL_SECONDS = 120.0
TAIL = 2000  # characters of its error output that an error message repeats


class SimulatorProcess(Closeable):
    """A running simulator; leaving the ``with`` block ends it.

    The child also ends when this process dies, however it dies.
    """

    def __init__(self, arguments: Sequence[str], *, start_timeout: float = START_SECONDS) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        # No proxy of the environment may stand between us and the loopback address.
        self._control = httpx.Client(
            timeout=CONTROL_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            # Plain HTTP: to load the authorities would take longer than to ask.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "simulator", "--exit-with-parent", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            ready = self._ready(start_timeout)
        except BaseException:
            self.stop()
            raise
        self.tws_port: int = ready["tws_port"]
        self.http_url: str = ready["http_url"]
        self.account: str = ready["account"]
        self.world_id: str = ready["world_id"]
        self.title: str = ready["title"]
        self.data_id: str = ready["data_id"]
        self.started_at = datetime.fromisoformat(ready["clock"])

    def close(self) -> None:
        """End the child; see `stop`."""
        self.stop()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def stop(self) -> int:
        """End the child and return its exit code. Harmless when it has already ended."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        self._control.close()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()
        return code

    def state(self) -> dict[str, Any]:
        """Return the clock, the account, counts of orders and the connected clients."""
        state: dict[str, Any] = self._ask("GET", "/control/state")
        return state

    def advance_to(self, moment: datetime) -> dict[str, Any]:
        """Move the clock; opens and closes on the way are played, then the state is returned."""
        body = {"to": moment.isoformat()}
        state: dict[str, Any] = self._ask("POST", "/control/clock", body)
        return state

    def fault(self, name: str, **options: object) -> None:
        """Switch a fault on, or off with ``on=False``; see `simulator.faults.request`."""
        self._ask("POST", "/control/faults", {"fault": name, **options})

    def messages(self) -> list[dict[str, Any]]:
        """Return the Slack messages received, oldest first."""
        messages: list[dict[str, Any]] = self._ask("GET", "/slack/messages")
        return messages

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = self._control.request(method, self.http_url + path, json=body)
        except httpx.HTTPError as error:
            raise GatewayUnreachable(
                f"the simulator does not answer at {self.http_url}{path}: {error or 'no reason'}"
                f"{self._said()}"
            ) from error
        if answer.is_error:
            raise ConfigurationError(f"the simulator refused {path}: {answer.text}")
        return answer.json()

    def _ready(self, timeout: float) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        deadline = time.monotonic() + timeout
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise GatewayTimeout(
                    f"the simulator was not ready within {timeout:g} s{self._said()}"
                )
            piece = os.read(output.fileno(), 4096)
            if not piece:
                raise self._did_not_start()
            line += piece
        ready: dict[str, Any] = json.loads(line)
        return ready

    def _did_not_start(self) -> DaybookError:
        code = self._process.wait()
        # Its exit code tells whether the settings or the machine are at fault.
        if code == ConfigurationError.exit_code:
            return ConfigurationError(self._output().removeprefix("simulator: "))
        return GatewayUnreachable(
            f"the simulator ended with code {code} instead of starting{self._said()}"
        )

    def _output(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()

    def _said(self) -> str:
        said = self._output()
        return f"; it said:\n{said[-TAIL:]}" if said else ""


def start(
    settings: SimulatorSettings,
    *,
    day: date | None,
    state: Path,
    tws_port: int = 0,
    http_port: int = 0,
    gateway: Sequence[str] = (),
) -> SimulatorProcess:
    """Start the simulator with these settings at the decision time of a session.

    Parameters
    ----------
    settings
        Which market, and the cash the account began with.
    day
        The session whose decision time the clock starts at; None for the newest the market has.
    state
        Folder of the ledgers; every market has its own inside.
    tws_port, http_port
        0 lets the system choose a free one.
    gateway
        More options of ``python -m simulator``, such as ``--limits=ibkr`` or ``--faults=FILE``.

    Raises
    ------
    ConfigurationError
        The child refused the settings; its message is included.
    GatewayUnreachable, GatewayTimeout
        The child ended, or did not get ready in time.
    """
    arguments = [f"--state={state}"]
    if day is not None:
        arguments.append(f"--session={day.isoformat()}")
    arguments += [f"--port={tws_port}", f"--http-port={http_port}"]
    arguments += gateway
    for name, value in settings.model_dump().items():
        if value is not None:
            arguments.append(f"--{name.replace('_', '-')}={value}")
    return SimulatorProcess(arguments)
