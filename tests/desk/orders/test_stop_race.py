"""A stop by another process while a batch leaves: once it holds the disk, no later order leaves."""

import threading
import time
from contextlib import closing, contextmanager
from random import Random

from desk import kill_switch
from desk.records.store import DeskStore
from tests.desk.desk_harness import NOW

ORDERS = 14
TRIES = 12


def test_no_order_leaves_after_a_stop_that_came_while_the_batch_was_leaving(desk):
    sha256 = desk.approved(*(desk.an_order(n, weight=0.02) for n in range(ORDERS)))
    trading, draw, left = desk.gateway().trading, Random(10), []

    def place_orders(batch, *, timeout, leaving):
        stopper.start()

        @contextmanager
        def watched(order):
            time.sleep(0.003)  # a batch takes a while over a socket
            with leaving(order):
                yield
                left.append(time.monotonic())

        return trading.place_orders(batch, timeout=timeout, leaving=watched)

    def stop(stopped, after):
        time.sleep(after)
        other = DeskStore(desk.home / "desk.sqlite")
        with closing(other), other.transaction() as connection:
            stopped.append(time.monotonic())  # it has the disk: nobody can send beside it
            kill_switch.halt(connection, by="ana", reason="odd prices", now=NOW)

    in_the_middle = 0
    for _ in range(TRIES):
        before, stopped = len(left), []
        stopper = threading.Thread(target=stop, args=(stopped, draw.uniform(0.0, 0.015)))
        outcome = desk.submit(sha256, desk.faulty_trading(place_orders=place_orders))
        if not stopper.is_alive() and not stopped:
            break  # every order has left
        stopper.join()
        assert all(moment < stopped[0] for moment in left[before:])
        in_the_middle += bool(outcome.held_back and outcome.sent)
        kill_switch.resume(desk.store, by="bob", now=NOW)
    desk.submit(sha256)
    assert in_the_middle
    assert sorted(desk.at_exchange()) == sorted(set(desk.at_exchange()))
    assert len(desk.at_exchange()) == ORDERS
