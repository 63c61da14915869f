"""Run, review in Slack, approve in another process, fill, close: one session after the other."""

import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta

import pytest

import journal
from core.settings import Submit, load_settings
from core.storage.paths import Paths
from desk.orders import intents
from desk.tickets import approval_state, approvals, ticket_store
from desk.tickets.ticket_store import TicketState
from tasks.trade.fills import fills
from tasks.trade.submit import submit
from tests.flows.days.days import Watcher
from tests.flows.desk.desk_harness import Reruns, kinds, open_town

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("approval")) as opened:
        yield opened


@pytest.fixture
def reruns(town):
    return Reruns(town)


@pytest.fixture(params=["warm", pytest.param("cold", marks=pytest.mark.campaign)])
def start(request, town, warm_daybook):
    """Return a function that starts a command in a process of its own."""
    if request.param == "cold":
        return town.start
    return lambda *arguments: warm_daybook.start(arguments, folder=town.home)


@pytest.mark.slow
def test_every_exit_of_a_rerun_says_what_the_desk_says_before_anything_was_sent(town, reruns):
    run, unchanged = reruns.run, reruns.unchanged
    first, _, (review,) = run("proposed", 0)
    orders = first["orders"]
    assert orders > 2
    assert "daybook approve 2026-06-15" in review
    assert "Orders can be sent until 16:15 Bucharest" in town.daybook("orders")[1]
    unchanged("proposed", 0)
    unchanged("proposed", 0, "--fresh")
    # The same decision some minutes later is the same ticket.
    town.simulator.advance_to(town.session.decision_time + 5 * MINUTE)
    unchanged("proposed", 0)

    assert town.daybook("reject", "--reason", "a slip", "--by", "bob")[0] == 0
    _, page, (sent,) = run("rejected", 0)
    for exit_ in (page, sent):
        assert "rejected by bob: a slip" in exit_
        assert "daybook approve" not in exit_
    unchanged("rejected", 0, "--fresh")
    assert town.daybook("reopen", "--by", "bob")[0] == 0

    assert town.daybook("stop", "--reason", "odd", "--by", "ana")[0] == 0
    run("halted", 4)
    assert "ana halted trading (odd)" in town.messages()[-1]
    assert town.daybook("resume", "--by", "ana")[0] == 0


@pytest.mark.slow
def test_every_exit_of_a_rerun_says_what_the_desk_says_after_orders_were_sent(
    town, reruns, warm_daybook
):
    run, day, paths = reruns.run, str(town.session.day), reruns.paths
    first, _, _ = run("proposed", 0)
    orders = first["orders"]
    *_, symbol = (each["symbol"] for each in first["actions"])
    code, said = town.elsewhere("approve", "--only", symbol, "--by", "ana")
    assert code == 0, said
    assert f"Not approved: {orders - 1} orders" in said
    assert "open until 16:15 Bucharest: daybook approve" in said
    told, page, _ = run("sent", 0)
    assert told["headline"] == "1 order sent: 1 working"
    assert "Nothing has been sent" not in page
    other = first["actions"][0]["symbol"]
    assert "DAY, not sent" in town.daybook("why", other)[1]
    assert "DAY, working\n" in town.daybook("why", symbol)[1]
    with warm_daybook.start(("approve", day, "--by", "bob"), folder=town.home) as started:
        said = started.communicate(timeout=120)[0]
    code = started.returncode
    assert (code, f"{orders - 1} sent by this call" in said) == (0, True), said
    assert len(set(town.at_exchange())) == len(town.at_exchange()) == orders
    code, said = town.daybook("approve", "--by", "bob")
    assert (code, said[:16]) == (1, "AlreadyCommitted")
    before = len(town.messages())
    code, said = town.daybook("execute")
    assert (code, "0 sent by this call" in said) == (0, True)
    run("sent", 0)
    assert town.daybook("execute")[0] == 0
    run("sent", 0)
    assert len(town.messages()) == before + 1  # what was told is not told again
    assert len(town.at_exchange()) == orders
    is_filled_and_closed(town, run, orders)
    answers = ["rejection", "reopening", "approval", "approval"]
    assert [kind for kind in kinds(town) if kind in answers] == answers
    assert kinds(town).count("execution") == 2
    assert kinds(town).count("close") == 1
    journal.verify(paths.journal, paths.home)


def is_filled_and_closed(town, run, orders):
    """The broker is asked, by `orders` as by the next run; until then the desk knows of no fill."""
    town.simulator.advance_to(town.session.open + MINUTE)
    code, said = town.daybook("orders", "--date", str(town.session.day))
    assert (code, f"{orders} filled" in said) == (0, True), said
    assert "the broker was asked at" in said
    told, _, _ = run("filled", 0)
    assert told["headline"] == f"{orders} orders sent: {orders} filled"
    town.simulator.advance_to(town.session.close + MINUTE)
    for _ in range(2):
        code, said = town.daybook("close")
        assert code == 0, said
        assert f"closed: {orders} orders sent: {orders} filled" in town.messages()[-1]
    run("filled", 0)


@pytest.mark.slow
def test_two_processes_executing_at_once_send_every_order_once(town, start):
    town.to_next_session()
    record = town.a_ticket()
    with town.store as store:
        approvals.approve(store, record.sha256, by="ana", now=town.session.decision_time)
    with start("execute") as one, start("execute") as other:
        said = [each.communicate(timeout=120)[0] for each in (one, other)]
    wanted = [order.order_ref for order in record.ticket.orders]
    assert town.at_exchange() == wanted
    assert sum("14 sent by this call" in text for text in said) == 1, said
    for text, process in zip(said, (one, other), strict=True):
        busy = "another process is sending" in text or "client id" in text
        assert process.returncode == (1 if busy else 0), text


@pytest.mark.slow
def test_auto_sends_over_the_same_path_and_says_who_approved(town):
    town.to_next_session()
    outcome = town.run_day(submit=Submit.AUTO)
    sent = outcome.records[submit].result
    assert sent.sent == len(town.at_exchange()) > 0
    with town.store as store:
        record = ticket_store.find(store, town.session.day)
        assert (record.state, record.sha256) == (TicketState.COMMITTED, sent.ticket)
        assert approval_state.approval_of(store, record.sha256).by == "auto"
    again = town.run_day(submit=Submit.AUTO)
    assert again.records[submit].result.sent == 0
    assert len(set(town.at_exchange())) == len(town.at_exchange()) == sent.sent
    assert kinds(town).count("execution") >= 1


@pytest.mark.slow
def test_a_ticket_of_other_settings_or_another_file_is_refused_at_the_command_line(town):
    town.to_next_session()
    record = town.a_ticket(3)
    path = town.home / record.path
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b'"quantity": ', b'"quantity": 1'))
    code, said = town.daybook("approve", "--by", "ana")
    assert (code, said[:13]) == (1, "TicketChanged")
    path.write_bytes(kept)
    code, said = town.daybook("approve", "--by", "ana")
    assert (code, said[:15]) == (1, "AlreadyApproved")
    assert town.daybook("reject", "--reason", "odd", "--by", "bob")[0] == 0
    assert town.daybook("execute")[1].startswith("TicketClosed")
    assert "rejected by bob: odd" in town.daybook("orders", "--date", str(town.session.day))[1]
    assert town.at_exchange() == []


@pytest.mark.slow
def test_an_unknown_symbol_an_unknown_ticket_and_a_late_approval_are_errors(town):
    town.to_next_session()
    record = town.a_ticket(3)
    code, said = town.daybook("approve", "--only", "NOPE")
    assert (code, "not on this ticket: NOPE" in said) == (2, True)
    assert town.daybook("approve", "deadbeef")[1].startswith("UnknownTicket")
    town.simulator.advance_to(town.session.finish_line + MINUTE)
    code, said = town.daybook("approve", record.short)
    assert (code, said[:13]) == (5, "TicketExpired")
    assert town.at_exchange() == []
    assert "expired" in town.daybook("orders")[1]
    # A day that is decided too late is what became of the ticket that nobody answered.
    code, said = town.daybook("run", "--date", str(town.session.day), "--json")
    assert (code, json.loads(said)["verdict"]) == (5, "expired")


@pytest.mark.slow
def test_orders_edited_after_they_were_committed_are_not_sent_and_people_are_told(town):
    town.to_next_session()
    record = town.a_ticket(3)
    now = town.session.decision_time
    with town.store as store:
        approvals.approve(store, record.sha256, by="ana", now=now)
        intents.commit_ticket(store, record, now=now)  # and then the process died
    path = Paths.of(town.settings).data / "desk" / "desk.sqlite"
    with closing(sqlite3.connect(path)) as by_hand, by_hand:
        by_hand.execute("UPDATE intents SET quantity = 3 * quantity, side = 'SELL'")
    wanted = record.ticket.orders[0]
    code, said = town.daybook("execute")
    assert (code, said[:13]) == (4, "OrdersAltered"), said
    named = f"intents.quantity of {wanted.order_ref}: stored {3 * wanted.quantity}"
    assert f"{named}, approved {wanted.quantity}" in said
    assert "execute failed" in town.messages()[-1]
    assert wanted.order_ref in town.messages()[-1]
    assert "HALTED by desk" in town.daybook("orders")[1]
    assert kinds(town) == ["incident"]
    assert town.at_exchange() == []

    with closing(sqlite3.connect(path)) as by_hand, by_hand:
        by_hand.execute("UPDATE intents SET quantity = quantity / 3, side = 'BUY'")
    assert "desk halted trading" in town.daybook("execute")[1]
    assert town.daybook("resume", "--by", "ana")[0] == 0
    assert town.daybook("execute")[0] == 0
    assert town.at_exchange() == [order.order_ref for order in record.ticket.orders]


@contextmanager
def faulty(town, name, **options):
    town.simulator.fault(name, **options)
    try:
        yield
    finally:
        town.simulator.fault(name, on=False)


@pytest.mark.slow
@pytest.mark.parametrize(("refused", "which"), [(3, "every order"), (1, "1 of 3 orders")])
def test_a_batch_rejected_in_whole_or_in_part_is_exit_1_and_says_how_much(town, refused, which):
    town.to_next_session()
    record = town.a_ticket(3)
    names = [order.symbol for order in record.ticket.orders[:refused]]
    with ExitStack() as faults:
        for name in names:
            town.simulator.fault("refuse", code=201, symbol=name, message=3)
        faults.callback(town.simulator.fault, "refuse", on=False)
        code, said = town.daybook("approve", "--by", "ana")
    assert code == 1, said
    told = f"REJECTED {', '.join(names)}: the broker rejected {which}"
    assert told in said
    assert told in town.messages()[-1]
    assert len(town.at_exchange()) == 3 - refused


@pytest.mark.slow
def test_a_link_that_falls_silent_within_a_batch_still_tells_what_left(town, monkeypatch):
    monkeypatch.setenv("DAYBOOK_GATEWAY__REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("DAYBOOK_GATEWAY__CONNECT_TIMEOUT", "1")
    monkeypatch.setenv("DAYBOOK_ORDERS__ACKNOWLEDGE_TIMEOUT", "1")
    town.to_next_session()
    settings = town.settings
    town.settings = load_settings()
    record = town.a_ticket(4)
    with faulty(town, "mute", message=3, after=2):
        code, said = town.daybook("approve", "--by", "ana")
    assert code == 1, said
    assert "UNCERTAIN " in said
    assert "PROBLEM: the broker could not be asked afterwards" in said
    assert "UNCERTAIN " in town.messages()[-1]
    entry = list(journal.entries(Paths.of(town.settings).journal))[-1].entry
    assert (entry.kind, entry.session) == ("execution", town.session.day)
    assert set(entry.facts["uncertain"]) >= {record.ticket.orders[-1].order_ref}
    assert entry.facts["not_asked"]

    with faulty(town, "swallow", answer=[53]):  # no list of open orders: nothing can be sent
        code, said = town.daybook("execute")
    assert code == 1, said
    assert "UNCERTAIN " in said
    assert "HELD BACK: open orders" in said
    town.settings = settings


@pytest.mark.slow
def test_a_day_that_sends_by_itself_seals_what_left_when_the_link_falls_silent(town):
    town.to_next_session()
    gateway = town.settings.gateway.model_copy(
        update={"request_timeout": 1.0, "connect_timeout": 1.0}
    )
    orders = town.settings.orders.model_copy(update={"acknowledge_timeout": 1.0})
    falls_silent = {"8 desk": lambda: town.simulator.fault("mute", message=3, after=2)}
    try:
        outcome = town.run_day(
            watch=Watcher(falls_silent), submit=Submit.AUTO, gateway=gateway, orders=orders
        )
    finally:
        town.simulator.fault("mute", on=False)
    states = outcome.records[submit].result.states
    assert "uncertain" in {state.status for state in states}
    assert outcome.records[fills].result.not_asked
    assert outcome.records[fills].result.states == states
    assert kinds(town) == ["execution", "decision"]
