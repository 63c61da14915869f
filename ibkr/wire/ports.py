"""Which of the usual API ports are open, for messages that help."""

from __future__ import annotations

import socket

USUAL_PORTS = {
    4002: "IB Gateway, paper",
    4001: "IB Gateway, live",
    7497: "TWS, paper",
    7496: "TWS, live",
    8888: "IB Gateway in a container",
}
HTTP = b"HTTP/"  # how every answer of a web server begins
_PROBE_SECONDS = 0.3
_HTTP_SECONDS = 1.0


def open_ports(host: str) -> tuple[int, ...]:
    """Return those of the usual ports that accept a connection on this host."""
    return tuple(port for port in USUAL_PORTS if _accepts(host, port))


def what_listens(host: str, *, besides: int) -> str:
    """Say in words which usual ports are open, and what to do."""
    found = [port for port in open_ports(host) if port != besides]
    if not found:
        tried = ", ".join(str(port) for port in USUAL_PORTS)
        return (
            f"none of the usual API ports ({tried}) is open there: "
            "start IB Gateway or TWS and enable its API"
        )
    named = ", ".join(f"{port} ({USUAL_PORTS[port]})" for port in found)
    return f"open API port there: {named}: start the gateway, or set gateway.port = {found[0]}"


def is_web_server(host: str, port: int) -> bool:
    """Tell whether a port answers HTTP; a usual API port is not asked, it belongs to a gateway."""
    if port in USUAL_PORTS:
        return False
    try:
        with socket.create_connection((host, port), timeout=_HTTP_SECONDS) as line:
            line.settimeout(_HTTP_SECONDS)
            line.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return line.recv(5, socket.MSG_WAITALL) == HTTP
    except OSError:
        return False


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False
