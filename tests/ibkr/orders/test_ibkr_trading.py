"""Orders: never two, never a silent one, against a gateway that misleads on purpose."""

import math
import time

import pytest

from core.errors import DataError, GatewayError, GatewayTimeout, GatewayUnreachable, RequestRefused
from core.money import Money
from core.types import OrderStatus, OrderType
from ibkr.orders.trading import TradingTools
from tests.ibkr.conftest import gateway_settings
from tests.ibkr.fake_gateway import (
    CANCEL,
    COMPLETED,
    EXECUTIONS,
    OPEN,
    PLACE,
    TIME,
    UNSET,
    commission,
    completed_order,
    error,
    execution,
    open_order,
    order_status,
)
from tests.ibkr.fake_orders import MARGIN, SENTINELS, Broker, acknowledge, an_order, lists


@pytest.fixture
def trading(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(answers, for_orders=True, **kinds)
        return gateway, TradingTools(connection)

    return connect


# What is sent


def test_an_order_goes_out_once_with_account_and_time_in_force(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert (state.status, state.perm_id) == (OrderStatus.WORKING, 100 + broker.sent[0][0])
    (sent,) = gateway.asked(PLACE)
    assert len(sent) == 114
    assert (sent[2], sent[3], sent[9]) == ("265598", "AAPL", "SMART")
    assert sent[16:22] == ["BUY", "10", "LMT", "100.0", "", "DAY"]
    assert (sent[23], sent[26]) == ("DU1", "one")


def test_orders_are_sent_in_the_given_order_after_a_round_trip(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    states = tools.place_orders([an_order(ref) for ref in "cab"], timeout=2)
    assert [state.order_ref for state in states] == ["c", "a", "b"]
    assert [ref for _, ref in broker.sent] == ["c", "a", "b"]
    kinds = [fields[0] for fields in gateway.received]
    assert kinds[kinds.index(PLACE) - 1] == TIME


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": math.nan}, "quantity nan"),
        ({"quantity": math.inf}, "quantity inf"),
        ({"quantity": 0}, "quantity 0"),
        ({"quantity": -5}, "quantity -5"),
        ({"quantity": 1.5}, "quantity 1.5"),
        ({"quantity": 10**9}, "quantity 1000000000"),
        ({"limit_price": math.nan}, "limit price nan"),
        ({"limit_price": -3.0}, "limit price -3"),
        ({"limit_price": None}, "limit price None"),
        ({"order_type": OrderType.MARKET}, "market order with the limit price"),
        ({"time_in_force": ""}, "time in force ''"),
        ({"con_id": 0}, "conId 0"),
        ({"symbol": "A\0PL"}, "symbol"),
        ({"order_ref": "a\0b"}, "order_ref"),
        ({"order_ref": "größe"}, "order_ref"),
        ({"order_ref": "a\nb"}, "order_ref"),
        ({"order_ref": ""}, "order_ref"),
        ({"order_ref": "x" * 41}, "order_ref"),
    ],
)
def test_one_bad_order_refuses_the_whole_batch(trading, changes, said):
    # ib_async checks nothing: NaN is sent as "nan", and a NUL shifts all later fields.
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    with pytest.raises(DataError, match="nothing was sent") as raised:
        tools.place_orders([an_order(), an_order(**{"order_ref": "two"} | changes)], timeout=2)
    assert said in str(raised.value)
    assert not gateway.asked(PLACE)


def test_one_order_ref_twice_in_a_batch_is_refused(trading):
    gateway, tools = trading(Broker(acknowledge).answers)
    with pytest.raises(DataError, match="'one' 2 times"):
        tools.place_orders([an_order(), an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_an_order_ref_that_the_broker_knows_is_never_sent_again(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    tools.place_orders([an_order()], timeout=2)
    with pytest.raises(DataError, match=r"already knows one \(working\)"):
        tools.place_orders([an_order(), an_order("two")], timeout=2)
    assert len(gateway.asked(PLACE)) == 1


def test_an_order_id_in_use_is_never_given_to_a_new_order(trading):
    # After a restart the gateway offers old ids again; an id of a live order would change it.
    broker = Broker(acknowledge)
    live = [open_order(41, "yesterday", perm_id=9), open_order(57, "", client_id=3, perm_id=8)]
    done = [
        execution(0, 63, "e.01.01", "earlier", perm_id=5),
        execution(0, 2147483647, "e.02.01", ""),
    ]
    _, tools = trading({**broker.answers, **lists(lambda: live + broker.opened(), (), done)})
    tools.place_orders([an_order()], timeout=2)
    assert 63 < broker.sent[0][0] < 100


def test_nothing_is_sent_when_the_lists_do_not_come(trading):
    gateway, tools = trading({PLACE: Broker(acknowledge).place}, impatient=True)
    with pytest.raises(GatewayTimeout, match="open orders"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_nothing_is_sent_into_a_gateway_that_has_gone_mute(trading):
    asked = []

    def once(gateway, _fields):
        asked.append(None)
        if len(asked) == 1:
            gateway.say([49, 1, 1781521200])

    gateway, tools = trading({**Broker(acknowledge).answers, TIME: once}, impatient=True)
    with pytest.raises(GatewayTimeout, match="time"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_nothing_is_sent_while_the_gateway_has_lost_ibkr(trading):
    broker = Broker(acknowledge)
    said = [error(-1, 1100, "Connectivity between IBKR and TWS has been lost.")]
    gateway, tools = trading({**broker.answers, **lists(opened=lambda: said + broker.opened())})
    tools.order_states()
    with pytest.raises(GatewayUnreachable, match="1100"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)
    said[:] = [error(-1, 1102, "restored - data maintained.")]
    tools.order_states()
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert not gateway.asked("62")  # ib_async opens an account summary at 1102, TWS allows two


# What came of it


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 2161, 105, 492, 99999])
def test_an_error_about_an_order_that_lives_on_is_no_cancellation(trading, code):
    # ib_async marks the order Cancelled; a pipeline that believes it sends it again.
    def news(gateway, order_id, order_ref):
        gateway.say(error(order_id, code, "Order TIF was set to DAY based on order preset."))
        acknowledge(gateway, order_id, order_ref)

    _, tools = trading(Broker(news).answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert f"{code}: Order TIF" in state.message


@pytest.mark.parametrize("code", [201, 110, 200, 103, 321])
def test_a_refused_order_is_rejected_with_the_brokers_reason_at_once(trading, code):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, code, "because")), lists_it=False)
    _, tools = trading(broker.answers)
    before = time.monotonic()
    (state,) = tools.place_orders([an_order()], timeout=10)
    assert (state.status, state.message) == (OrderStatus.REJECTED, f"{code}: because")
    assert time.monotonic() - before < 2


def test_a_refused_order_among_the_completed_ones_is_rejected_not_cancelled(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 201, "margin")))
    over = lists(
        completed=lambda: [
            completed_order(ref, perm_id=100 + oid, status="Cancelled", filled_quantity=0)
            for oid, ref in broker.sent
        ]
    )
    _, tools = trading({PLACE: broker.place, **over})
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.REJECTED
    assert "201: margin" in state.message


def test_a_refusal_that_the_lists_contradict_is_not_believed(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 201, "margin")))
    _, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING


def test_an_unknown_error_and_no_trace_is_uncertain_not_rejected(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 99999, "odd")), lists_it=False)
    _, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert state.status is OrderStatus.UNCERTAIN
    assert "99999: odd" in state.message


def test_an_order_without_any_callback_is_looked_up(trading):
    # The paper server drops the callbacks of some orders of a burst.
    broker = Broker()
    gateway, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert (state.status, state.perm_id) == (OrderStatus.WORKING, 100 + broker.sent[0][0])
    assert len(gateway.asked(PLACE)) == 1


def test_an_order_that_nobody_knows_is_uncertain_and_not_sent_again(trading):
    gateway, tools = trading(Broker(lists_it=False).answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert state.status is OrderStatus.UNCERTAIN
    assert "Look in TWS" in state.message
    assert len(gateway.asked(PLACE)) == 1


def test_a_connection_that_breaks_while_waiting_is_noticed_at_once(trading):
    _, tools = trading(Broker(lambda g, _oid, _ref: g.drop()).answers)
    before = time.monotonic()
    (state,) = tools.place_orders([an_order()], timeout=30)
    assert state.status is OrderStatus.UNCERTAIN
    assert time.monotonic() - before < 2


def test_an_empty_batch_asks_nothing(trading):
    gateway, tools = trading()
    assert tools.place_orders([], timeout=2) == ()
    assert [fields[0] for fields in gateway.received] == ["71", TIME]


def test_one_silent_order_does_not_blur_the_others(trading):
    def some(gateway, order_id, order_ref):
        if order_ref != "b":
            acknowledge(gateway, order_id, order_ref)

    broker = Broker(some, lists_it=False)
    _, tools = trading(broker.answers)
    states = tools.place_orders([an_order(ref) for ref in "abc"], timeout=0.2)
    assert [s.status for s in states] == ["working", "uncertain", "working"]


def test_a_gateway_that_dies_in_the_batch_leaves_no_order_unaccounted_for(trading):
    # ib_async returns a Trade for each of 60 orders, 45 leave, no exception, and after the
    # disconnect its list of trades is empty.
    def die(gateway, order_id, order_ref):
        if order_ref == "3":
            gateway.drop()
        else:
            acknowledge(gateway, order_id, order_ref)

    broker = Broker(die)
    _, tools = trading(broker.answers)
    before = time.monotonic()
    states = tools.place_orders([an_order(str(i)) for i in range(12)], timeout=30)
    assert time.monotonic() - before < 3
    left = [state.order_ref for state in states]
    assert left == [str(i) for i in range(len(left))]  # what is not returned has not left
    assert {ref for _, ref in broker.sent} <= set(left) < {str(i) for i in range(12)}
    assert {state.status for state in states[4:]} <= {OrderStatus.UNCERTAIN}


def test_lists_that_fail_after_sending_make_unacknowledged_orders_uncertain(trading):
    broker = Broker(lambda g, oid, ref: ref == "a" and acknowledge(g, oid, ref))

    def opened(gateway, _fields):
        if not broker.sent:
            gateway.say([53, 1])

    _, tools = trading({**broker.answers, OPEN: opened}, impatient=True)
    first, second = tools.place_orders([an_order("a"), an_order("b")], timeout=0.2)
    assert first.status is OrderStatus.WORKING
    assert second.status is OrderStatus.UNCERTAIN
    assert "open orders: no answer" in second.message


def test_no_answer_is_never_no_orders(trading):
    for silent in (OPEN, COMPLETED, EXECUTIONS):
        _, tools = trading({**lists(), silent: None}, impatient=True)
        with pytest.raises(GatewayTimeout):
            tools.order_states()


@pytest.mark.parametrize(
    ("place", "row"),
    [("opened", open_order(1, "a")), ("completed", completed_order("a")),
     ("executed", execution(0, 1, "e", "a"))],
)  # fmt: skip
def test_an_order_that_cannot_be_read_is_never_left_out(trading, place, row):
    # ib_async logs it and goes on: the list would just be shorter.
    _, tools = trading(lists(**{place: [row[:25]]}))
    with pytest.raises(GatewayError, match="cannot be read"):
        tools.order_states()


# Fills


def test_a_market_order_that_fills_without_any_status_is_filled(trading):
    # TWS may send no orderStatus at all: ib_async then shows PendingSubmit for ever.
    _, tools = trading(
        lists(
            opened=[open_order(1, "a", status="PreSubmitted")],
            executed=[execution(0, 1, "e.01.01", "a", shares=4),
                      execution(0, 1, "e.02.01", "a", shares=6)],
            charges=[commission("e.01.01"), commission("e.02.01")],
        )
    )  # fmt: skip
    state = tools.order_states()["a"]
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10.0)
    assert [fill.quantity for fill in state.fills] == [4.0, 6.0]
    assert state.fills[0].time.isoformat() == "2026-06-15T13:30:01+00:00"


def test_a_commission_that_overtakes_its_execution_is_kept(trading):
    # ib_async drops it: the commission would be 0.
    early = [commission("e.01.01", 2.5)]
    _, tools = trading(
        lists(opened=early, completed=[completed_order("a")],
              executed=[execution(0, 1, "e.01.01", "a")])
    )  # fmt: skip
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")


def test_a_commission_is_still_there_when_it_is_not_sent_a_second_time(trading):
    # ib_async returns new fills with an empty commission from the second request on.
    charges = [[commission("e.01.01", 2.5)]]
    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")],
              charges=lambda: charges.pop() if charges else [])
    )  # fmt: skip
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")


def test_a_commission_that_has_not_come_is_unknown_not_zero(trading):
    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")])
    )
    assert tools.order_states()["a"].fills[0].commission is None


def test_a_corrected_execution_counts_once_with_its_last_correction(trading):
    # ib_async counts it twice: filled 20 instead of 9.
    _, tools = trading(
        lists(
            completed=[completed_order("a", status="Cancelled", filled_quantity=0)],
            executed=[execution(0, 1, "e.01.02", "a", shares=9),
                      execution(0, 1, "e.01.01", "a", shares=10)],
            charges=[commission("e.01.01", 2.5)],
        )
    )  # fmt: skip
    state = tools.order_states()["a"]
    assert [(f.execution_id, f.quantity, f.commission) for f in state.fills] == [
        ("e.01.02", 9.0, Money(2.5, "USD"))
    ]
    assert (state.status, state.filled) == (OrderStatus.CANCELLED, 9.0)


def test_partial_fills_with_plain_ids_are_not_taken_for_corrections(trading):
    executed = [execution(0, 1, f"e.{i}", "a", shares=5) for i in (1, 2)]
    _, tools = trading(lists(completed=[completed_order("a")], executed=executed))
    assert len(tools.order_states()["a"].fills) == 2


def test_a_completed_order_of_an_earlier_connection_is_found_by_its_order_ref(trading):
    # It comes back with order id 0, client id 0 and a status that says 0 filled.
    _, tools = trading(lists(completed=[completed_order("a", quantity=0)]))
    state = tools.order_states()["a"]
    assert (state.status, state.quantity, state.filled) == (OrderStatus.FILLED, 10.0, 10.0)


def test_an_order_seen_both_open_and_completed_is_over(trading):
    _, tools = trading(
        lists(opened=[open_order(1, "a")], completed=[completed_order("a")],
              executed=[execution(0, 1, "e.01.01", "a")])
    )  # fmt: skip
    assert tools.order_states()["a"].status is OrderStatus.FILLED


def test_executions_of_an_order_in_no_list_are_uncertain_not_lost(trading):
    _, tools = trading(lists(executed=[execution(0, 1, "e.01.01", "a", shares=3)]))
    state = tools.order_states()["a"]
    assert (state.status, state.filled) == (OrderStatus.UNCERTAIN, 3.0)


def test_one_order_ref_for_two_orders_is_an_incident(trading):
    _, tools = trading(lists(opened=[open_order(1, "a", perm_id=7), open_order(2, "a", perm_id=8)]))
    with pytest.raises(GatewayError, match="stands for two orders"):
        tools.order_states()


def test_other_accounts_and_orders_placed_by_hand_are_left_out(trading):
    _, tools = trading(
        lists(
            opened=[open_order(1, "a", account="DU2"), open_order(0, "", perm_id=9)],
            completed=[completed_order("b", perm_id=10, account="DU2")],
            executed=[execution(0, 1, "e.01.01", "c", perm_id=11, account="DU2")],
        )
    )
    assert tools.order_states() == {}


def test_a_status_that_is_not_known_is_uncertain_never_done(trading):
    _, tools = trading(lists(opened=[open_order(1, "a", status="Ruminating")]))
    assert tools.order_states()["a"].status is OrderStatus.UNCERTAIN


def test_waiting_for_fills_ends_only_with_the_last_commission(trading):
    asked = []

    def charges():
        asked.append(None)
        return [commission("e.01.01")] if len(asked) > 1 else []

    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")],
              charges=charges)
    )  # fmt: skip
    states = tools.await_fills(["a"], timeout=10)
    assert states["a"].fills[0].commission == Money(1.25, "USD")
    assert len(asked) == 2


def test_waiting_for_fills_ends_with_the_time_and_says_how_things_stand(trading):
    _, tools = trading(lists(opened=[open_order(1, "a")]))
    before = time.monotonic()
    states = tools.await_fills(["a", "unknown"], timeout=0.3)
    assert time.monotonic() - before < 2
    assert states["a"].status is OrderStatus.WORKING
    assert "unknown" not in states


# Cancelling


def test_cancelling_is_confirmed_by_the_brokers_lists(trading):
    open_ones = [open_order(5, "a")]

    def cancel(gateway, _fields):
        open_ones.clear()
        gateway.say(order_status(5, "Cancelled"), error(5, 202, "Order Canceled - reason:"))

    over = [completed_order("a", status="Cancelled", filled_quantity=0)]
    gateway, tools = trading(
        {CANCEL: cancel, **lists(lambda: open_ones, lambda: [] if open_ones else over)}
    )
    state = tools.cancel("a", timeout=5)
    assert state.status is OrderStatus.CANCELLED
    assert gateway.asked(CANCEL)[0][2] == "5"


def test_cancelling_without_confirmation_is_not_cancelled(trading):
    # ib_async marks an order Cancelled when cancelling it fails.
    _, tools = trading(
        {
            CANCEL: lambda g, f: g.say(error(f[2], 161, "Cancel attempted in a wrong state")),
            **lists(opened=[open_order(5, "a")]),
        }
    )
    state = tools.cancel("a", timeout=0.3)
    assert state.status is OrderStatus.WORKING
    assert "161: Cancel attempted" in state.message
    assert "not confirmed within 0.3 s" in state.message


def test_an_order_of_another_client_is_not_cancelled_in_vain(trading):
    # The gateway answers 10147 and ib_async shows PendingCancel for ever.
    gateway, tools = trading(lists(opened=[open_order(5, "a", client_id=3)]))
    with pytest.raises(RequestRefused, match="sent by client id 3"):
        tools.cancel("a", timeout=5)
    assert not gateway.asked(CANCEL)


def test_cancelling_what_is_over_or_unknown_sends_nothing(trading):
    gateway, tools = trading(lists(completed=[completed_order("a", status="Cancelled",
                                                              filled_quantity=0)]))  # fmt: skip
    assert tools.cancel("a", timeout=5).status is OrderStatus.CANCELLED
    with pytest.raises(DataError, match="knows no order b"):
        tools.cancel("b", timeout=5)
    assert not gateway.asked(CANCEL)


# Rehearsal


def rehearsal(*states):
    def answer(gateway, fields):
        gateway.say(*[
            open_order(int(fields[1]), "one", what_if=1, status="PreSubmitted", **state)
            for state in states
        ])  # fmt: skip

    return {PLACE: answer}


def test_the_first_answer_without_margin_is_not_the_answer(trading):
    # TWS first sends the largest double for every figure (ib_insync#380).
    _, tools = trading(rehearsal(SENTINELS, MARGIN))
    answer = tools.what_if(an_order())
    assert answer.accepted
    assert (answer.initial_margin_change, answer.initial_margin_after) == (500.5, 500.5)
    assert (answer.maintenance_margin_after, answer.equity_with_loan_after) == (250.25, 99999.0)
    assert answer.commission == 1.0
    assert not answer.margin_exceeded


@pytest.mark.parametrize(
    "states", [(), (SENTINELS,), (MARGIN | {"init_change": ""},), (MARGIN | {"init_change": "?"},)]
)
def test_a_rehearsal_without_figures_is_not_a_pass(trading, states):
    _, tools = trading(rehearsal(*states), impatient=True)
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert answer.margin_exceeded
    assert "no answer" in answer.reason or "cannot be read" in answer.reason


@pytest.mark.parametrize("missing", ["maint_after", "equity_after", "init_after"])
def test_half_an_answer_is_not_a_pass(trading, missing):
    _, tools = trading(rehearsal(MARGIN | {missing: UNSET}))
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert "lacks" in answer.reason


def test_a_commission_that_is_only_a_range_counts_as_its_upper_end(trading):
    _, tools = trading(
        rehearsal(MARGIN | {"commission": UNSET, "min_commission": 1, "max_commission": 2.5})
    )
    assert tools.what_if(an_order()).commission == 2.5


def test_a_rejected_rehearsal_is_an_answer_not_an_exception(trading):
    _, tools = trading({PLACE: lambda g, f: g.say(error(f[1], 201, "Order rejected - margin"))})
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert "201: Order rejected - margin" in answer.reason
    assert not answer.beyond_margin


@pytest.mark.parametrize(
    "said",
    [
        "your Equity with Loan Value [1000] must exceed the new total Initial Margin of [1500].",
        "Order rejected - reason:YOUR EQUITY WITH LOAN VALUE [1] MUST EXCEED THE INITIAL MARGIN",
    ],
)
def test_a_rejection_for_margin_is_told_apart_from_every_other(trading, said):
    _, tools = trading({PLACE: lambda g, f: g.say(error(f[1], 201, said))})
    answer = tools.what_if(an_order())
    assert (answer.accepted, answer.beyond_margin, answer.margin_exceeded) == (False, True, True)


def test_news_during_a_rehearsal_does_not_end_it(trading):
    def answer(gateway, fields):
        gateway.say(error(fields[1], 10349, "preset"), error(fields[1], 399, "held until open"))
        rehearsal(MARGIN)[PLACE](gateway, fields)

    _, tools = trading({PLACE: answer})
    assert tools.what_if(an_order()).accepted


def test_an_order_that_could_not_be_sent_is_not_rehearsed(trading):
    gateway, tools = trading(rehearsal(MARGIN))
    answer = tools.what_if(an_order(limit_price=math.nan))
    assert (answer.accepted, answer.reason) == (False, "limit price nan")
    assert not gateway.asked(PLACE)


def test_a_rehearsal_says_what_if_on_the_wire(trading):
    gateway, tools = trading(rehearsal(MARGIN))
    tools.what_if(an_order())
    (sent,) = gateway.asked(PLACE)
    real = Broker(acknowledge)
    other, others = trading(real.answers)
    others.place_orders([an_order()], timeout=2)
    (placed,) = other.asked(PLACE)
    differing = [i for i, (a, b) in enumerate(zip(sent, placed, strict=True)) if a != b]
    assert [(sent[i], placed[i]) for i in differing if i != 1] == [("1", "0")]


def test_only_a_lost_connection_stops_a_rehearsal(trading):
    _, tools = trading(
        {PLACE: lambda g, _f: g.drop()}, settings=gateway_settings(request_timeout=30)
    )
    with pytest.raises(GatewayUnreachable):
        tools.what_if(an_order())
