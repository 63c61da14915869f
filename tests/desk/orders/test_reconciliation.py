"""Every fate of every order at every point of a crash; and what the broker shows, kept."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from core.money import BASE, Money, Rates
from core.types import Fill, OrderState, OrderStatus, Side
from desk.orders import intents
from desk.orders.intents import IntentState
from desk.orders.position_check import unreported
from desk.orders.reconciliation import reconcile
from desk.records.order_events import last_seen, remember
from desk.records.schema import DESK_SCHEMA
from desk.tickets import ticket_store
from tests.desk.desk_harness import MONDAY, NOW, Faulty, Stage
from tests.fixtures.tiers import size

FATES = ("delivered", "lost", "late")


class Killed(BaseException):
    """The process died."""


class Wire:
    """Trading tools whose bytes arrive, are lost, or arrive after the process has died."""

    def __init__(self, real, fates, *, dies_after):
        self._real, self._fates, self._dies_after = real, fates, dies_after
        self.late = []

    def place_orders(self, orders, *, timeout, leaving=None):
        for number, (order, fate) in enumerate(zip(orders, self._fates, strict=True)):
            if number == self._dies_after:
                raise Killed
            if fate == "delivered":
                self._real.place_orders([order], timeout=timeout)
            elif fate == "late":
                self.late.append(order)
        raise Killed  # after the last byte, before a word of it was written down

    def arrive(self):
        for order in self.late:
            self._real.place_orders([order], timeout=0.1)


def fates_of(dies_after):
    """Return every fate of the orders whose bytes leave before the crash."""
    return [(*fates, *["lost"] * (3 - dies_after)) for fates in product(FATES, repeat=dies_after)]


@pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
def test_no_crash_and_no_fate_of_any_order_makes_a_second_one_or_loses_one(
    tmp_path_factory, dies_after
):
    for fates, early in list(product(fates_of(dies_after), (True, False)))[:: size(1, 5)]:
        if early and "late" not in fates:
            continue
        stage = Stage(tmp_path_factory.mktemp("desk"))
        try:
            crash_and_restart(stage, fates, dies_after=dies_after, arrives_early=early)
        finally:
            stage.close()


def crash_and_restart(desk, fates, *, dies_after, arrives_early):
    sha256 = desk.approved(*(desk.an_order(n) for n in range(3)))
    wire = Wire(desk.gateway().trading, fates, dies_after=dies_after)
    with pytest.raises(Killed):
        desk.submit(sha256, desk.faulty_trading(place_orders=wire.place_orders))
    if arrives_early:
        wire.arrive()
    outcome = desk.restarted().submit(sha256)
    if not arrives_early:
        wire.arrive()
    final = desk.submit(sha256)
    known = desk.gateway().trading.order_states()
    assert len(final.states) == 3
    for state in final.states:  # every order is at the broker, or said to be uncertain
        assert (state.order_ref in known) != (state.status is OrderStatus.UNCERTAIN)
    assert len(set(desk.at_exchange())) == len(desk.at_exchange())
    assert outcome.sent == final.sent == 0  # a byte of each may have left: none is sent again


def test_an_order_that_left_and_is_not_shown_is_asked_for_again(desk):
    order = desk.an_order(0)
    sha256 = desk.approved(order)
    intents.commit_ticket(desk.store, ticket_store.fetch(desk.store, sha256), now=NOW)
    intents.mark(desk.store, [order.order_ref], IntentState.SENT, now=NOW)
    waited = []

    def arrives_meanwhile(seconds):
        waited.append(seconds)
        if len(waited) == 2:
            desk.gateway().trading.place_orders([order], timeout=0.1)

    found = reconcile(
        desk.store,
        desk.gateway().trading,
        account=desk.account,
        session=MONDAY.day,
        now=NOW,
        patience=15.0,
        pause=arrives_meanwhile,
    )
    assert waited == [2.0, 2.0]
    assert found.states[order.order_ref].status is OrderStatus.WORKING
    assert desk.intent_states(sha256) == ["acknowledged"]


def test_an_uncertain_order_counts_as_working(desk):
    order = desk.an_order(0)
    sha256 = desk.approved(order)
    intents.commit_ticket(desk.store, ticket_store.fetch(desk.store, sha256), now=NOW)
    intents.mark(desk.store, [order.order_ref], IntentState.SENT, now=NOW)
    found = reconcile(
        desk.store, desk.gateway().trading, account=desk.account, session=MONDAY.day, now=NOW
    )
    assert [state.order_ref for state in found.working] == [order.order_ref]
    assert [state.symbol for state in found.uncertain] == [order.symbol]
    assert found.sendable == ()


def test_an_order_seen_working_that_the_broker_no_longer_shows_is_uncertain_not_over(desk):
    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256)
    gone = Faulty(desk.gateway().trading, order_states=dict)
    (state,) = desk.submit(sha256, desk.gateway(trading=gone)).states
    assert state.status is OrderStatus.UNCERTAIN
    assert "was working" in state.message


def test_a_filled_order_stays_filled_when_the_broker_forgets_it_overnight(desk):
    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256)
    desk.advance_to(MONDAY.open + timedelta(minutes=1))
    (filled,) = desk.submit(sha256).states
    gone = Faulty(desk.gateway().trading, order_states=dict)
    (later,) = desk.restarted().submit(sha256, desk.gateway(trading=gone)).states
    assert filled.status is later.status is OrderStatus.FILLED
    assert later.fills == filled.fills != ()


# What is kept


@pytest.fixture
def committed(desk):
    order = desk.an_order(0)
    sha256 = desk.approved(order)
    intents.commit_ticket(desk.store, ticket_store.fetch(desk.store, sha256), now=NOW)
    return order


def a_fill(order, number, correction="01", commission=None):
    return Fill(
        f"x.{number:02d}.{correction}", order.order_ref, order.con_id, order.symbol, Side.BUY,
        10.0, 5.0, NOW, commission,
    )  # fmt: skip


def shown(order, *fills, status=OrderStatus.WORKING):
    filled = sum(fill.quantity for fill in fills)
    return OrderState(
        order.order_ref, order.con_id, order.symbol, order.side, float(order.quantity),
        status, filled, 7, "", fills,
    )  # fmt: skip


def kept(desk, order):
    return last_seen(desk.restarted().store, [order])[order.order_ref]


def test_fills_are_counted_once_however_often_they_are_shown(desk, committed):
    state = shown(committed, a_fill(committed, 1), a_fill(committed, 2))
    for _ in range(3):
        remember(desk.store, [state], now=NOW)
    assert kept(desk, committed) == state


def test_a_commission_that_comes_later_is_added_and_never_lost_again(desk, committed):
    first, charged = a_fill(committed, 1), a_fill(committed, 1, commission=Money(1.25, "EUR"))
    for fill in (first, charged, first):
        remember(desk.store, [shown(committed, fill)], now=NOW)
    assert kept(desk, committed).fills == (charged,)


def test_a_commission_that_the_broker_tells_only_its_sender_is_taken_from_the_record(desk):
    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256)
    desk.advance_to(MONDAY.open + timedelta(minutes=1))
    (filled,) = desk.submit(sha256).states
    assert [fill.commission for fill in filled.fills] != [None]
    untold = replace(filled, fills=tuple(replace(f, commission=None) for f in filled.fills))
    other = Faulty(desk.gateway().trading, order_states=lambda: {filled.order_ref: untold})
    (state,) = desk.submit(sha256, desk.gateway(trading=other)).states
    assert state.fills == filled.fills


@pytest.mark.parametrize("said", [None, 0.0], ids=["by its status filled", "not even that"])
def test_executions_that_the_broker_lists_no_more_are_taken_from_the_record(desk, said):
    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256)
    desk.advance_to(MONDAY.open + timedelta(minutes=1))
    (filled,) = desk.submit(sha256).states
    bare = replace(filled, fills=(), filled=filled.filled if said is None else said)
    other = Faulty(desk.gateway().trading, order_states=lambda: {filled.order_ref: bare})
    (state,) = desk.submit(sha256, desk.gateway(trading=other)).states
    assert (state.fills, state.filled) == (filled.fills, filled.filled)
    assert len(state.fills) > 0
    assert unreported([state]) == ()


def test_what_was_filled_beyond_the_record_is_still_without_an_execution(desk, committed):
    seen = shown(committed, a_fill(committed, 1))
    remember(desk.store, [seen], now=NOW)
    more = replace(seen, fills=(), filled=15.0)
    trading = Faulty(desk.gateway().trading, order_states=lambda: {seen.order_ref: more})
    found = reconcile(
        desk.store, trading, account=desk.account, session=MONDAY.day, now=NOW
    ).states[seen.order_ref]
    assert (found.fills, found.filled) == (seen.fills, 15.0)
    (missing,) = unreported([found])
    assert missing.quantity == 5.0


def test_a_commission_of_before_currencies_were_kept_is_in_the_accounts_own(desk, committed):
    charged = a_fill(committed, 1, commission=Money(1.25, "USD"))
    remember(desk.store, [shown(committed, charged)], now=NOW)
    with desk.store.transaction() as connection:  # as version 2 of the desk left it
        connection.exec_driver_sql("ALTER TABLE fills DROP COLUMN commission_currency")
        connection.execute(sa.update(DESK_SCHEMA).values(version=2))
    (fill,) = kept(desk, committed).fills
    assert fill == replace(charged, commission=Money(1.25, BASE))
    assert Rates("JPY").in_base(fill.commission) == Money(1.25, "JPY")


def test_a_corrected_execution_replaces_the_one_before(desk, committed):
    remember(desk.store, [shown(committed, a_fill(committed, 1))], now=NOW)
    corrected = replace(a_fill(committed, 1, correction="02"), quantity=8.0)
    remember(desk.store, [shown(committed, corrected)], now=NOW)
    assert kept(desk, committed).fills == (corrected,)


def test_fills_are_kept_when_the_broker_no_longer_lists_them(desk, committed):
    whole = shown(committed, a_fill(committed, 1), status=OrderStatus.FILLED)
    remember(desk.store, [whole], now=NOW)
    remember(desk.store, [replace(whole, fills=())], now=NOW)
    assert kept(desk, committed).fills == whole.fills
