"""The traps of ib_async 2.1.0 that concern the account and orders, one test each.

Numbered as in tws-protocol.md, section 4; each states what ib_async does there.
"""

import threading
import time

import ib_async
import pytest

from core.errors import GatewayError, GatewayTimeout, GatewayUnreachable, RequestRefused
from core.money import Money
from core.types import OrderStatus
from ibkr.account.tools import AccountTools
from ibkr.orders.tools import OrderTools
from ibkr.orders.trading import TradingTools
from tests.ibkr.account_messages import (
    END_SUMMARY,
    GLOBAL_CANCEL,
    MANAGED,
    SUMMARY,
    held,
    page,
    summary,
    valued,
)
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import (
    ACCOUNT,
    CANCEL,
    COMPLETED,
    EXECUTIONS,
    OPEN,
    PLACE,
    POSITIONS,
    UNSET,
    commission,
    completed_order,
    error,
    execution,
    open_order,
)
from tests.ibkr.fake_orders import MARGIN, SENTINELS, Broker, acknowledge, an_order, lists


def test_trap_01_questions_of_one_kind_at_once_are_all_answered(connected):
    # ib_async: of three, one finishes and two hang for ever.
    slow = threading.Event()

    def slowly(gateway, _fields):
        slow.wait(0.02)
        gateway.say(held(), [62, 1])

    gateway, connection = connected(
        {
            POSITIONS: slowly,
            ACCOUNT: page(valued()),
            MANAGED: lambda g, _f: g.say([15, 1, "DU1"]),
            **lists(opened=[open_order(1, "a")]),
        },
        for_orders=True,
    )
    account, orders = AccountTools(connection), OrderTools(connection)
    questions = [
        lambda: len(account.positions().holdings),
        lambda: len(orders.open_orders().orders),
        lambda: len(orders.completed_orders().orders) + 1,
        lambda: len(account.managed().accounts),
    ]
    answers = []
    threads = [
        threading.Thread(target=lambda ask=ask: answers.append(ask())) for ask in questions * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [1] * 12
    assert len(gateway.asked(POSITIONS)) == 3


@pytest.mark.parametrize("code", [321, 492, 434, 10089, 354])
def test_trap_02_a_refusal_ends_its_request_at_once_with_the_reason(connected, code):
    # ib_async: "warnings" such as 321 never finish a request; it hangs.
    _, connection = connected(
        {SUMMARY: lambda g, f: g.say(error(f[2], code, "because"))},
        settings=gateway_settings(request_timeout=WITHOUT_END),
    )
    with pytest.raises(RequestRefused, match="because") as raised:
        AccountTools(connection).summary()
    assert raised.value.code == code


@pytest.mark.timeout(30)
def test_trap_02_silence_ends_with_the_time_out_of_the_request(connected):
    _, connection = connected({}, impatient=True)
    with pytest.raises(GatewayTimeout):
        AccountTools(connection).profit()


def test_trap_03_an_error_is_never_an_empty_answer(connected):
    # ib_async: the result of a refused request is [], also of a what-if.
    refuse = lambda g, f: g.say(error(f[1], 201, "no"))  # noqa: E731 - one line, one idea
    _, connection = connected(
        {PLACE: refuse, EXECUTIONS: lambda g, f: g.say(error(f[2], 321, "no"))}, for_orders=True
    )
    assert not TradingTools(connection).what_if(an_order()).accepted
    with pytest.raises(RequestRefused):
        OrderTools(connection).executions()


@pytest.mark.parametrize(
    "states", [(), (SENTINELS,), (SENTINELS, SENTINELS), (MARGIN | {"init_change": ""},)]
)
def test_trap_04_a_what_if_without_figures_ends_and_is_no_pass(connected, states):
    # ib_async: it hangs for ever, or takes the sentinels for the answer.
    def answer(gateway, fields):
        gateway.say(error(fields[1], 399, "held until the open"))
        gateway.say(*[open_order(int(fields[1]), "one", what_if=1, **state) for state in states])

    _, connection = connected({PLACE: answer}, impatient=True, for_orders=True)
    answer = TradingTools(connection).what_if(an_order())
    assert not answer.accepted
    assert answer.margin_exceeded


def test_trap_04_a_commission_is_a_number_or_unknown_never_the_largest_double(connected):
    def answer(gateway, fields):
        told = MARGIN | {"commission": UNSET, "min_commission": UNSET, "max_commission": UNSET}
        gateway.say(open_order(int(fields[1]), "one", what_if=1, **told))

    _, connection = connected({PLACE: answer}, for_orders=True)
    answer = TradingTools(connection).what_if(an_order())
    assert (answer.accepted, answer.commission) == (True, None)


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 10147, 10148, 161])
def test_trap_05_an_error_about_a_living_order_never_makes_it_cancelled(connected, code):
    # ib_async: its local status becomes Cancelled, and a pipeline sends it again.
    def news(gateway, order_id, order_ref):
        acknowledge(gateway, order_id, order_ref)
        gateway.say(error(order_id, code, "something about it"))

    gateway, connection = connected(Broker(news).answers, for_orders=True)
    (state,) = TradingTools(connection).place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert len(gateway.asked(PLACE)) == 1


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_trap_05_a_cancel_that_failed_is_not_a_cancellation(connected, code):
    _, connection = connected(
        {CANCEL: lambda g, f: g.say(error(f[2], code, "not cancelled")),
         **lists(opened=[open_order(5, "a")])},
        for_orders=True,
    )  # fmt: skip
    state = TradingTools(connection).cancel("a", timeout=0.3)
    assert state.status is OrderStatus.WORKING
    assert f"{code}: not cancelled" in state.message


def test_trap_06_an_order_that_fills_without_any_status_is_filled(connected):
    # ib_async: it stays PendingSubmit for ever.
    _, connection = connected(
        lists(opened=[open_order(1, "a", status="PreSubmitted")],
              executed=[execution(0, 1, "e.01.01", "a")], charges=[commission("e.01.01")])
    )  # fmt: skip
    state = OrderTools(connection).status("a")
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10.0)


def test_trap_07_a_commission_that_comes_first_is_kept_and_a_correction_counts_once(connected):
    # ib_async: the commission is 0, and the correction doubles the fill.
    _, connection = connected(
        lists(
            opened=[commission("e.01.01", 2.5)],
            executed=[execution(0, 1, "e.01.01", "a"), execution(0, 1, "e.01.02", "a", shares=9)],
        ),
        for_orders=True,
    )
    tools = OrderTools(connection)
    tools.open_orders()
    (fill,) = tools.executions().fills
    assert (fill.quantity, fill.commission) == (9.0, Money(2.5, "USD"))
    assert tools.executions().fills == (fill,)  # asked again, it still has its commission


def test_trap_08_after_a_restart_orders_are_known_by_their_name_not_by_their_ids(connected):
    # ib_async: completed ones come back with order id 0, client id 0 and 0 filled.
    gateway, connection = connected(
        lists(opened=[open_order(41, "open", perm_id=9)], completed=[completed_order("done")]),
        for_orders=True,
    )
    gateway._loop.call_soon_threadsafe(gateway.drop)
    while connection.line.client.isReady():
        time.sleep(0.01)
    connection.reconnect(patience=5)
    states = TradingTools(connection).order_states()
    assert (states["done"].status, states["done"].filled) == (OrderStatus.FILLED, 10.0)
    assert states["open"].perm_id == 9


def test_trap_08_what_is_under_way_when_the_line_breaks_is_an_error_not_an_empty_list(connected):
    # ib_async: trades, positions and fills are cleared, so everything looks flat.
    _, connection = connected({POSITIONS: lambda g, _f: g.drop()})
    with pytest.raises(GatewayUnreachable):
        AccountTools(connection).positions()
    with pytest.raises(GatewayUnreachable):
        AccountTools(connection).positions()


def test_trap_09_an_order_of_another_client_is_named_not_cancelled_in_vain(connected):
    # ib_async: 10147, and PendingCancel for ever.
    working = [open_order(5, "a", client_id=3)]
    gateway, connection = connected(
        {GLOBAL_CANCEL: lambda _g, _f: working.clear(), **lists(opened=lambda: working)},
        for_orders=True,
    )
    with pytest.raises(RequestRefused, match="sent by client id 3"):
        TradingTools(connection).cancel("a", timeout=5)
    assert not gateway.asked(CANCEL)
    assert OrderTools(connection).cancel_everything(timeout=5).flat


def test_trap_13_a_summary_is_asked_anew_and_its_subscription_taken_back(connected):
    # ib_async: the first answer is kept for ever, or a third subscription is refused with 322.
    worth = ["100", "200", "300"]

    def fresh(gateway, fields):
        tags = ("NetLiquidation", "TotalCashValue", "InitMarginReq", "MaintMarginReq",
                "AvailableFunds", "ExcessLiquidity")  # fmt: skip
        figures = dict.fromkeys(tags, (worth[0], "USD"))
        del worth[0]
        summary(figures)(gateway, fields)

    gateway, connection = connected({SUMMARY: fresh})
    tools = AccountTools(connection)
    assert [tools.summary().net_asset_value for _ in range(3)] == [100.0, 200.0, 300.0]
    asked = [fields[2] for fields in gateway.asked(SUMMARY)]
    tools._connection.server_time()  # the last taking back has been read by now
    assert [fields[2] for fields in gateway.asked(END_SUMMARY)] == asked


def test_trap_14_the_loss_of_ibkr_stops_orders_and_its_return_needs_no_subscription(connected):
    # ib_async: 1100 is only an event, and at 1102 it opens a summary of its own.
    said = [error(-1, 1100, "lost")]
    broker = Broker(acknowledge)
    gateway, connection = connected(
        broker.answers | lists(opened=lambda: said + broker.opened()), for_orders=True
    )
    tools = TradingTools(connection)
    tools.order_states()
    with pytest.raises(GatewayUnreachable, match="1100"):
        tools.place_orders([an_order()], timeout=2)
    said[:] = [error(-1, 1101, "restored - data lost")]
    tools.order_states()
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert not gateway.asked(SUMMARY)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: AccountTools(connection).managed(),
        lambda connection: AccountTools(connection).summary(),
        lambda connection: AccountTools(connection).ledgers(),
        lambda connection: AccountTools(connection).positions(),
        lambda connection: AccountTools(connection).portfolio_value(),
        lambda connection: AccountTools(connection).profit(),
        lambda connection: AccountTools(connection).position_profits(),
        lambda connection: OrderTools(connection).open_orders(),
        lambda connection: OrderTools(connection).completed_orders(),
        lambda connection: OrderTools(connection).executions(),
        lambda connection: OrderTools(connection).status("a"),
        lambda connection: list(OrderTools(connection).watch(timeout=30)),
        lambda connection: OrderTools(connection).modify(an_order(), timeout=30),
        lambda connection: OrderTools(connection).cancel_everything(timeout=30),
    ],
)
def test_trap_15_no_question_waits_longer_than_its_own_time_out(connected, ask):
    # ib_async: no time-out at all for most, 60 s for some, 1 s that reads as None for others.
    _, connection = connected({}, impatient=True, for_orders=True)
    with pytest.raises(GatewayError):
        ask(connection)


def test_the_traps_are_those_of_the_version_that_is_installed():
    assert ib_async.__version__.startswith("2.1")
    assert {OPEN, COMPLETED} == {"16", "99"}
