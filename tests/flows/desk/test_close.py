from datetime import timedelta

import pandas as pd
import pytest

import journal
from core.storage.paths import Paths
from core.storage.runs import book_path
from core.types import Order, OrderType, Side
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketState
from ibkr.socket_gateway import open_socket
from tests.flows.desk.desk_harness import open_town

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("close")) as opened:
        yield opened


def close_entry(town):
    sealed = [e.entry for e in journal.entries(Paths.of(town.settings).journal)]
    return [e for e in sealed if (e.kind, e.session) == ("close", town.session.day)][-1]


def by_hand(town, con_id, symbol, quantity):
    """Buy as a person in TWS does: another client, no name on the order."""
    gateway = town.settings.gateway.model_copy(update={"order_client_id": 3})
    settings = town.settings.model_copy(update={"gateway": gateway})
    order = Order(con_id, symbol, Side.BUY, quantity, OrderType.MARKET, None, "DAY", "hand")
    with open_socket(settings, for_orders=True) as opened:
        opened.trading.place_orders([order], timeout=5.0)


@pytest.mark.slow
def test_a_close_accounts_for_every_fill_commission_and_position(town):
    record = town.a_ticket(4)
    assert town.daybook("approve", "--by", "ana")[0] == 0
    code, said = town.daybook("close")
    assert (code, "close the session afterwards" in said) == (2, True)

    town.simulator.advance_to(town.session.close + MINUTE)
    code, said = town.daybook("close")
    assert code == 0, said
    entry = close_entry(town)
    fills = pd.read_parquet(Paths.of(town.settings).table("fills", town.session.day))
    decided = {line.order.order_ref: line.reference_price for line in record.ticket.lines}
    paid = sum((f.price - decided[f.order_ref]) * f.quantity for f in fills.itertuples())
    assert entry.facts["slippage"] == pytest.approx(paid)
    assert entry.facts["commission"] == pytest.approx(fills["commission"].sum())
    assert entry.facts["without_commission"] == 0
    assert fills["quantity"].sum() == sum(o.quantity for o in record.ticket.orders)
    assert (entry.facts["mismatches"], entry.facts["unfilled"]) == ([], [])
    paths = {artefact.path for artefact in entry.artefacts}
    assert {"data/sim/fills/2026-06-15.parquet", record.path} <= paths
    journal.verify(Paths.of(town.settings).journal, Paths.of(town.settings).home)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "a folder", "not a number"])
def test_a_run_book_that_cannot_be_used_costs_no_order_and_is_named(town, damage):
    town.to_next_session()
    record = town.a_ticket(2)
    book = book_path(Paths.of(town.settings), town.session.day, record.ticket.run_key)
    book.parent.mkdir(parents=True, exist_ok=True)
    if damage == "a folder":
        book.mkdir()
    else:
        book.write_text({"cut": '{"stages": [{', "not a number": '{"stages": [NaN]}'}[damage])
    code, said = town.daybook("approve", "--by", "ana")
    assert (code, "2 sent by this call" in said, "PROBLEM: " in said, book.name in said) == (
        1,
        True,
        True,
        True,
    )
    town.simulator.advance_to(town.session.close + MINUTE)
    code, said = town.daybook("close")
    assert (code, "PROBLEM: " in said) == (1, True)
    assert close_entry(town).facts["without_commission"] == 0
    if damage != "a folder":
        assert f"daybook run --date {town.session.day} --fresh" in said


@pytest.mark.slow
def test_a_trade_by_hand_and_an_unfilled_order_are_named(town):
    town.to_next_session()
    record = town.a_ticket(2, offset=-0.09)  # bids 9 % below the market: nobody sells there
    assert town.daybook("approve", "--by", "ana")[0] == 0
    stranger = next(i for i in town.market.instruments if i.con_id not in
                    {o.con_id for o in record.ticket.orders} and i.currency == "USD"
                    and i.sec_type == "STK")  # fmt: skip
    by_hand(town, stranger.con_id, stranger.symbol, 7)
    town.simulator.advance_to(town.session.close + MINUTE)
    code, said = town.daybook("close")
    assert code == 1
    assert f"NOT EXPLAINED {stranger.symbol}" in said
    assert "+7 not by daybook" in said
    assert "2 cancelled" in town.messages()[-1]
    entry = close_entry(town)
    assert entry.facts["mismatches"] == [stranger.symbol]
    assert len(entry.facts["unfilled"]) == 2


@pytest.mark.slow
def test_a_session_nobody_acted_on_closes_with_its_ticket_expired(town):
    town.to_next_session()
    record = town.a_ticket(2)
    town.simulator.advance_to(town.session.close + MINUTE)
    code, said = town.daybook("close", "--date", str(town.session.day))
    assert code == 0, said
    with town.store as store:
        assert ticket_store.fetch(store, record.sha256).state is TicketState.EXPIRED
    assert close_entry(town).facts["orders"] == 0
    assert town.at_exchange() == []


@pytest.mark.slow
def test_a_session_without_a_ticket_cannot_be_closed(town):
    assert town.daybook("close", "--date", "2026-06-10")[1].startswith("UnknownTicket")


@pytest.mark.slow
@pytest.mark.parametrize("lost", [[11], [11, 101]], ids=["executions", "completed orders too"])
def test_own_fills_that_nobody_reported_are_never_called_anothers(town, lost):
    town.to_next_session()
    record = town.a_ticket(2)
    assert town.daybook("approve", "--by", "ana")[0] == 0
    town.simulator.advance_to(town.session.close + MINUTE)
    town.simulator.fault("swallow", answer=lost)
    try:
        code, said = town.daybook("close", "--date", str(town.session.day))
    finally:
        town.simulator.fault("swallow", on=False)
    assert code == 1, said
    assert "not by daybook" not in said
    order = record.ticket.orders[0]
    entry = close_entry(town)
    if lost == [11]:
        filled = f"NOT REPORTED {order.symbol}: {order.quantity:,} filled by the order's status"
        assert filled in said
        assert entry.facts["mismatches"] == []
        assert [u["quantity"] for u in entry.facts["unreported"]] == [
            o.quantity for o in record.ticket.orders
        ]
    else:
        assert f"NOT KNOWN {order.symbol}: " in said
        assert f"{order.quantity:+} may be of daybook's own BUY order {order.order_ref}" in said
    code, said = town.daybook("close", "--date", str(town.session.day))
    assert code == 0, said
    assert "2 filled" in town.messages()[-1]
