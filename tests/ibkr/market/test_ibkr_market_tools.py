"""Live quotes, order books, bars of every size, against a gateway that misbehaves on purpose."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from core.errors import ConfigurationError, DataError, GatewayError, GatewayTimeout, NoData
from core.types import Contract
from ibkr.market.bar_sizes import check_step
from ibkr.market.live_quotes import live_quote
from ibkr.market.market_data import MarketData
from ibkr.market.order_book import fold
from ibkr.wire.messages import DepthRow, Generic, Text, Tick
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import BARS, QUOTE
from tests.ibkr.market_answers import DEPTH, HEAD

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
AAPL, IBM = Contract(265598, "AAPL"), Contract(8314, "IBM")
WHOLE = ((1, 1, 99.0, 300, 0), (1, 2, 99.5, 200, 0), (1, 4, 99.25, 100, 0), (1, 9, 98.0, 0, 0),
         (2, 8, 12345))  # fmt: skip


def ticks(gateway, request, *rows):
    gateway.say(*[[row[0], 1, request, *row[1:]] for row in rows])


def opened_only(gateway, fields):
    """Tell a whole quote, and end the snapshot as late as IBKR does: not within a test."""
    ticks(gateway, fields[2], *WHOLE)


# Quotes


def test_a_quote_tells_its_source_its_sizes_its_day_and_its_age():
    told = [
        Tick(1, 99.0, 300), Tick(2, 99.5, 200), Tick(4, 99.25, 100), Tick(14, 98.5, 0),
        Tick(6, 99.9, 0), Tick(7, 98.1, 0), Text(45, str(int(NOW.timestamp()) - 90)),
        Generic(49, 0.0),
    ]  # fmt: skip
    found = live_quote(AAPL, told, as_of=NOW)
    assert (found.bid_size, found.ask_size, found.last_size) == (300, 200, 100)
    assert (found.open, found.high, found.low) == (98.5, 99.9, 98.1)
    assert (found.source, found.age, found.halted) == ("live", 90.0, False)


def test_what_was_not_told_is_not_known_and_never_zero():
    found = live_quote(AAPL, [Tick(9, 98.0, 0), Generic(49, -1.0)], as_of=NOW)
    unknown = (found.bid, found.bid_size, found.open, found.age, found.halted, found.volume)
    assert unknown == (None,) * 6


@pytest.mark.parametrize("value", [1.0, 2.0])
def test_both_kinds_of_halt_are_halts(value):
    assert live_quote(AAPL, [Tick(9, 98.0, 0), Generic(90, value)], as_of=NOW).halted is True


def test_a_whole_quote_is_returned_long_before_the_snapshot_ends(connected):
    gateway, connection = connected(
        {QUOTE: opened_only}, settings=gateway_settings(request_timeout=WITHOUT_END)
    )
    (found,) = MarketData(connection).quotes([AAPL]).quotes
    assert (found.bid, found.volume) == (99.0, 12345.0)
    assert not gateway.asked("2"), "a line that nobody waits for costs no message"


def test_a_line_is_given_back_only_when_another_quote_waits_for_it(connected):
    gateway, connection = connected(
        {QUOTE: opened_only},
        settings=gateway_settings(request_timeout=30.0, market_data_lines=2),
    )
    contracts = [Contract(number, f"S{number}") for number in range(1, 6)]
    assert len(MarketData(connection).bulk_quote(contracts, release=True).quotes) == 5
    cancelled = [fields[2] for fields in gateway.asked("2")]
    asked = [fields[2] for fields in gateway.asked(QUOTE)]
    assert cancelled == asked[:3], "the oldest first, and never one that is not answered"


def test_a_snapshot_that_ends_gives_its_line_back_without_a_message(connected):
    def answer(gateway, fields):
        opened_only(gateway, fields)
        asyncio.get_running_loop().call_later(0.2, gateway.say, [57, 1, fields[2]])

    gateway, connection = connected({QUOTE: answer}, settings=gateway_settings(market_data_lines=2))
    data = MarketData(connection)
    assert len(data.quotes([AAPL, IBM]).quotes) == 2
    time.sleep(0.4)
    assert len(data.quotes([AAPL, IBM]).quotes) == 2
    assert not gateway.asked("2")


def test_all_callers_of_one_connection_share_its_lines(connected):
    _, connection = connected({QUOTE: opened_only}, settings=gateway_settings(market_data_lines=3))
    data = MarketData(connection)
    assert len(data.quotes([AAPL, IBM]).quotes) == 2
    assert data.lines is data.lines
    assert len(data.quotes([Contract(1, "A"), Contract(2, "B")]).quotes) == 2


def test_delayed_data_is_asked_for_once_and_live_data_again_after_it(connected):
    gateway, connection = connected({QUOTE: opened_only})
    data = MarketData(connection)
    for source in ("delayed", "delayed", "live"):
        data.quotes([AAPL], source=source)
    assert [fields[2] for fields in gateway.asked("59")] == ["3", "1"]
    order = [fields[0] for fields in gateway.received if fields[0] in {"59", QUOTE}]
    assert order == ["59", QUOTE, QUOTE, "59", QUOTE]


# Order book


def depth(*rows):
    return lambda g, f: g.say(
        *[[13, 1, f[2], place, maker, *row, 1] for place, maker, *row in rows]
    )


BOOK = ((0, "NSDQ", 0, 1, 99.0, 300), (0, "ARCA", 0, 0, 99.5, 200), (1, "NYSE", 0, 1, 98.9, 50))


def test_an_order_book_is_taken_when_it_has_come_to_rest_and_no_longer_watched(connected):
    gateway, connection = connected({DEPTH: depth(*BOOK)})
    book = MarketData(connection).order_book(AAPL, rows=5)
    assert [(level.price, level.size, level.market_maker) for level in book.bids] == [
        (99.0, 300, "NSDQ"), (98.9, 50, "NYSE"),
    ]  # fmt: skip
    assert [level.price for level in book.asks] == [99.5]
    assert not book.crossed
    assert connection.server_time()
    assert len(gateway.asked("11")) == 1


def test_a_book_of_one_exchange_comes_without_market_makers(connected):
    row = lambda g, f: g.say([12, 1, f[2], 0, 0, 1, 99.0, 300])  # noqa: E731
    _, connection = connected({DEPTH: row})
    book = MarketData(connection).order_book(AAPL, smart=False)
    assert (book.bids[0].price, book.bids[0].market_maker, book.asks) == (99.0, "", ())


def test_a_book_of_which_nothing_came_is_an_error_not_an_empty_book(connected):
    gateway, connection = connected({DEPTH: lambda _g, _f: None}, impatient=True)
    with pytest.raises(GatewayTimeout, match="order book of AAPL"):
        MarketData(connection).order_book(AAPL)
    assert connection.server_time()
    assert len(gateway.asked("11")) == 1


def test_a_book_that_never_rests_is_taken_before_the_time_is_over(connected):
    def answer(gateway, fields):
        def more(count):
            gateway.say([12, 1, fields[2], 0, 0 if count == 0 else 1, 1, 99.0 + count / 100, 9])
            if count < 60:
                asyncio.get_running_loop().call_later(0.05, more, count + 1)

        more(0)

    _, connection = connected({DEPTH: answer}, settings=gateway_settings(request_timeout=1.0))
    assert len(MarketData(connection).order_book(AAPL).bids) == 1


def test_rows_are_updated_and_deleted_in_place():
    changes = [
        DepthRow(0, 0, 1, 99.0, 1), DepthRow(0, 0, 1, 99.1, 2), DepthRow(1, 1, 1, 98.8, 3),
        DepthRow(0, 2, 1, 0.0, 0), DepthRow(0, 0, 0, -1.0, 0),
    ]  # fmt: skip
    book = fold(AAPL, changes, as_of=NOW)
    assert [(level.price, level.size) for level in book.bids] == [(98.8, 3)]
    assert book.asks == ()


@pytest.mark.parametrize(
    "row", [DepthRow(1, 0, 1, 99, 1), DepthRow(0, 1, 1, 99, 1), DepthRow(0, 2, 0, 0, 0),
            DepthRow(-1, 0, 1, 99, 1), DepthRow(0, 7, 1, 99, 1)],
)  # fmt: skip
def test_a_change_that_does_not_fit_makes_the_book_an_error(row):
    with pytest.raises(GatewayError, match="does not fit"):
        fold(AAPL, [row], as_of=NOW)


# Bars

MINUTE = ("1781530200", 99.0, 99.4, 98.9, 99.2, 1200, 99.1, 17)


def some_bars(*rows):
    def answer(gateway, fields):
        gateway.say([17, fields[1], "", "", len(rows), *[value for row in rows for value in row]])

    return answer


def test_intraday_bars_carry_their_time_in_utc(connected):
    gateway, connection = connected({BARS: some_bars(MINUTE)})
    found = MarketData(connection).bars(AAPL, duration="1 D", bar_size="1 min")
    assert found.bars[0].start == datetime(2026, 6, 15, 13, 30, tzinfo=UTC)
    assert (found.bars[0].volume, found.bars[0].trades) == (1200.0, 17)
    assert found.as_of == NOW
    asked = gateway.asked(BARS)[0]
    assert asked[16:21] == ["1 min", "1 D", "1", "TRADES", "2"]


def test_bars_of_the_midpoint_have_no_volume(connected):
    quiet = ("1781530200", 99.0, 99.4, 98.9, 99.2, -1, -1, -1)
    _, connection = connected({BARS: some_bars(quiet)})
    (bar,) = MarketData(connection).bars(
        AAPL, duration="1 D", bar_size="1 min", shown="MIDPOINT"
    ).bars  # fmt: skip
    assert (bar.volume, bar.average, bar.trades) == (None, None, None)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (("1781530260", 99, "nan", 98, 99, 1, 1, 1), "high nan"),
        (("1781530260", 99, 98, 97, 99, 1, 1, 1), "high 98"),
        (("1781530260", 99, 99, 97, 99, -1, 1, 1), "volume -1"),
        (("20260615 09:31:00", 99, 99, 97, 99, 1, 1, 1), "is not a time"),
        ((MINUTE[0], 99, 99, 97, 99, 0, 1, 1), "a second bar of this time"),
    ],
)
def test_one_bad_bar_costs_itself_and_two_of_three_cost_the_series(connected, bad, said):
    _, connection = connected({BARS: some_bars(MINUTE, bad)})
    found = MarketData(connection).bars(AAPL, duration="1 D", bar_size="1 min")
    assert [bar.close for bar in found.bars] == [MINUTE[4]]
    assert [said in why for why in found.left_out] == [True]
    _, connection = connected({BARS: some_bars(MINUTE, bad, bad)})
    with pytest.raises(DataError, match=said):
        MarketData(connection).bars(AAPL, duration="1 D", bar_size="1 min")


def test_no_bars_are_an_error_not_an_empty_series(connected):
    _, connection = connected({BARS: some_bars()})
    with pytest.raises(NoData, match="no bars"):
        MarketData(connection).bars(AAPL, duration="1 D", bar_size="1 min")


@pytest.mark.parametrize(
    ("duration", "size"),
    [("60 S", "1 secs"), ("1 D", "1 min"), ("2 D", "2 mins"), ("1 W", "3 mins"),
     ("1 M", "30 mins"), ("1 Y", "1 day"), ("20 Y", "1 month"), ("365 D", "1 day")],
)  # fmt: skip
def test_what_ibkr_serves_is_asked_for(duration, size):
    check_step(duration, size)


@pytest.mark.parametrize(
    ("duration", "size", "said"),
    [
        ("1 Y", "1 min", "over 1 Y take 1 day to 1 month, or 1 min over at most 1 D"),
        ("1 D", "1 secs", "1 secs over at most 1800 S"),
        ("2 D", "1 min", "take 2 mins to 1 day"),
        ("60 S", "1 day", "over 60 S take 1 secs to 1 min"),
        ("1 D", "7 mins", "none of the bar sizes"),
        ("1 day", "1 min", "not a duration"),
        ("400 D", "1 day", "must be made in years"),
        ("90000 S", "1 day", "at most 86400 S"),
    ],
)
def test_a_size_that_ibkr_refuses_is_refused_here_with_what_it_serves(
    connected, duration, size, said
):
    gateway, connection = connected()
    with pytest.raises(ConfigurationError, match=said):
        MarketData(connection).bars(AAPL, duration=duration, bar_size=size)
    assert not gateway.asked(BARS)


def test_adjusted_bars_cannot_end_in_the_past(connected):
    _, connection = connected()
    with pytest.raises(ConfigurationError, match="leave the end out"):
        MarketData(connection).bars(
            AAPL, duration="1 Y", bar_size="1 day", shown="ADJUSTED_LAST", end=NOW
        )


@pytest.mark.parametrize(
    ("told", "begins"),
    [("345479400", datetime(1980, 12, 12, 14, 30, tzinfo=UTC)),
     ("-1000", datetime(1969, 12, 31, 23, 43, 20, tzinfo=UTC))],
)  # fmt: skip
def test_the_beginning_of_the_data_is_a_time_in_utc(connected, told, begins):
    _, connection = connected({HEAD: lambda g, f: g.say([88, f[1], told])})
    assert MarketData(connection).head_timestamp(AAPL) == begins


def test_a_beginning_that_is_no_time_is_an_error(connected):
    _, connection = connected({HEAD: lambda g, f: g.say([88, f[1], "soon"])})
    with pytest.raises(DataError, match="said to begin at 'soon'"):
        MarketData(connection).head_timestamp(AAPL)
