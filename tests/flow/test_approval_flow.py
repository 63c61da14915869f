"""Run, review in Slack, approve in another process, fill, close: one session after the other."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

import journal
from core.paths import Paths
from core.settings import Submit
from desk import approvals, intents, tickets
from desk.tickets import TicketState
from tests.flow.desk_town import open_town

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("approval")) as opened:
        yield opened


def kinds(town):
    sealed = journal.entries(Paths.of(town.settings).journal)
    return [each.entry.kind for each in sealed if each.entry.session == town.session.day]


@pytest.mark.slow
def test_a_day_is_reviewed_approved_in_another_process_filled_and_closed(town):
    outcome = town.run_day()
    ticket = outcome.records["propose"].facts
    assert ticket["orders"] > 1
    assert outcome.records["register"].facts["state"] == "waiting"
    (review,) = town.messages()
    assert ticket["sha256"][:12] in review
    assert "daybook approve 2026-06-15" in review
    assert town.at_exchange() == []
    assert "waits until 16:15 Bucharest" in town.daybook("orders")[1]

    code, said = town.elsewhere("approve", "2026-06-15", "--by", "ana")
    assert code == 0, said
    assert f"{ticket['orders']} sent by this call" in said
    assert len(set(town.at_exchange())) == len(town.at_exchange()) == ticket["orders"]

    code, said = town.daybook("approve", ticket["sha256"][:12], "--by", "bob")
    assert (code, said[:16]) == (1, "AlreadyCommitted")
    code, said = town.daybook("execute")
    assert code == 0
    assert "0 sent by this call" in said
    assert len(town.at_exchange()) == ticket["orders"]

    town.simulator.advance_to(town.session.close + MINUTE)
    code, said = town.elsewhere("close")
    assert code == 0, said
    assert f"{ticket['orders']} filled" in town.messages()[-1]
    # The same execution is sealed once.
    assert kinds(town) == ["decision", "approval", "execution", "close"]
    journal.verify(Paths.of(town.settings).journal, Paths.of(town.settings).home)

    assert town.daybook("close")[0] == 0
    assert kinds(town) == ["decision", "approval", "execution", "close"]


@pytest.mark.slow
def test_two_processes_executing_at_once_send_every_order_once(town):
    town.to_next_session()
    record = town.a_ticket()
    with town.store as store:
        approvals.approve(store, record.sha256, by="ana", now=town.session.decision_time)
    with town.start("execute") as one, town.start("execute") as other:
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
    sent = outcome.records["submit"].facts
    assert sent["sent"] == len(town.at_exchange()) > 0
    with town.store as store:
        record = tickets.find(store, town.session.day)
        assert (record.state, record.sha256) == (TicketState.COMMITTED, sent["ticket"])
        assert approvals.approval_of(store, record.sha256).by == "auto"
    again = town.run_day(submit=Submit.AUTO)
    assert again.records["submit"].facts["sent"] == 0
    assert len(set(town.at_exchange())) == len(town.at_exchange()) == sent["sent"]
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
    assert "desk stopped all orders" in town.daybook("execute")[1]
    assert town.daybook("resume", "--by", "ana")[0] == 0
    assert town.daybook("execute")[0] == 0
    assert town.at_exchange() == [order.order_ref for order in record.ticket.orders]
