"""When an order was executed, whatever the zone of TWS, of the broker and of this computer."""

import pytest

from tests.ibkr.fake_gateway import execution
from tests.ibkr.fake_orders import lists

EXECUTION_ID, EXECUTED_AT = 14, 15  # places in the message


def executed(at, **changes):
    row = execution(0, 1, "e.01.01", "a", **changes)
    row[EXECUTED_AT] = at
    return row


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("20260824-20:00:12", "2026-08-24T20:00:12+00:00"),
        ("20260824 23:00:12", "2026-08-24T20:00:12+00:00"),  # the greeting says EET
        ("20260824 22:00:12 Central European Summer Time", "2026-08-24T20:00:12+00:00"),
    ],
)
def test_executions_are_told_in_utc_on_every_host(orders, host_zone, text, told):
    _, tools = orders(lists(executed=[executed(text)]))
    (fill,) = tools.executions().fills
    assert fill.time.isoformat() == told


def test_a_time_that_cannot_be_read_costs_the_time_and_not_the_execution(orders):
    odd = executed("20260824 22:00:12 Nowhere/At all")
    odd[EXECUTION_ID] = "e.02.01"
    _, tools = orders(lists(executed=[odd, executed("20260824-20:00:12")]))
    told = [(fill.execution_id, fill.time is None) for fill in tools.executions().fills]
    assert told == [("e.01.01", False), ("e.02.01", True)]
