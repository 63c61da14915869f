"""The connection: one thread, one loop, one socket, one account."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Self, TypeVar

from core.clock import stopwatch
from core.closeable import Closeable
from core.errors import GatewayError, GatewayTimeout, GatewayUnreachable, WrongAccount
from core.settings import GatewaySettings, Mode
from ibkr.wire.event_loop import LoopThread
from ibkr.wire.handshake import ClientIdTaken, Line, NothingListens, open_line, web_server
from ibkr.wire.paper_or_live import choose_account
from ibkr.wire.ports import is_web_server, what_listens

T = TypeVar("T")

_CLIENT_IDS = range(1, 32)
# Their records would reach the terminal; what matters of them is in our errors.
_NOISY_LOGGERS = ("ib_async.client", "ib_async.Decoder", "eventkit.event")
_PROBE_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0  # seconds between attempts to connect again


class Connection(Closeable):
    """An open, checked connection to a TWS or IB Gateway. Callers may be in any thread.

    Attributes
    ----------
    account
        The account that everything on this connection is about.
    server_version
        The protocol version that was agreed on.
    settings
        Time-outs and limits.
    for_orders
        Whether orders may be sent; a connection for market data never sends one.
    """

    def __init__(
        self,
        thread: LoopThread,
        line: Line,
        settings: GatewaySettings,
        *,
        mode: Mode,
        port: int,
        account: str,
        for_orders: bool,
    ) -> None:
        self._thread = thread
        self._mode = mode
        self._port = port
        self._renewal = threading.Lock()
        self.line = line
        self.settings = settings
        self.account = account
        self.for_orders = for_orders
        self.server_version: int = line.client.serverVersion()

    @classmethod
    def open(
        cls, settings: GatewaySettings, *, mode: Mode, port: int, for_orders: bool = False
    ) -> Self:
        """Connect, check the account, and see that the gateway answers.

        Raises `GatewayUnreachable` when nothing listens or the client id is in use,
        `GatewayTimeout` when there is no answer, `WrongAccount` when the account is not the
        configured one or not of the mode's kind, and `ConfigurationError` when there are several
        accounts and none is configured.
        """
        _demote_library_logs()
        thread = LoopThread(f"ibkr {settings.host}:{port}")
        line: Line | None = None
        try:
            client_id = settings.order_client_id if for_orders else settings.client_id
            line = _dial(thread, settings, port=port, client_id=client_id)
            account = choose_account(line.accounts, mode=mode, wanted=settings.account)
            connection = cls(
                thread,
                line,
                settings,
                mode=mode,
                port=port,
                account=account,
                for_orders=for_orders,
            )
            connection.server_time()
        except BaseException:
            if line:
                thread.run(line.hang_up())
            thread.close()
            raise
        return connection

    def server_time(self) -> datetime:
        """Return the gateway's clock, in UTC. An answer proves that the link works."""
        return self.run(self.line.requests.current_time(within=self.settings.request_timeout))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of this room on the connection's loop and return its result."""
        return self._thread.run(work)

    def reconnect(self, *, patience: float) -> None:
        """Open a new line to the same gateway and account in place of this one.

        What is under way on the old line ends with `GatewayUnreachable`; nothing is repeated, and
        nothing has to be subscribed to again: every answer is asked for when it is needed. Tries
        for ``patience`` seconds, since a gateway that restarts is away for a while and may hold
        the client id of the old line a moment longer. Of several callers at once the first does
        the work.

        Raises `GatewayError` when it does not succeed: then the connection stays lost, and this
        can be called again. Raises `WrongAccount` at once when it is another account.
        """
        broken = self.line
        with self._renewal:
            if self.line is not broken:
                return  # somebody else was faster
            self.run(broken.hang_up())
            deadline = stopwatch() + patience
            pause = _FIRST_PAUSE
            while True:
                try:
                    self._renew(broken)
                except WrongAccount:
                    raise
                except GatewayError:
                    if stopwatch() + pause >= deadline:
                        raise
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                else:
                    return

    def close(self) -> None:
        """Close the socket and end the thread. Harmless when repeated."""
        try:
            self.run(self.line.hang_up())
        except GatewayUnreachable:
            return  # closed before
        self._thread.close()

    def _renew(self, broken: Line) -> None:
        line = self.run(
            _open(self.settings, self._port, broken.client.clientId, self.settings.connect_timeout)
        )
        try:
            choose_account(line.accounts, mode=self._mode, wanted=self.account)
            self.run(line.requests.current_time(within=self.settings.request_timeout))
        except BaseException:
            self.run(line.hang_up())
            raise
        line.order_messages.commissions.update(broken.order_messages.commissions)
        self.server_version = line.client.serverVersion()
        self.line = line


def _dial(thread: LoopThread, settings: GatewaySettings, *, port: int, client_id: int) -> Line:
    try:
        return thread.run(_open(settings, port, client_id, settings.connect_timeout))
    except NothingListens as error:
        hint = what_listens(settings.host, besides=port)
        raise GatewayUnreachable(f"{error}; {hint}") from error
    except GatewayTimeout as error:
        if is_web_server(settings.host, port):  # which waits for the end of a line, as we do
            raise web_server(f"{settings.host}:{port}") from error
        raise
    except ClientIdTaken as error:
        free = _free_client_id(thread, settings, port=port)
        hint = f" (free: {free})" if free else ""
        raise ClientIdTaken(
            f"{error}: stop the other client, wait a moment if it has just stopped, "
            f"or set another gateway client id{hint}"
        ) from error


def _free_client_id(thread: LoopThread, settings: GatewaySettings, *, port: int) -> int | None:
    """Find a client id that the gateway accepts, by trying three that nobody here uses."""
    ours = {settings.client_id, settings.order_client_id}
    for candidate in [number for number in reversed(_CLIENT_IDS) if number not in ours][:3]:
        try:
            line = thread.run(_open(settings, port, candidate, _PROBE_SECONDS))
        except GatewayError:
            continue
        thread.run(line.hang_up())
        return candidate
    return None


def _open(
    settings: GatewaySettings, port: int, client_id: int, timeout: float
) -> Coroutine[Any, Any, Line]:
    return open_line(
        settings.host,
        port,
        client_id=client_id,
        within=timeout,
        messages_per_second=settings.messages_per_second,
    )


def _demote_library_logs() -> None:
    """Let these libraries log at DEBUG only, without stack traces. Harmless when repeated."""
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).addFilter(_demote)


def _demote(record: logging.LogRecord) -> bool:
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    record.exc_info = None
    return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)
