import threading

import pytest

from desk import kill_switch
from desk.kill_switch import TradingState
from desk.previews.order_preview import OrderRequest, preview_order
from desk.previews.preview_confirm import place_previewed
from flows.run.halt import stop
from ibkr.socket_gateway import open_socket
from tests.flows.desk.desk_harness import open_town


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("stop")) as opened:
        yield opened


@pytest.mark.slow
def test_stop_cancels_what_works_and_lets_nothing_leave_until_a_named_person_resumes(town):
    town.a_ticket(3)
    assert town.daybook("approve", "--by", "ana")[0] == 0
    code, said = town.daybook("stop", "--reason", "odd prices", "--by", "ana")
    assert code == 0, said
    assert "3 cancelled; the broker lists no open order of ours" in said
    assert town.simulator.state()["orders"]["working"] == 0

    town.to_next_session()
    town.a_ticket(3)
    code, said = town.daybook("approve", "--by", "bob")
    assert (code, said[:7]) == (4, "Stopped")
    assert "HALTED by ana" in town.daybook("orders")[1]
    assert town.at_exchange() == []

    assert town.daybook("resume")[0] == 2  # a name is required
    assert town.daybook("resume", "--by", "bob")[0] == 0
    code, said = town.daybook("execute")
    assert (code, "3 sent by this call" in said) == (0, True), said


@pytest.mark.slow
def test_orders_of_the_agents_are_cancelled_too(town):
    ids = town.settings.gateway.model_copy(
        update={"order_client_id": town.settings.agent.order_client_id}
    )
    agents = town.settings.model_copy(update={"gateway": ids})
    town.to_next_session()
    record = town.a_ticket(2)
    order = record.ticket.orders[0]
    with town.store as store, open_socket(agents, for_orders=True) as gateway:
        given = {
            "gateway": gateway,
            "store": store,
            "caller": "agent",
            "now": town.session.decision_time,
            "settings": town.settings,
        }
        request = OrderRequest(order.symbol, order.side, 10)
        place_previewed(preview_order(request, **given).token, **given)
    report = stop(town.settings, by="ana", reason="")
    assert report.cancellation.flat, report
    assert town.simulator.state()["orders"]["working"] == 0


@pytest.mark.slow
def test_a_stop_waits_for_whoever_asks_how_its_orders_stand_and_cancels_them_then(town):
    with town.store as store:
        kill_switch.resume(store, by="ana", now=town.session.decision_time)
    town.to_next_session()
    town.a_ticket(2)
    assert town.daybook("approve", "--by", "ana")[0] == 0
    asking = open_socket(town.settings, for_orders=True)  # holds the desk's client id, not its lock
    letting_go = threading.Timer(2.0, asking.close)
    letting_go.start()
    report = stop(town.settings, by="ana", reason="")
    letting_go.join()
    assert report.cancellation, report.problem
    assert (len(report.cancellation.asked), report.exit_code) == (2, 0)
    assert town.simulator.state()["orders"]["working"] == 0


@pytest.mark.slow
def test_the_switch_holds_even_when_the_broker_cannot_be_asked(town):
    with town.store as store:
        kill_switch.resume(store, by="ana", now=town.session.decision_time)
    nobody = town.settings.gateway.model_copy(update={"port": 1})
    report = stop(town.settings.model_copy(update={"gateway": nobody}), by="ana", reason="")
    assert (report.exit_code, report.cancellation) == (1, None)
    assert report.problem
    with town.store as store:
        assert kill_switch.state(store) is TradingState.HALTED
