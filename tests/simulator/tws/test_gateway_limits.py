import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RequestRefused
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.history_limits import Asked, SmallBarPacing, refuse_step
from simulator.tws.rate_limits import IBKR, Limits, MessageRate, Overruns
from tests.simulator.gateway_harness import run_scenario, stock
from tests.simulator.tiny_market import ACME, BOLT, CALM


class Seconds:
    """A stopwatch moved by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def contract(con_id):
    return ContractQuery.read(Fields(f"{con_id}\0\0STK\0\0\0\0\0SMART\0\0\0\0\0".encode()))


def asked(*, con_id=ACME, end="", bar_size="5 secs", duration="1800 S", what="TRADES"):
    return Asked(contract(con_id), end, bar_size, duration, what)


def bars(wire, request_id, *, con_id=ACME, bar_size="1 day", duration="1 M"):
    described = (con_id, "", "", "", 0.0, "", "", "SMART", "", "", "", "")
    wire.send(20, request_id, *described, 0, "", bar_size, duration, 1, "TRADES", 1, 0, "")


async def read_to_the_end(wire):
    while True:
        await wire.receive()


# 50 messages a second


@given(st.lists(st.floats(0.0, 0.5), min_size=60, max_size=300))
def test_no_sliding_second_ever_has_more_than_the_limit(gaps):
    seconds = Seconds()
    rate, accepted = MessageRate(seconds=seconds), []
    for gap in gaps:
        seconds.now += gap
        if rate.admits(50):
            accepted.append(seconds.now)
    assert all(sum(end - 1.0 < at <= end for at in accepted) <= 50 for end in accepted)
    assert rate.most <= 50
    assert rate.total == len(accepted) + rate.refused


def test_45_messages_in_each_second_are_never_refused():
    seconds = Seconds()
    rate = MessageRate(seconds=seconds)
    for _ in range(2000):
        seconds.now += 1 / 45
        assert rate.admits(50)


def test_messages_are_counted_where_nothing_is_limited():
    rate = MessageRate(seconds=Seconds())
    assert all(rate.admits(None) for _ in range(500))
    assert (rate.total, rate.refused, rate.most) == (500, 0, 500)


def test_the_third_second_of_haste_ends_the_connection_and_not_the_third_message():
    seconds = Seconds()
    overruns = Overruns(seconds=seconds)
    assert not any(overruns.strike() for _ in range(100))
    seconds.now = 1.5
    assert not overruns.strike()
    seconds.now = 2.6
    assert overruns.strike()


def test_the_51st_message_of_a_second_is_refused_with_100_and_not_acted_on(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        harness.gateway.limits = Limits(messages_per_second=50)
        for _ in range(60):
            wire.send(49, 1)
        answers = [await wire.receive() for _ in range(60)]
        refused = [answer for answer in answers if answer[0] == "4"]
        # The start of the session was counted as well.
        assert len(answers) - len(refused) == 50 - 1
        assert all(answer[2:4] == ["-1", "100"] for answer in refused)
        assert refused[0][4].startswith("Max rate of messages per second has been exceeded")

    run_scenario(tmp_path, scenario)


def test_the_limit_counts_all_clients_together(tmp_path):
    async def scenario(harness):
        one, two = await harness.started(21), await harness.started(22)
        harness.gateway.limits = Limits(messages_per_second=2)
        one.send(49, 1)
        assert (await one.receive())[3] == "100"
        two.send(49, 1)
        assert (await two.receive())[3] == "100"

    run_scenario(tmp_path, scenario)


def test_a_client_that_floods_is_disconnected_and_the_others_are_served(tmp_path, monkeypatch):
    seconds = Seconds()
    monkeypatch.setattr(
        "simulator.tws.client_connection.Overruns", lambda: Overruns(seconds=seconds)
    )

    async def scenario(harness):
        harness.gateway.service.rate = MessageRate(seconds=seconds)
        harness.gateway.limits = Limits(messages_per_second=20)
        ib = await harness.connect()
        wire = await harness.raw()
        wire.send(71, 2, 21, "")
        for second in (2.0, 4.0, 6.0):
            seconds.now = second
            for _ in range(1000):
                wire.send(49, 1)
            await asyncio.sleep(0.02)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await read_to_the_end(wire)
        seconds.now = 10.0
        await ib.reqCurrentTimeAsync()
        assert list(harness.gateway.clients) == [7]

    run_scenario(tmp_path, scenario)


# Bars


def test_the_51st_unanswered_request_for_bars_is_refused_with_162(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        harness.gateway.limits = Limits(open_histories=50, history_seconds=0.3)
        for number in range(51):
            bars(wire, number)
        first = await wire.receive()
        assert first[:4] == ["4", "2", "50", "162"]
        assert "Only 50 simultaneous" in first[4]
        answered = [(await wire.receive())[:2] for _ in range(50)]
        assert answered == [["17", str(number)] for number in range(50)]
        bars(wire, 60)  # the others are answered: there is room again
        assert (await wire.receive())[:2] == ["17", "60"]

    run_scenario(tmp_path, scenario)


def test_a_cancelled_request_for_bars_says_so_and_is_not_answered(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        harness.gateway.limits = Limits(history_seconds=0.05)
        bars(wire, 1)
        bars(wire, 2)
        wire.send(25, 1, 1)
        said = await wire.receive()
        assert said[2:4] == ["1", "162"]
        assert said[4].endswith("API historical data query cancelled: 1")
        assert (await wire.receive())[:2] == ["17", "2"]

    run_scenario(tmp_path, scenario)


def test_an_error_of_a_waiting_request_names_it(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        harness.gateway.limits = Limits(history_seconds=0.01)
        bars(wire, 4, con_id=999)
        assert (await wire.receive())[2:4] == ["4", "200"]
        bars(wire, 5)
        bars(wire, 5)
        assert (await wire.receive())[2:4] == ["5", "322"]

    run_scenario(tmp_path, scenario)


def test_a_client_that_goes_is_no_longer_waited_for(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        harness.gateway.limits = Limits(open_histories=1, history_seconds=30.0)
        bars(wire, 1)
        await asyncio.sleep(0.02)
        await wire.close()
        await asyncio.sleep(0.02)
        harness.gateway.limits = Limits(open_histories=1)
        again = await harness.started(22)
        bars(again, 2)
        assert (await again.receive())[:2] == ["17", "2"]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("bar_size", "duration"),
    [("1 day", "2 Y"), ("1 day", "1 D"), ("1 min", "1 D"), ("30 mins", "1 M"), ("1 secs", "60 S"),
     ("1 month", "1 Y"), ("5 secs", "1800 S"), ("one", "1 D")],
)  # fmt: skip
def test_a_bar_size_that_goes_with_its_duration_is_let_through(bar_size, duration):
    refuse_step(asked(bar_size=bar_size, duration=duration))


@pytest.mark.parametrize(
    ("bar_size", "duration"),
    [("30 secs", "1 D"), ("1 min", "2 D"), ("2 mins", "1 W"), ("15 mins", "1 M"),
     ("1 hour", "1 Y"), ("1 secs", "3600 S"), ("1 week", "1 D"), ("2 mins", "60 S")],
)  # fmt: skip
def test_a_bar_size_that_does_not_go_with_its_duration_is_refused(bar_size, duration):
    with pytest.raises(RequestRefused, match="invalid step") as refused:
        refuse_step(asked(bar_size=bar_size, duration=duration))
    assert refused.value.code == 162


def test_the_same_request_within_15_seconds_is_a_pacing_violation():
    seconds = Seconds()
    pacing = SmallBarPacing(seconds=seconds)
    pacing.refuse_violation(asked())
    seconds.now = 14.0
    with pytest.raises(RequestRefused, match="pacing violation"):
        pacing.refuse_violation(asked())
    pacing.refuse_violation(asked(con_id=BOLT))
    seconds.now = 15.1
    pacing.refuse_violation(asked())


def test_six_requests_of_one_contract_within_two_seconds_are_a_pacing_violation():
    pacing = SmallBarPacing(seconds=Seconds())
    for minute in range(5):
        pacing.refuse_violation(asked(end=f"20260615 10:0{minute}:00"))
    with pytest.raises(RequestRefused, match="pacing violation"):
        pacing.refuse_violation(asked(end="20260615 10:06:00"))


def test_more_than_60_requests_in_ten_minutes_are_a_pacing_violation_and_bid_ask_counts_twice():
    seconds = Seconds()
    pacing = SmallBarPacing(seconds=seconds)
    for number in range(30):
        seconds.now = number * 3.0
        pacing.refuse_violation(asked(con_id=number, what="BID_ASK"))
    with pytest.raises(RequestRefused, match="pacing violation"):
        pacing.refuse_violation(asked(con_id=99))
    seconds.now = 600.1
    pacing.refuse_violation(asked(con_id=99))


def test_bars_of_a_minute_and_more_are_not_paced():
    pacing = SmallBarPacing(seconds=Seconds())
    for _ in range(200):
        pacing.refuse_violation(asked(bar_size="1 min"))


# Quotes


def test_the_101st_line_is_refused_and_the_number_of_lines_can_be_changed(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.limits = Limits(market_data_lines=2)
        for symbol, con_id in (("ACME", ACME), ("BOLT", BOLT), ("CALM", CALM)):
            ib.reqMktData(stock(symbol, conId=con_id))
        await ib.reqCurrentTimeAsync()
        assert harness.codes() == [101]

    run_scenario(tmp_path, scenario)
    assert IBKR.market_data_lines == 100


def test_the_presets_are_what_ibkr_enforces_and_nothing():
    assert IBKR.messages_per_second == IBKR.open_histories == 50
    assert IBKR.small_bar_pacing
    assert IBKR.step_sizes
    assert IBKR.snapshot_seconds == 11.0
    assert not Limits().concern_histories
