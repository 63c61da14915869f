"""Daily bars of many contracts, against a gateway that misleads on purpose."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from core.errors import (
    ConfigurationError,
    GatewayTimeout,
    GatewayUnreachable,
)
from core.tables import BARS
from core.types import Contract
from ibkr.market.market_data import MarketData
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import BARS as ASK_BARS
from tests.ibkr.market_answers import AAPL, IBM, by_contract, nothing

GOOD_BAR = ("20260612", 99.0, 101.0, 98.5, 100.0, 12345, 99.9, 10)


def bars(*rows):
    def answer(gateway, fields):
        values = [value for row in rows for value in row]
        gateway.say([17, fields[1], "", "", len(rows), *values])

    return answer


def test_bars_come_in_the_columns_of_their_table(connected):
    older = ("20260611", 98.0, 99.5, 97.5, 99.0, 11111, 98.5, 10)
    _, connection = connected({ASK_BARS: bars(GOOD_BAR, older)})
    history = MarketData(connection).history([AAPL])
    assert list(history.bars["session"]) == [date(2026, 6, 11), date(2026, 6, 12)]
    assert BARS.build(history.bars).num_rows == 2
    assert history.missing == {}


def test_no_bars_at_all_still_have_the_columns_of_their_table(connected):
    _, connection = connected({ASK_BARS: bars()})
    history = MarketData(connection).history([AAPL])
    assert list(history.bars.columns) == [column.name for column in BARS.columns]
    assert "no bars" in history.missing[AAPL.con_id]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (("20260611", 98, "nan", 97, 99, 1, 1, 1), "high nan"),
        (("20260611", 98, 99, 97, 0, 1, 1, 1), "close 0"),
        (("20260611", 98, 98.5, 97, 99, 1, 1, 1), "high 98.5"),
        (("20260611", 98, 99, 98.5, 99, 1, 1, 1), "low 98.5"),
        (("20260611", 98, 99, 97, 99, -1, 1, 1), "volume -1"),
        (("20260611 09:30:00 US/Eastern", 98, 99, 97, 99, 1, 1, 1), "is not a date"),
        (("20261399", 98, 99, 97, 99, 1, 1, 1), "month must be"),
        ((GOOD_BAR[0], 98, 99, 97, 99, 1, 1, 1), "a second bar of this session"),
    ],
)
def test_one_bad_bar_costs_itself_and_is_told(connected, bad, said):
    _, connection = connected({ASK_BARS: bars(GOOD_BAR, bad)})
    history = MarketData(connection).history([AAPL])
    assert list(history.bars["session"]) == [date(2026, 6, 12)]
    assert list(history.bars["close"]) == [GOOD_BAR[4]]
    assert history.left_out[AAPL.con_id].startswith("1 left out, for example 2026")
    assert said in history.left_out[AAPL.con_id]


def test_a_symbol_with_more_damage_than_is_believed_is_missing_and_no_other(connected):
    bad = [(f"202606{day:02}", 98, 99, 97, 99, -1, 1, 1) for day in (9, 10)]
    _, connection = connected(
        {ASK_BARS: by_contract({265598: bars(GOOD_BAR, *bad), 8314: bars(GOOD_BAR)})}
    )
    history = MarketData(connection).history([AAPL, IBM])
    assert set(history.bars["symbol"]) == {"IBM"}
    assert "2 of 3 bars cannot be used" in history.missing[AAPL.con_id]
    assert "volume -1" in history.missing[AAPL.con_id]


def test_who_believes_more_damage_gets_the_rest(connected):
    bad = [(f"202606{day:02}", 98, 99, 97, 99, -1, 1, 1) for day in (9, 10)]
    _, connection = connected({ASK_BARS: bars(GOOD_BAR, *bad)})
    history = MarketData(connection).history([AAPL], most_unreadable=0.7)
    assert (len(history.bars), history.missing) == (1, {})


@pytest.mark.parametrize(
    ("bar", "low", "high"),
    [
        (("20260612", 98, 99, 97, 99.05, 1, 1, 1), 97.0, 99.05),  # IEX-API #1197
        (("20260612", 96.95, 99, 97, 98, 1, 1, 1), 96.95, 99.0),  # longbridge developers #1020
    ],
)
def test_a_price_a_rounding_outside_the_range_widens_it(connected, bar, low, high):
    _, connection = connected({ASK_BARS: bars(bar)})
    history = MarketData(connection).history([AAPL])
    assert (list(history.bars["low"]), list(history.bars["high"])) == ([low], [high])
    assert history.left_out == {}


def test_the_same_bar_twice_is_one_and_of_two_states_the_fuller_counts(connected):
    # IEX-API #1620, polygon-io #92; deephaven-ib pull request #113.
    partial = ("20260611", 98, 99, 97, 98.5, 100, 1, 1)
    whole = ("20260611", 98, 99, 97, 98.7, 900, 1, 1)
    for rows in ([GOOD_BAR, GOOD_BAR, partial, whole], [whole, GOOD_BAR, partial, GOOD_BAR]):
        _, connection = connected({ASK_BARS: bars(*rows)})
        history = MarketData(connection).history([AAPL])
        assert list(history.bars["volume"]) == [900.0, float(GOOD_BAR[5])]
        assert "a second bar of this session" in history.left_out[AAPL.con_id]


def test_an_unreadable_frame_makes_its_symbol_missing_at_once(connected):
    def broken(gateway, fields):
        gateway.say([17, fields[1], "", "", 1, "20260612", "", 1, 1, 1, 1, 1, 1])

    _, connection = connected(
        {ASK_BARS: by_contract({265598: broken, 8314: bars(GOOD_BAR)})},
        settings=gateway_settings(history_timeout=WITHOUT_END),
    )
    history = MarketData(connection).history([AAPL, IBM])
    assert "cannot be read" in history.missing[AAPL.con_id]
    assert set(history.bars["symbol"]) == {"IBM"}


def test_one_silent_symbol_is_missing_and_its_request_is_withdrawn(connected):
    gateway, connection = connected(
        {ASK_BARS: by_contract({265598: nothing, 8314: bars(GOOD_BAR)})}, impatient=True
    )
    history = MarketData(connection).history([AAPL, IBM])
    assert "no answer" in history.missing[AAPL.con_id]
    assert set(history.bars["symbol"]) == {"IBM"}
    assert connection.server_time()
    assert len(gateway.asked("25")) == 1


def test_a_gateway_that_falls_silent_half_way_is_fatal_long_before_the_last_symbol(connected):
    def answer(gateway, fields):
        if int(fields[2]) <= 10:
            bars(GOOD_BAR)(gateway, fields)

    settings = gateway_settings(
        history_timeout=0.2, open_history_requests=4, messages_per_second=50
    )
    gateway, connection = connected({ASK_BARS: answer}, settings=settings)
    with pytest.raises(GatewayTimeout, match="4 requests in a row without an answer"):
        MarketData(connection).history([Contract(i, f"S{i}") for i in range(1, 200)])
    assert len(gateway.asked(ASK_BARS)) < 30


def test_a_connection_lost_half_way_is_fatal_not_a_shorter_table(connected):
    _, connection = connected(
        {ASK_BARS: by_contract({265598: lambda g, _f: g.drop(), 8314: bars(GOOD_BAR)})}
    )
    with pytest.raises(GatewayUnreachable):
        MarketData(connection).history([AAPL, IBM])


def test_never_more_history_is_open_than_is_allowed(connected):
    open_now, most = set(), []

    def answer(gateway, fields):
        open_now.add(fields[1])
        most.append(len(open_now))

        def end():
            open_now.discard(fields[1])
            bars(GOOD_BAR)(gateway, fields)

        asyncio.get_running_loop().call_later(0.02, end)

    settings = gateway_settings(open_history_requests=2, messages_per_second=50)
    _, connection = connected({ASK_BARS: answer}, settings=settings)
    progress = []
    MarketData(connection).history(
        [Contract(i, f"S{i}") for i in range(1, 9)],
        progress=lambda done, total: progress.append((done, total)),
    )
    assert max(most) <= 2
    assert progress == [(i, 8) for i in range(1, 9)]


def test_the_end_of_the_history_is_sent_in_utc(connected):
    gateway, connection = connected({ASK_BARS: bars(GOOD_BAR)})
    MarketData(connection).history([AAPL], end=datetime(2026, 6, 12, 20, tzinfo=UTC))
    assert gateway.asked(ASK_BARS)[0][15] == "20260612-20:00:00"


def test_an_end_without_a_zone_and_a_duration_that_is_none_are_refused(connected):
    gateway, connection = connected()
    data = MarketData(connection)
    with pytest.raises(ConfigurationError, match="time zone"):
        data.history([AAPL], end=datetime(2026, 6, 12, 20))  # noqa: DTZ001 - the point
    with pytest.raises(ConfigurationError, match="not a duration"):
        data.history([AAPL], duration="2 years")
    assert not gateway.asked(ASK_BARS)
