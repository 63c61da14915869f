from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import DataError, GatewayTimeout, NoData
from core.settings import LimitSettings
from core.types import Increments, OrderStatus, Side, WhatIf
from desk import kill_switch
from desk.errors import (
    DeskBusy,
    GateRefused,
    NotPermitted,
    Stopped,
    TokenAltered,
    TokenExpired,
    TokenForeign,
    TokenUsed,
)
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from desk.records.order_events import newest
from desk.records.order_ref import order_ref
from desk.records.schema import PREVIEWS
from desk.records.store import DeskStore
from tests.desk.desk_harness import MONDAY, NOW, Faulty


def a_request(desk, index=0, *, weight=0.03, **changes):
    order = desk.an_order(index, weight=weight)
    plain = OrderRequest(order.symbol, order.side, order.quantity, order.limit_price)
    return replace(plain, **changes)


def preview(desk, request=None, gateway=None, **changes):
    given = {"caller": "agent", "now": NOW, "settings": desk.settings} | changes
    return preview_order(
        request or a_request(desk), gateway=gateway or desk.gateway(), store=desk.store, **given
    )


def place(desk, token, gateway=None, **changes):
    given = {"caller": "agent", "now": NOW, "settings": desk.settings} | changes
    return place_previewed(token, gateway=gateway or desk.gateway(), store=desk.store, **given)


def failed(preview):
    return [check.name for check in preview.checks if not check.passed]


def test_a_preview_sends_nothing_and_its_token_places_exactly_what_was_shown(desk):
    found = preview(desk)
    assert (found.passed, failed(found), desk.at_exchange()) == (True, [], [])
    assert found.what_if.accepted
    assert found.expires_at == NOW + timedelta(seconds=120)
    state = place(desk, found.token)
    shown = found.order
    assert (state.con_id, state.side, state.quantity) == (shown.con_id, shown.side, shown.quantity)
    assert state.status is OrderStatus.WORKING
    assert desk.at_exchange() == [state.order_ref]


def test_without_a_limit_the_order_is_limited_at_the_offset_from_the_reference(desk):
    found = preview(desk, a_request(desk, limit_price=None))
    assert found.order.limit_price == pytest.approx(found.reference_price * 1.01, abs=0.01)


def told(desk, **terms):
    """Return a gateway that says something else of how contracts trade."""
    market = desk.gateway().market

    def trading_terms(contracts, **options):
        found = market.trading_terms(contracts, **options)
        return {con_id: replace(one, **terms) for con_id, one in found.items()}

    return desk.gateway(market=Faulty(market, trading_terms=trading_terms))


@pytest.mark.parametrize(("side", "away"), [(Side.BUY, -0.03), (Side.SELL, 0.02)])
def test_a_limit_that_is_asked_for_is_on_the_market_rule_and_never_beyond_it(desk, side, away):
    gateway = told(desk, increments=Increments.flat(0.05))
    whole = float(round(a_request(desk).limit_price))
    request = a_request(desk, index=3, side=side, limit_price=whole + 0.03)
    assert preview(desk, request, gateway).order.limit_price == pytest.approx(
        request.limit_price + away
    )
    unlimited = preview(desk, replace(request, limit_price=None), gateway).order.limit_price
    assert Increments.flat(0.05).allow(unlimited)


def test_an_order_for_a_session_that_the_broker_calls_closed_gets_no_token(desk):
    found = preview(desk, gateway=told(desk, hours=(), closed=(MONDAY.day,)))
    assert [name.partition(" of ")[0] for name in failed(found)] == ["hours"]
    assert found.token is None


def test_a_used_token_places_nothing_more_even_after_a_restart(desk):
    token = preview(desk).token
    place(desk, token)
    with pytest.raises(TokenUsed, match="used at 2026-06-15T11:00"):
        place(desk.restarted(), token)
    assert len(desk.at_exchange()) == 1


def test_a_foreign_token_places_nothing_and_stays_good_for_its_owner(desk):
    token = preview(desk).token
    with pytest.raises(TokenForeign, match="another caller"):
        place(desk, token, caller="mallory")
    assert desk.at_exchange() == []
    assert place(desk, token).status is OrderStatus.WORKING


def test_an_altered_token_places_nothing(desk):
    token = preview(desk).token
    altered = ("0" if token[0] != "0" else "1") + token[1:]
    for wrong in (altered, token[:-1], token + "0", token.upper() + " ", "", "x" * 1000):
        with pytest.raises(TokenAltered, match="issued no such token"):
            place(desk, wrong)
    assert desk.at_exchange() == []


def test_terms_altered_inside_the_desk_are_noticed(desk):
    found = preview(desk)
    with desk.store.transaction() as connection:
        terms = connection.scalar(sa.select(PREVIEWS.c.terms))
        dearer = terms.replace(f'"quantity":{found.order.quantity}', '"quantity":9999')
        assert dearer != terms
        connection.execute(sa.update(PREVIEWS).values(terms=dearer))
    with pytest.raises(TokenAltered):
        place(desk, found.token)
    assert desk.at_exchange() == []


@pytest.mark.parametrize(("seconds", "good"), [(120, True), (121, False), (-1, False)])
def test_a_token_is_good_for_two_minutes_and_no_longer(desk, seconds, good):
    token, later = preview(desk).token, NOW + timedelta(seconds=seconds)
    if good:
        assert place(desk, token, now=later).status is OrderStatus.WORKING
    else:
        with pytest.raises(TokenExpired):
            place(desk, token, now=later)
        assert desk.at_exchange() == []


def test_the_desk_keeps_no_token_only_its_hash(desk):
    token = preview(desk).token
    assert len(token) == 64
    desk.store.close()
    assert token.encode() not in (desk.home / "desk.sqlite").read_bytes()
    desk.store = DeskStore(desk.home / "desk.sqlite")


def test_two_orders_that_are_legal_alone_and_not_together_are_not_both_placed(desk):
    first, second = preview(desk, a_request(desk, weight=0.08)), None
    second = preview(desk, a_request(desk, weight=0.08))
    assert first.passed
    assert second.passed
    place(desk, first.token)
    with pytest.raises(GateRefused, match="largest single"):
        place(desk, second.token)
    assert len(desk.at_exchange()) == 1
    assert "largest single" in failed(preview(desk, a_request(desk, weight=0.08)))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"limit_price": 1e9}, "price collar"),
        ({"quantity": 10**9}, "order value"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -5}, "quantity"),
    ],
)
def test_an_order_beyond_a_limit_gets_no_token_and_is_told_why(desk, changes, check):
    request = a_request(desk, **changes)
    found = preview(desk, request)
    assert found.token is None
    assert f"{request.symbol} {check}" in failed(found)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), 0.0, -3.0])
def test_a_limit_that_is_no_price_is_an_error(desk, limit):
    with pytest.raises(DataError, match="is not above zero"):
        preview(desk, a_request(desk, limit_price=limit))


def test_a_rehearsal_that_is_not_answered_is_not_a_pass(desk):
    def silent(order):
        return WhatIf(order.order_ref, accepted=False, reason="no answer within 15 s")

    found = preview(desk, gateway=desk.faulty_trading(what_if=silent))
    assert (found.token, failed(found)) == (None, ["what-if"])


def test_the_gate_runs_again_when_the_order_is_placed(desk):
    token = preview(desk).token
    tight = LimitSettings(max_order_value=0.01)
    with pytest.raises(NotPermitted, match="limits are no longer those of the preview"):
        place(desk, token, settings=desk.settings.model_copy(update={"limits": tight}))
    with pytest.raises(TokenUsed):
        place(desk, token)
    assert desk.at_exchange() == []


def test_a_quote_that_moved_beyond_the_collar_stops_the_placing(desk):
    found, market = preview(desk), desk.gateway().market

    def fallen(contracts, **options):
        answer = market.bulk_quote(contracts, **options)
        sides = ("bid", "ask", "last")
        return replace(
            answer,
            quotes=tuple(
                replace(q, **{side: getattr(q, side) * 0.8 for side in sides})
                for q in answer.quotes
            ),
        )

    with pytest.raises(GateRefused, match="price collar"):
        place(desk, found.token, desk.gateway(market=Faulty(market, bulk_quote=fallen)))
    assert desk.at_exchange() == []


def test_halted_previews_and_places_nothing(desk):
    token = preview(desk).token
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
    with pytest.raises(Stopped):
        place(desk, token)
    with pytest.raises(Stopped):
        preview(desk)
    assert desk.at_exchange() == []


def test_a_token_survives_a_busy_desk(desk):
    token = preview(desk).token
    with desk.store.alone(desk.account), pytest.raises(DeskBusy):
        place(desk, token)
    assert place(desk, token).status is OrderStatus.WORKING


def test_a_second_order_of_the_same_name_has_a_name_of_its_own(desk):
    first, second = (place(desk, preview(desk).token).order_ref for _ in range(2))
    contract = desk.an_order(0).con_id
    assert [first, second] == [
        order_ref(desk.account, MONDAY.day, contract, Side.BUY, revision=n) for n in (1, 2)
    ]


def test_a_ticket_of_the_session_can_still_be_sent_after_a_single_order(desk):
    place(desk, preview(desk, a_request(desk, weight=0.02)).token)
    assert desk.submit(desk.approved(desk.an_order(0, weight=0.02))).sent == 1


def test_an_order_of_a_preview_that_never_left_is_not_sent_by_a_ticket(desk):
    def lost(orders, *, timeout, leaving):
        raise GatewayTimeout("the line is dead")

    token = preview(desk).token
    with pytest.raises(NotPermitted, match="the line is dead"):
        place(desk, token, desk.faulty_trading(place_orders=lost))
    other = desk.an_order(1)
    desk.submit(desk.approved(other))
    assert desk.at_exchange() == [other.order_ref]


def test_what_the_broker_shows_is_dated_by_the_broker_not_by_the_token(desk):
    later = NOW + timedelta(days=200)
    place(desk, preview(desk, now=later).token, now=later)
    assert newest(desk.store, desk.account, MONDAY.day) == NOW


def test_an_unknown_symbol_and_a_closed_session_are_errors(desk):
    with pytest.raises(DataError, match="NOPE"):
        preview(desk, a_request(desk, symbol="NOPE"))
    desk.advance_to(MONDAY.close + timedelta(minutes=1))
    with pytest.raises(NoData, match="closed at 23:00 Bucharest"):
        preview(desk)
