"""IBKR's pace, left out where a test is about something else: the simulator has time for all."""

from contextlib import contextmanager

import pytest

from ibkr import handshake
from ibkr.pacing import Pacer

MESSAGES_PER_SECOND = 2000.0


@contextmanager
def hurried():
    """Let connections that are opened meanwhile send as fast as they can.

    That the pace is kept is shown by tests of the connection, against a gateway that counts.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handshake, "Pacer", lambda _: Pacer(MESSAGES_PER_SECOND))
        yield
