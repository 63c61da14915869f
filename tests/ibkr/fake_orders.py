"""Orders at a broker of a few lines, which says and lists what it is told to."""

from dataclasses import replace

from core.types import Order, OrderType, Side
from tests.ibkr.fake_gateway import (
    COMPLETED,
    EXECUTIONS,
    OPEN,
    PLACE,
    UNSET,
    open_order,
    order_status,
)

MARGIN = {
    "init_before": "0", "maint_before": "0", "equity_before": "100000",
    "init_change": "500.5", "maint_change": "250.25", "equity_change": "-1",
    "init_after": "500.5", "maint_after": "250.25", "equity_after": "99999", "commission": "1.0",
}  # fmt: skip
SENTINELS = dict.fromkeys(MARGIN, UNSET) | {"commission": ""}


def an_order(order_ref="one", **changes):
    plain = Order(
        con_id=265598,
        symbol="AAPL",
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        limit_price=100.0,
        time_in_force="DAY",
        order_ref=order_ref,
    )
    return replace(plain, **changes)


def lists(opened=(), completed=(), executed=(), charges=()):
    """Answer the three lists; each may be a function, called when it is asked for."""

    def rows(source):
        return source() if callable(source) else source

    def executions(gateway, fields):
        answers = [[row[0], fields[2], *row[2:]] for row in rows(executed)]
        gateway.say(*answers, *rows(charges), [55, 1, fields[2]])

    return {
        OPEN: lambda g, _f: g.say(*rows(opened), [53, 1]),
        COMPLETED: lambda g, _f: g.say(*rows(completed), [102]),
        EXECUTIONS: executions,
    }


class Broker:
    """Remembers what it was sent and lists it afterwards, whatever it says meanwhile."""

    def __init__(self, say=lambda _g, _oid, _ref: None, *, status="Submitted", lists_it=True):
        self.sent = []
        self._say, self._status, self._lists_it = say, status, lists_it

    def place(self, gateway, fields):
        self.sent.append((int(fields[1]), fields[26]))
        self._say(gateway, *self.sent[-1])

    def opened(self):
        listed = self.sent if self._lists_it else []
        return [
            message
            for oid, ref in listed
            for message in (
                open_order(oid, ref, perm_id=100 + oid, status=self._status),
                order_status(oid, self._status, perm_id=100 + oid),
            )
        ]

    @property
    def answers(self):
        return {PLACE: self.place, **lists(opened=self.opened)}


def acknowledge(gateway, order_id, order_ref):
    gateway.say(open_order(order_id, order_ref, perm_id=100 + order_id))
