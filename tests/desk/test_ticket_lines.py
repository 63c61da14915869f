"""Orders on the ticket and in records."""

import json
import math
from dataclasses import replace

import pytest

from core.canonical import canonical_json, plain
from core.decoding import decode
from core.types import Order, Side, WhatIf
from desk.tickets.ticket_lines import Basis, ticket_line
from risk.what_if_answers import Action, Asked, Step
from tests.tasks.a_day import an_order

BASIS = Basis(
    price=10.0, worth=10.0, weight_before=0.01, alpha_score=0.3, overridden=False, adv=1e4
)


def a_line(order, *, asked=None, beside="", **basis):
    basis = replace(BASIS, **basis)
    return ticket_line(order, basis, net_asset_value=1e5, asked=asked, beside=beside)


def test_orders_written_as_json_read_back_the_same():
    orders = an_order(), an_order(side=Side.SELL, limit_price=None, order_ref="other")
    assert decode(tuple[Order, ...], json.loads(canonical_json(plain(orders)))) == orders


@pytest.mark.parametrize(("side", "after"), [(Side.BUY, 0.03), (Side.SELL, -0.01)])
def test_the_weight_after_an_order_is_the_weight_before_plus_its_value(side, after):
    line = a_line(an_order(side=side, quantity=200))  # 200 shares at 10 are 2 % of 100,000
    assert line.notional == 2000.0
    assert math.isclose(line.weight_after, after)
    assert math.isclose(line.adv_share, 0.02)


@pytest.mark.parametrize("adv", [None, 0.0])
def test_an_unknown_volume_is_shown_as_unknown_and_never_as_no_share_of_it(adv):
    assert a_line(an_order(), adv=adv).adv_share is None


def test_an_order_that_was_not_rehearsed_has_no_margin_and_no_commission():
    line = a_line(an_order())
    assert (line.maintenance_margin_change, line.commission, line.flag) == (None, None, "")


def test_a_reviewer_sees_what_was_sized_down_and_what_was_overridden():
    answer = WhatIf("ref", accepted=True, reason="", maintenance_margin_change=500.0,
                    commission=1.0)  # fmt: skip
    asked = Asked(250, Step("ref", 200, answer, Action.KEPT, ""))
    line = a_line(an_order(quantity=200), asked=asked, overridden=True)
    assert line.flag == "sized down from 250, override"
    assert (line.maintenance_margin_change, line.commission) == (500.0, 1.0)


def test_a_reviewer_sees_what_others_have_open_in_the_name():
    assert a_line(an_order(), beside="SELL 50").flag == "also open by hand: SELL 50"


def test_the_value_of_an_order_in_pence_is_in_the_base_currency():
    # 200 shares at 80 pence, a share worth 1.00: 200, not 16,000.
    line = a_line(an_order(), price=80.0, worth=1.0)
    assert (line.reference_price, line.notional) == (80.0, 200.0)
    assert math.isclose(line.weight_after, 0.012)
