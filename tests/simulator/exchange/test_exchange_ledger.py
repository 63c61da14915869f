import json
import os
from datetime import timedelta

import pytest

from core.calendar import session
from core.errors import ConfigurationError, DataError, RequestRefused, StorageError
from core.types import Side
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.exchange.order_log import Ledger, Placed
from simulator.exchange.orders import Status, TimeInForce
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    BOLT,
    CALM,
    CLOSE,
    MONDAY,
    NEXT_MORNING,
    OPEN,
    TUESDAY,
    TinyMarket,
    limit_order,
    market_order,
)


def a_broker(folder, *, now=BEFORE_OPEN, market=None, cash=100_000.0):
    return Broker(market or TinyMarket(), state=folder, now=now, cash=cash)


def account_of(broker):
    exchange = broker.exchange
    return exchange.cash, exchange.holdings, exchange.executions, exchange.orders.working


def ledger_file(folder):
    return folder / TinyMarket.world_id / "ledger.jsonl"


def reopened(folder, now):
    broker = a_broker(folder, now=now)
    broker.close()
    return broker


def a_busy_day(folder):
    broker = a_broker(folder)
    broker.place(market_order(ACME, 300), order_id=1, client_id=7)
    broker.place(limit_order(BOLT, 100, 49.5), order_id=2, client_id=7)
    broker.place(limit_order(ACME, 10, 90.0), order_id=1, client_id=8)
    broker.modify(broker.find(7, 2), limit_order(BOLT, 50, 49.3))
    broker.cancel(8, 1)
    broker.exchange.advance_to(OPEN)
    broker.place(market_order(BOLT, 20), order_id=3, client_id=7)
    broker.exchange.advance_to(CLOSE)
    broker.close()
    return broker


def test_a_restart_at_the_same_moment_shows_the_same_account(tmp_path):
    first = a_busy_day(tmp_path)
    again = reopened(tmp_path, CLOSE)
    assert account_of(again) == account_of(first)
    assert value(again.exchange) == value(first.exchange)


def test_a_restart_at_an_earlier_moment_shows_the_account_as_of_then(tmp_path):
    a_busy_day(tmp_path)
    morning = reopened(tmp_path, BEFORE_OPEN)
    assert morning.exchange.executions == []
    assert morning.exchange.cash == 100_000.0
    assert [order.order_id for order in morning.exchange.orders.working] == [1, 2]
    day_before = reopened(tmp_path, BEFORE_OPEN - timedelta(days=1))
    assert len(day_before.exchange.orders) == 0


def test_later_events_are_ignored_but_kept_and_their_numbers_stay_used(tmp_path):
    a_busy_day(tmp_path)
    early = a_broker(tmp_path, now=BEFORE_OPEN - timedelta(days=3))
    assert early.next_order_id == 4
    with pytest.raises(RequestRefused, match="Duplicate order id"):
        early.place(market_order(), order_id=3, client_id=7)
    early.place(market_order(CALM, 5), order_id=4, client_id=7)
    early.close()
    later = reopened(tmp_path, CLOSE)
    assert later.exchange.holdings[CALM].quantity == 5
    assert later.exchange.holdings[ACME].quantity == 300
    perm_ids = [event.perm_id for event in later.ledger.events if isinstance(event, Placed)]
    assert len(set(perm_ids)) == len(perm_ids)


def test_a_change_of_what_has_become_done_is_dropped_in_the_replay(tmp_path):
    first = a_broker(tmp_path, now=OPEN)
    first.place(limit_order(ACME, 10, 99.0), order_id=1, client_id=7)
    first.exchange.advance_to(OPEN + timedelta(hours=1))
    first.cancel(7, 1)
    first.close()
    # In another world's Monday the same order fills at once.
    market = TinyMarket({(ACME, MONDAY): (98.0, 99.0, 97.0, 98.0, 1_000_000)})
    again = Broker(market, state=tmp_path, now=CLOSE, cash=100_000.0)
    assert again.find(7, 1).status is Status.FILLED
    again.close()


def test_another_world_has_another_account(tmp_path):
    class OtherMarket(TinyMarket):
        world_id = "0000000000ff"

    a_busy_day(tmp_path)
    other = a_broker(tmp_path, market=OtherMarket(), now=CLOSE)
    assert account_of(other) == (100_000.0, {}, [], [])
    assert other.account != a_broker(tmp_path, now=CLOSE).account


def test_a_torn_last_line_is_dropped_and_the_ledger_goes_on(tmp_path):
    a_busy_day(tmp_path)
    whole = ledger_file(tmp_path).read_bytes()
    ledger_file(tmp_path).write_bytes(whole + b'{"event":"placed","at":"2026-0')
    broker = a_broker(tmp_path, now=CLOSE)
    assert broker.exchange.holdings[ACME].quantity == 300
    broker.place(market_order(), order_id=9, client_id=7)
    broker.close()
    lines = ledger_file(tmp_path).read_bytes().splitlines()
    assert len(lines) == whole.count(b"\n") + 1
    assert json.loads(lines[-1])["order_id"] == 9


@pytest.mark.parametrize(
    "line", [b"not json", b"{}", b'{"event":"placed","at":"2026-06-15T09:00:00"}']
)
def test_any_other_unreadable_line_is_an_error_that_names_it(tmp_path, line):
    a_busy_day(tmp_path)
    path = ledger_file(tmp_path)
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(DataError, match="line 1"):
        a_broker(tmp_path)


def test_a_ledger_written_before_orders_had_stops_and_legs_is_still_read(tmp_path):
    path = ledger_file(tmp_path)
    path.parent.mkdir()
    path.write_bytes(
        b'{"at":"2026-06-15T11:00:00+00:00","client_id":7,"event":"placed","order_id":1,'
        b'"perm_id":1000000000,"terms":{"con_id":101,"limit_price":97.5,"order_ref":"old",'
        b'"order_type":"LMT","quantity":10,"side":"BUY","time_in_force":"DAY"}}\n'
    )
    broker = a_broker(tmp_path, now=CLOSE)
    order = broker.find(7, 1)
    assert (order.status, order.average_price, order.terms.order_ref) == (
        Status.FILLED,
        97.5,
        "old",
    )
    broker.close()


def test_two_simulators_cannot_hold_one_account(tmp_path):
    first = a_broker(tmp_path)
    with pytest.raises(ConfigurationError, match="another simulator is running"):
        a_broker(tmp_path)
    first.close()
    a_broker(tmp_path).close()


def test_an_event_is_on_disk_before_the_order_counts(tmp_path, monkeypatch):
    broker = a_broker(tmp_path)
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(len(broker.exchange.orders)))
    broker.place(market_order(), order_id=1, client_id=7)
    assert synced == [0]
    broker.close()


def test_a_full_disk_leaves_no_half_line_and_no_order(tmp_path, monkeypatch):
    broker = a_broker(tmp_path)
    monkeypatch.setattr(os, "write", half_a_write(os.write))
    with pytest.raises(RequestRefused, match="disk is full"):
        broker.place(market_order(), order_id=1, client_id=7)
    monkeypatch.undo()
    assert ledger_file(tmp_path).read_bytes() == b""
    assert len(broker.exchange.orders) == 0
    broker.place(market_order(), order_id=1, client_id=7)
    broker.close()
    assert len(reopened(tmp_path, BEFORE_OPEN).exchange.orders) == 1


def half_a_write(write):
    return lambda file, content: write(file, content[: len(content) // 2])


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot open"):
        Ledger(tmp_path / "file")


def test_next_days_orders_join_the_account_of_the_days_before(tmp_path):
    a_busy_day(tmp_path)
    broker = a_broker(tmp_path, now=NEXT_MORNING)
    broker.place(market_order(ACME, 300, side=Side.SELL), order_id=4, client_id=7)
    broker.exchange.advance_to(session(TUESDAY).close)
    assert ACME not in broker.exchange.holdings
    broker.close()


def test_an_order_at_the_moment_of_the_close_is_for_the_next_session(tmp_path):
    broker = a_broker(tmp_path, now=CLOSE)
    broker.place(limit_order(ACME, 10, 90.0), order_id=1, client_id=7)
    broker.exchange.advance_to(NEXT_MORNING)
    assert broker.find(7, 1).status is Status.PRE_SUBMITTED
    broker.exchange.advance_to(session(TUESDAY).close)
    assert broker.find(7, 1).status is Status.CANCELLED
    broker.close()


def test_what_reduces_the_commitment_is_taken_even_when_too_much_is_committed(tmp_path):
    risen = TinyMarket({(ACME, MONDAY): (150.0, 150.0, 150.0, 150.0, 1_000_000)})
    broker = a_broker(tmp_path, market=risen)
    # 1,900 at 102 need 96,900 of 100,000; at 150 they would need 142,500.
    broker.place(limit_order(ACME, 1_900, 90.0, tif=TimeInForce.GTC), order_id=1, client_id=7)
    broker.exchange.advance_to(CLOSE)
    broker.place(market_order(ACME, 100, side=Side.SELL), order_id=2, client_id=7)
    with pytest.raises(RequestRefused, match="INITIAL MARGIN"):
        broker.place(market_order(ACME, 1, side=Side.BUY), order_id=3, client_id=7)
    broker.close()
