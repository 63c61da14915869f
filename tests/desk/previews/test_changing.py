"""An order that works gets new terms by preview and token, through the whole gate, and once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import DataError, NoData, RequestRefused
from core.settings import LimitSettings
from core.types import OrderStatus, OrderType
from desk import kill_switch
from desk.errors import (
    GateRefused,
    NotPermitted,
    Stopped,
    TokenAltered,
    TokenExpired,
    TokenForeign,
    TokenUsed,
)
from desk.orders import intents
from desk.orders.cancellation import cancel_everything
from desk.previews.order_change import ChangeRequest, place_change, preview_change, sender_of
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.audit import trail
from ibkr.orders.modify import Change
from tests.desk.desk_harness import MONDAY, NOW, Faulty
from tests.desk.socket_harness import SocketStage

pytestmark = pytest.mark.world


@pytest.fixture
def desk(tmp_path):
    stage = SocketStage(tmp_path)
    yield stage
    stage.close()


def given(desk, gateway=None, **changes):
    plain = {"gateway": gateway or desk.gateway(), "store": desk.store, "caller": "ana",
             "now": NOW, "settings": desk.settings}  # fmt: skip
    return plain | changes


def token_of_a_new_order(desk, index=0):
    order = desk.an_order(index)
    request = OrderRequest(order.symbol, order.side, order.quantity, order.limit_price)
    return preview_order(request, **given(desk)).token


@pytest.fixture
def works(desk):
    """Return the state of an order that waits for the open."""
    return place_previewed(token_of_a_new_order(desk), **given(desk))


def preview(desk, works, gateway=None, **changes):
    others = {name: changes.pop(name) for name in ("caller", "now", "settings") if name in changes}
    return preview_change(
        ChangeRequest(works.order_ref, **changes), **given(desk, gateway, **others)
    )


def place(desk, token, gateway=None, **changes):
    return place_change(token, **given(desk, gateway, **changes))


def at_the_broker(desk, ref):
    (order,) = [o for o in desk.gateway().orders.open_orders().orders if o.order_ref == ref]
    return order


def test_new_terms_are_previewed_placed_and_seen_at_the_broker(desk, works):
    before = at_the_broker(desk, works.order_ref)
    found = preview(desk, works, quantity=11, limit_price=before.limit_price - 0.5)
    assert found.passed
    assert at_the_broker(desk, works.order_ref) == before  # a preview sends nothing
    change = place(desk, found.token)
    after = at_the_broker(desk, works.order_ref)
    assert change.confirmed
    assert (after.quantity, after.limit_price) == (11.0, before.limit_price - 0.5)
    assert (after.perm_id, desk.placed()) == (before.perm_id, ["placed", "modified"])


def test_what_is_left_out_stays_as_the_broker_has_it(desk, works):
    before = at_the_broker(desk, works.order_ref)
    found = preview(desk, works, quantity=11)
    assert (found.order.quantity, found.order.limit_price) == (11, before.limit_price)


def test_the_desk_remembers_the_new_terms_and_who_sent_them(desk, works):
    place(desk, preview(desk, works, quantity=11).token)
    (intent,) = intents.of_names(desk.restarted().store, [works.order_ref])
    assert intent.order.quantity == 11
    acts = [(act.actor, act.action) for act in trail(desk.store)]
    assert acts[-3:] == [("ana", "used"), ("ana", "changing"), ("ana", "changed")]


def test_the_old_terms_do_not_count_beside_the_new_ones(desk, works):
    # Counted twice, an order near a limit could not even be made smaller.
    limits = LimitSettings(max_single=0.035)
    tight = desk.settings.model_copy(update={"limits": limits})
    before = at_the_broker(desk, works.order_ref)
    smaller = preview(desk, works, quantity=int(before.quantity) - 1, settings=tight)
    assert [check.name for check in smaller.checks if not check.passed] == []


def test_terms_beyond_a_limit_get_no_token(desk, works):
    before = at_the_broker(desk, works.order_ref)
    far = preview(desk, works, limit_price=round(before.limit_price * 1.3, 2))
    assert not far.passed
    assert any("price collar" in check.name for check in far.checks if not check.passed)
    huge = preview(desk, works, quantity=int(before.quantity) * 40)
    assert huge.token is None


@pytest.mark.parametrize("odd", [0.0, -3.0, float("nan"), float("inf")])
def test_a_price_that_is_none_is_refused(desk, works, odd):
    with pytest.raises(DataError, match="is not above zero"):
        preview(desk, works, limit_price=odd)


def test_a_change_that_changes_nothing_is_refused(desk, works):
    before = at_the_broker(desk, works.order_ref)
    with pytest.raises(DataError, match="already"):
        preview(desk, works, quantity=int(before.quantity))


def test_an_order_of_nobody_here_is_not_changed_here(desk):
    with pytest.raises(NoData, match="never committed"):
        preview_change(ChangeRequest("DB1:NOPE", 1), **given(desk))


def test_an_order_that_is_over_is_not_changed(desk, works):
    token = preview(desk, works, quantity=11).token
    desk.advance_to(MONDAY.open + timedelta(minutes=1))
    with pytest.raises(DataError, match="is no longer open"):
        preview(desk, works, quantity=12)
    with pytest.raises(DataError, match="is no longer open"):
        place(desk, token)
    assert desk.placed() == ["placed"]


def test_a_halted_desk_changes_nothing(desk, works):
    token = preview(desk, works, quantity=11).token
    kill_switch.stop(desk.store, by="ana", reason="test", now=NOW)
    with pytest.raises(Stopped):
        preview(desk, works, quantity=12)
    with pytest.raises(Stopped):
        place(desk, token)
    assert desk.placed() == ["placed"]


def test_a_token_of_a_change_is_good_once_for_its_owner_and_not_for_long(desk, works):
    token = preview(desk, works, quantity=11).token
    with pytest.raises(TokenForeign):
        place(desk, token, caller="mallory")
    with pytest.raises(TokenExpired):
        place(desk, token, now=NOW + timedelta(seconds=121))
    with pytest.raises(TokenAltered):
        place(desk, token + "0")
    assert place(desk, token).confirmed
    with pytest.raises(TokenUsed):
        place(desk, token)
    assert desk.placed() == ["placed", "modified"]


def test_a_token_of_a_change_places_no_order_and_the_other_way_round(desk, works):
    of_change, of_order = preview(desk, works, quantity=11).token, token_of_a_new_order(desk, 1)
    with pytest.raises(NotPermitted, match="changes an order"):
        place_previewed(of_change, **given(desk))
    with pytest.raises(NotPermitted, match="places a new order"):
        place(desk, of_order)
    assert desk.placed() == ["placed"]


def test_limits_that_changed_since_the_preview_are_noticed(desk, works):
    token = preview(desk, works, quantity=11).token
    other = desk.settings.model_copy(update={"limits": LimitSettings(max_single=0.11)})
    with pytest.raises(NotPermitted, match="no longer those of the preview"):
        place(desk, token, settings=other)


def test_the_whole_gate_runs_again_before_a_change_is_sent(desk, works):
    token = preview(desk, works, quantity=11).token
    refusing = Faulty(
        desk.gateway().trading,
        what_if=lambda order: replace(
            desk.gateway().trading.what_if(order), accepted=False, reason="no margin"
        ),
    )
    with pytest.raises(GateRefused, match="no margin"):
        place(desk, token, desk.gateway(trading=refusing))
    assert desk.placed() == ["placed"]


def test_only_the_client_that_placed_an_order_changes_it_and_it_is_known_beforehand(desk, works):
    other = desk.gateway(client_id=5)
    found = preview(desk, works, other, quantity=11)
    assert sender_of(desk.store, found.token) == 12
    assert sender_of(desk.store, "no such token") is None
    with pytest.raises(RequestRefused, match="client id 12"):
        place(desk, found.token, other)
    before = at_the_broker(desk, works.order_ref)
    (intent,) = intents.of_names(desk.store, [works.order_ref])
    assert intent.order.quantity == before.quantity  # nothing left, so nothing counts
    again = preview(desk, works, other, quantity=11)
    assert place(desk, again.token).confirmed


def test_a_change_without_confirmation_counts_at_its_larger_quantity(desk, works):
    before = at_the_broker(desk, works.order_ref)

    def unanswered(order, *, timeout):
        return Change(works, confirmed=False, reason="not confirmed within 0.2 s")

    deaf = desk.gateway(orders=Faulty(desk.gateway().orders, modify=unanswered))
    larger = int(before.quantity) + 5
    change = place(desk, preview(desk, works, quantity=larger).token, deaf)
    assert not change.confirmed
    (intent,) = intents.of_names(desk.store, [works.order_ref])
    assert intent.order.quantity == larger
    assert trail(desk.store)[-1].detail["confirmed"] is False


def test_everything_is_cancelled_whoever_placed_it_and_the_trail_says_who_asked(desk, works):
    by_hand = replace(
        desk.an_order(2), order_type=OrderType.LIMIT, limit_price=1.0, order_ref="hand:2"
    )
    desk.gateway(client_id=3).trading.place_orders([by_hand], timeout=2)
    done = cancel_everything(
        desk.gateway(), desk.store, by="ana", reason="drill", timeout=5, now=NOW
    )
    assert done.flat
    assert {order.order_ref for order in done.asked} == {works.order_ref, "hand:2"}
    assert desk.gateway().orders.status(works.order_ref).status is OrderStatus.CANCELLED
    first, last = trail(desk.store)[-2:]
    assert (first.actor, first.detail) == ("ana", {"reason": "drill"})
    assert last.detail["left"] == []
