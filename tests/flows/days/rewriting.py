"""A wire between a client and the simulator on which some words are exchanged for others."""

import socket
import threading
from contextlib import contextmanager, suppress


@contextmanager
def a_rewriting_wire(port, words):
    """Listen for connections to ``port``; in answers, exchange bytes for others as long.

    Frames keep their lengths, so nothing else changes. Words are assumed not to be cut by a read,
    but for the last: what may be the beginning of one waits for the next read.
    """
    assert all(len(said) == len(instead) for said, instead in words.items())
    listener = socket.create_server(("127.0.0.1", 0))
    threads, sockets = [], []

    def begin(target, *arguments):
        threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        threads[-1].start()

    def serve():
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", port))
                sockets.extend((client, server))
                begin(_pump, client, server, {})
                begin(_pump, server, client, words)

    begin(serve)
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for one in (listener, *sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in threads:
            thread.join(5)


def _pump(source, sink, words):
    """Pass on what is said until it ends, some words exchanged for others."""
    held, keep = b"", max(map(len, words), default=1) - 1
    with suppress(OSError):
        while piece := source.recv(65536):
            held += piece
            for said, instead in words.items():
                held = held.replace(said, instead)
            cut = _safe_cut(held, words, keep)
            sink.sendall(held[:cut])
            held = held[cut:]
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _safe_cut(held, words, keep):
    """Return where ``held`` may be cut without parting a word."""
    for length in range(min(keep, len(held)), 0, -1):
        if any(word.startswith(held[-length:]) for word in words):
            return len(held) - length
    return len(held)
