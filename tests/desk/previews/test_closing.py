"""What one order opened is closed by its id: all of it, never more, never twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import DataError
from core.types import OrderStatus, Side
from desk import kill_switch
from desk.errors import GateRefused, OrdersAltered, Stopped, UnknownTrade
from desk.previews import open_trades
from desk.previews.order_preview import OrderRequest, preview_close, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.audit import trail
from tests.desk.desk_harness import MONDAY, NOW
from tests.desk.orders.edited_rows import HARMLESS, Kept, edit, unfound

AFTER_OPEN = MONDAY.open + timedelta(minutes=5)


def placed(desk, order):
    """Preview and place an order as a person would."""
    given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
             "settings": desk.settings}  # fmt: skip
    request = OrderRequest(order.symbol, order.side, order.quantity, order.limit_price)
    return place_previewed(preview_order(request, **given).token, **given)


def close(desk, trade_id, **changes):
    given = {"gateway": desk.gateway(), "store": desk.store, "caller": "ana", "now": NOW,
             "settings": desk.settings}  # fmt: skip
    return preview_close(trade_id, **given | changes)


def place(desk, found):
    return place_previewed(
        found.token,
        gateway=desk.gateway(),
        store=desk.store,
        caller="ana",
        now=NOW,
        settings=desk.settings,
    )


@pytest.fixture
def bought(desk):
    """Return the filled order of a stock that was bought through the desk."""
    state = placed(desk, desk.an_order(0))
    desk.advance_to(AFTER_OPEN)
    assert desk.gateway().trading.order_states()[state.order_ref].status is OrderStatus.FILLED
    return state


def shares(desk):
    return {p.con_id: p.quantity for p in desk.gateway().portfolio.snapshot().positions}


def test_a_trade_is_closed_whole_by_its_id(desk, bought):
    found = close(desk, bought.order_ref)
    assert found.passed
    assert (found.order.side, found.order.quantity) == (Side.SELL, bought.quantity)
    assert found.order.con_id == bought.con_id
    state = place(desk, found)
    desk.advance_to(AFTER_OPEN + timedelta(minutes=1))
    assert desk.gateway().trading.order_states()[state.order_ref].status is OrderStatus.FILLED
    assert shares(desk) == {}
    assert [act.detail["closes"] for act in trail(desk.store) if "closes" in act.detail] == [
        bought.order_ref
    ]


def test_an_edit_of_what_an_order_closes_is_found_and_nothing_more_is_sent(desk, bought):
    place(desk, close(desk, bought.order_ref, quantity=2))
    kept = Kept(desk, desk.account)
    assert "closings" in {table for table, *_ in kept.cells()}
    assert unfound(kept) <= HARMLESS
    assert kept.after("DELETE FROM closings")
    edit(kept.path, "DELETE FROM closings")  # as if nothing of the trade was about to be closed
    before = desk.at_exchange()
    with pytest.raises(OrdersAltered, match="closings"):
        close(desk.restarted(), bought.order_ref)
    assert desk.at_exchange() == before


def test_a_short_trade_is_closed_by_buying(desk):
    state = placed(desk, desk.an_order(1, side=Side.SELL))
    desk.advance_to(AFTER_OPEN)
    found = close(desk, state.order_ref)
    assert (found.order.side, found.order.quantity) == (Side.BUY, state.quantity)


def test_what_was_closed_is_not_closed_again(desk, bought):
    place(desk, close(desk, bought.order_ref))
    with pytest.raises(DataError, match="nothing is left"):
        close(desk, bought.order_ref)


def test_two_tokens_for_one_trade_never_turn_the_position_round(desk, bought):
    first, second = close(desk, bought.order_ref), close(desk, bought.order_ref)
    assert second.passed
    place(desk, first)
    with pytest.raises(GateRefused, match="open quantity"):
        place(desk, second)
    desk.advance_to(AFTER_OPEN + timedelta(minutes=1))
    assert shares(desk) == {}


def test_a_part_can_be_closed_and_the_rest_is_left(desk, bought):
    place(desk, close(desk, bought.order_ref, quantity=10))
    desk.advance_to(AFTER_OPEN + timedelta(minutes=1))
    found = close(desk, bought.order_ref)
    assert found.order.quantity == bought.quantity - 10


def test_more_than_is_left_gets_no_token(desk, bought):
    found = close(desk, bought.order_ref, quantity=int(bought.quantity) + 1)
    assert not found.passed
    (failed,) = [check for check in found.checks if not check.passed]
    assert (failed.name, failed.limit) == ("open quantity", bought.quantity)


def test_what_a_person_sold_by_hand_is_not_sold_again(desk, bought):
    desk.held(desk.an_order(0), -int(bought.quantity) + 7)
    assert close(desk, bought.order_ref).order.quantity == 7
    desk.held(replace(desk.an_order(0), symbol=bought.symbol), -7)
    with pytest.raises(DataError, match="0 held"):
        close(desk, bought.order_ref)


def test_an_order_that_has_not_filled_leaves_nothing_to_close(desk):
    state = placed(desk, desk.an_order(0))
    with pytest.raises(DataError, match="0 opened"):
        close(desk, state.order_ref)


def test_an_unknown_trade_and_one_of_another_desk_are_named(desk):
    with pytest.raises(UnknownTrade, match="never placed an order 'DB1:NOPE'"):
        close(desk, "DB1:NOPE")


@pytest.mark.parametrize("odd", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_closes_nothing(desk, bought, odd):
    with pytest.raises(DataError, match="is not above zero"):
        close(desk, bought.order_ref, limit_price=odd)


def test_a_reducing_switch_lets_a_trade_be_closed_and_a_halted_one_does_not(desk, bought):
    kill_switch.stop(desk.store, by="ana", reason="test", now=NOW, reducing=True)
    assert close(desk, bought.order_ref).passed
    kill_switch.stop(desk.store, by="ana", reason="test", now=NOW)
    with pytest.raises(Stopped):
        close(desk, bought.order_ref)


def test_trades_are_listed_with_what_is_left_and_closing_orders_are_none(desk, bought):
    place(desk, close(desk, bought.order_ref, quantity=10))
    desk.advance_to(AFTER_OPEN + timedelta(minutes=1))
    ((trade, left),) = open_trades.look(desk.gateway(), desk.store).trades
    assert (trade.trade_id, trade.opened, trade.closed) == (
        bought.order_ref, bought.quantity, 10.0,
    )  # fmt: skip
    assert left == bought.quantity - 10
    assert open_trades.look(desk.gateway(), desk.store, "NOPE").trades == ()


def test_a_fill_that_the_desk_has_not_seen_yet_is_listed_too(desk):
    state = placed(desk, desk.an_order(0))
    desk.advance_to(AFTER_OPEN)
    ((trade, left),) = open_trades.look(desk.gateway(), desk.store).trades
    assert (trade.trade_id, left) == (state.order_ref, state.quantity)


def test_a_trade_outlives_the_desks_process(desk, bought):
    first = close(desk, bought.order_ref)
    place(desk.restarted(), first)
    with pytest.raises(DataError, match="nothing is left"):
        close(desk.restarted(), bought.order_ref)
