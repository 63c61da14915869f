"""The port clients connect to, and the connections made to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.tws.client_connection import Client

LOOPBACK = "127.0.0.1"


class Listener:
    """Listens, and serves every connection until it ends.

    On the loopback address only: a simulator that other machines can reach would sooner or later
    be taken for a real gateway.
    """

    def __init__(
        self,
        connect: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Client],
        forget: Callable[[Client], None],
    ) -> None:
        self._connect = connect
        self._forget = forget
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connected: set[Client] = set()  # started or not
        self._connections: set[asyncio.Task[None]] = set()

    async def listen(self, port: int = 0) -> int:
        """Open the port and return it; 0 is the one it was open on before, or any free one."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port or self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self._port

    def close(self) -> None:
        """Stop listening and reset every connection."""
        if self._server is not None:
            self._server.close()
        self.reset_connections()

    def reset_connections(self) -> None:
        """Reset every connection; clients may connect again."""
        for client in list(self._connected):
            client.abort()

    async def drain(self) -> None:
        """Wait until every client has taken what was written to it, or has gone."""
        await asyncio.gather(*(client.drain() for client in self._connected))

    async def stop(self) -> None:
        """Stop listening and wait until every connection has ended."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = self._connect(reader, writer)
        self._connected.add(client)
        connection = asyncio.create_task(self._serve(client))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, client: Client) -> None:
        try:
            await client.run()
        finally:
            self._connected.discard(client)
            self._forget(client)
