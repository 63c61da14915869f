"""Executes a ticket in a process that is killed at a given point: ``-m`` this ``POINT HASH``."""

import os
import signal

import flows.run.execution
import journal
from core.settings import load_settings
from desk.orders import intents
from ibkr.orders import send
from ibkr.orders.trading import TradingTools

AFTER_ORDERS = 12  # of 14: in the second chunk


def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name):
    setattr(owner, name, die)


def after(owner, name, *, call=1):
    real, calls = getattr(owner, name), []

    def dying(*args, **kwargs):
        result = real(*args, **kwargs)
        calls.append(name)
        if len(calls) == call:
            die()
        return result

    setattr(owner, name, dying)


POINTS = {
    "before intents": lambda: before(intents, "commit_ticket"),
    "after intents": lambda: after(intents, "commit_ticket"),
    "mid-batch": lambda: after(send, "_send", call=AFTER_ORDERS),
    "after last send": lambda: after(TradingTools, "place_orders", call=2),
    "before journal": lambda: before(journal, "log"),
}


def main(arguments):
    point, sha256 = arguments
    POINTS[point]()
    flows.run.execution.execute(load_settings(), sha256)
