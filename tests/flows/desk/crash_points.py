"""Executes tickets in child processes that are killed at a given point; run as a script.

Reads lines ``POINT HASH`` from standard input. For each, forks a child that executes the ticket and
kills itself with SIGKILL at the point, then prints how the child ended: ``killed`` or ``exit N``.
One process imports everything once; each child begins as fresh as a new one would.
"""

import os
import signal
import sys

import flows.run.execution
import journal
from core.settings import load_settings
from desk.orders import intents
from ibkr.orders import send
from ibkr.orders.trading import TradingTools
from simulator import process  # noqa: F401 - imported before the fork, like everything else

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


def execute(point, sha256):
    POINTS[point]()
    flows.run.execution.execute(load_settings(), sha256)


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main():
    say("ready")
    for line in sys.stdin:
        point, sha256 = line.strip().rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            execute(point, sha256)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        code = os.waitstatus_to_exitcode(status)
        say("killed" if code == -signal.SIGKILL else f"exit {code}")


if __name__ == "__main__":
    main()
