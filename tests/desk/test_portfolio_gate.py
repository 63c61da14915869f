"""A batch beside what works at the broker already."""

from dataclasses import replace

import pytest

from core.types import OrderState, OrderStatus, Side
from desk.gate.desk_gate import exposure, weighed
from desk.gate.portfolio_gate import Batch
from tests.tasks.a_day import a_snapshot, an_order

PRICES = {1: 10.0, 2: 20.0}
OWN = OrderState("DB1:X", 2, "XYZ", Side.SELL, 100.0, OrderStatus.WORKING, 50.0, 9)


def a_batch(*working):
    order = an_order(order_ref="DB1:A")
    return Batch({1: 0.02, 2: 0.0}, (order,), a_snapshot(), working)


def judged(batch):
    held = exposure(batch.snapshot, batch.others)
    return batch.targets(PRICES, held), weighed(held.foreign, PRICES, held.net_asset_value)


def test_an_order_of_its_own_name_is_the_same_order_sent_before():
    same = replace(OWN, order_ref="DB1:A", con_id=1)
    assert judged(a_batch(same)) == ({1: 0.02}, [])


def test_what_is_left_of_an_earlier_order_of_ours_belongs_to_the_target():
    targets, foreign = judged(a_batch(OWN))
    assert targets == {1: 0.02, 2: pytest.approx(-50 * 20.0 / 100_000)}
    assert foreign == []


@pytest.mark.parametrize("ref", ["", "robot:1"])
def test_orders_of_others_stay_apart_because_they_may_not_fill(ref):
    targets, foreign = judged(a_batch(replace(OWN, order_ref=ref)))
    assert targets == {1: 0.02}
    assert foreign == [(2, pytest.approx(-0.01))]
