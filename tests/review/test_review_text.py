from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import OrderStatus, Side
from review import text
from review.verdict import Verdict

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("DU1234345", "DU****345"),
        ("U1234567", "U****567"),
        ("DUSIM0001", "DU****001"),
        ("DU12", "DU****"),
        ("12345", "****"),
        ("", "****"),
    ],
)
def test_an_account_is_masked(account, shown):
    assert text.masked(account) == shown


@given(account=st.text(min_size=1, max_size=30))
def test_at_least_three_characters_of_an_account_stay_hidden(account):
    visible = text.masked(account).replace("*", "")
    assert len(visible) <= max(len(account) - 3, 2)


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_number_is_a_dash(unknown):
    assert text.number(unknown) == text.percent(unknown) == text.UNKNOWN


@pytest.mark.parametrize(
    ("value", "digits", "signed", "shown"),
    [
        (1234567.891, 0, False, "1,234,568"),
        (0.64, 2, True, "+0.64"),
        (-0.5, 2, True, f"{text.MINUS}0.50"),
        (-0.001, 2, True, "0.00"),
        (0.0, 2, True, "0.00"),
    ],
)
def test_numbers_are_written_for_people(value, digits, signed, shown):
    assert text.number(value, digits, signed=signed) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59.94, "59.9 s"), (59.96, "1:00 min"), (581, "9:41 min")],
)
def test_durations_never_show_sixty_seconds(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"), [(124, "2 h 04 m"), (0.5, "0 h 00 m"), (-5, "0 h 00 m")]
)
def test_the_time_to_the_open_is_never_negative(minutes, shown):
    assert text.until(NOON, NOON + timedelta(minutes=minutes)) == shown


def test_an_execution_counts_what_became_of_each_order(a_day):
    import dataclasses

    day = a_day(verdict=Verdict.PARTLY_FILLED)
    states = [OrderStatus.FILLED, OrderStatus.FILLED, OrderStatus.WORKING]
    orders = [dataclasses.replace(o, status=s) for o, s in zip(day.orders, states, strict=False)]
    orders.append(day.orders[3])
    assert text.headline(a_day(verdict=Verdict.PARTLY_FILLED, orders=tuple(orders))) == (
        "3 orders sent: 2 filled, 1 working"
    )


def test_the_volume_is_only_said_when_every_value_is_known(a_day, some_orders):
    import dataclasses

    orders = some_orders(2)
    assert [o.side for o in orders] == [Side.BUY, Side.SELL]
    assert text.volume(a_day(orders=orders)) == "2 orders: buy 8,624, sell 8,624 USD"
    unknown = (orders[0], dataclasses.replace(orders[1], value=None))
    assert text.volume(a_day(orders=unknown)) == "2 orders"


def test_the_totals_of_the_rehearsal_are_of_the_orders_that_are_left(a_day):
    day = a_day()  # one order in full, one sized down, one removed
    assert text.what_if_totals(day) == (
        "what-if of 2 orders: Δ margin +24,140 USD, commissions 2.20"
    )
    kept, smaller, _ = day.what_ifs
    unknown = a_day(what_ifs=(kept, dataclasses.replace(smaller, commission=None)))
    assert text.what_if_totals(unknown).endswith("commissions 1.20 for 1")
    assert text.what_if_totals(a_day(what_ifs=())) == ""


def test_the_day_and_the_time_of_a_headline_are_of_the_same_zone():
    late = datetime(2026, 6, 14, 22, 30, tzinfo=UTC)
    assert (str(text.local_day(late)), text.local(late)) == ("2026-06-15", "01:30")
