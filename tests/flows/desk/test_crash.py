"""kill -9 of `execute` at five points; then it is started again as if nothing had happened."""

import signal
import time

import pytest

import journal
from core.storage.paths import Paths
from desk.orders import intents
from desk.tickets import approvals
from flows.run.execution import execute
from tests.fixtures.tiers import every
from tests.flows.desk import crash_points
from tests.flows.desk.crash_points import POINTS
from tests.flows.desk.desk_harness import open_town

ORDERS = 14


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("crash")) as opened:
        yield opened


@pytest.fixture
def executioner(town, warm_daybook):
    """Return a function that executes a ticket in a process that dies at a point."""

    def execute_and_die(point, sha256):
        arguments = ("-m", crash_points.__name__, point, sha256)
        with warm_daybook.start(arguments, folder=town.home) as started:
            said = started.communicate(timeout=60)[0]
        assert started.returncode == -signal.SIGKILL, said

    return execute_and_die


# At the exchange when it died; sent by the restart; uncertain afterwards.
EXPECTED = {
    "before intents": (0, ORDERS, 0),
    "after intents": (0, ORDERS, 0),
    "mid-batch": (12, 0, 2),
    "after last send": (ORDERS, 0, 0),
    "before journal": (ORDERS, 0, 0),
}


def soon(look, wanted, *, within=10.0):
    """What a process wrote before it was killed may be read a moment later."""
    deadline = time.monotonic() + within
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"{seen} instead of {wanted}"
        time.sleep(0.05)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("point", every(3, POINTS))
def test_a_killed_execution_is_taken_up_without_a_duplicate_or_a_silent_loss(
    town, executioner, point
):
    town.to_next_session()
    record = town.a_ticket(ORDERS)
    with town.store as store:
        approvals.approve(store, record.sha256, by="ana", now=town.session.decision_time)
    arrived, sent, uncertain = EXPECTED[point]

    executioner(point, record.sha256)
    assert soon(lambda: len(town.at_exchange()), arrived)

    report = execute(town.settings, record.sha256)
    at_exchange = town.at_exchange()
    assert len(set(at_exchange)) == len(at_exchange) == arrived + sent
    assert (report.sent, len(report.uncertain)) == (sent, uncertain)
    assert len(report.states) == ORDERS
    told = {state.order_ref for state in report.states if state.status == "uncertain"}
    wanted = {order.order_ref for order in record.ticket.orders}
    assert set(at_exchange) | told == wanted
    assert set(at_exchange) & told == set()
    assert report.exit_code == (1 if uncertain else 0)
    with town.store as store:
        assert len(intents.of_source(store, record.sha256)) == ORDERS

    again = execute(town.settings, record.sha256)
    assert (again.sent, town.at_exchange()) == (0, at_exchange)
    sealed = [e.entry for e in journal.entries(Paths.of(town.settings).journal)]
    (entry,) = [e for e in sealed if e.session == town.session.day]
    assert entry.kind == "execution"
    assert set(entry.facts["uncertain"]) == told
