"""Contracts, quotes and movers, against a gateway that misbehaves on purpose."""

import asyncio
import math
from datetime import UTC, datetime

import pytest

from core.errors import (
    DataError,
    GatewayTimeout,
    RequestRefused,
)
from core.tables import MOVERS
from core.types import Contract
from ibkr.market.market_data import MarketData
from ibkr.market.quotes import quote
from ibkr.wire.messages import DataType, Tick
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import DETAILS, QUOTE, SCAN, contract_details, error
from tests.ibkr.market_answers import AAPL, IBM, by_contract, nothing

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)


def snapshot(*ticks):
    return lambda g, f: g.say(*[[tick[0], 1, f[2], *tick[1:]] for tick in ticks], [57, 1, f[2]])


# Contracts


def test_one_unknown_symbol_never_sinks_the_rest(connected):
    def answer(gateway, fields):
        if fields[4] == "ZZZZ":
            gateway.say(error(fields[2], 200, "No security definition has been found"))
        else:
            gateway.say(contract_details(fields[2], symbol=fields[4]), [52, 1, fields[2]])

    _, connection = connected({DETAILS: answer})
    resolved = MarketData(connection).resolve(["ZZZZ", "IBM", "AAPL", "AAPL"])
    assert [contract.symbol for contract in resolved.contracts] == ["AAPL", "IBM"]
    assert "200" in resolved.refused["ZZZZ"]


def test_an_ambiguous_symbol_is_refused_with_its_candidates(connected):
    def answer(gateway, fields):
        one, two = (contract_details(fields[2], con_id=con_id) for con_id in (5002, 5001))
        gateway.say(one, two, [52, 1, fields[2]])

    _, connection = connected({DETAILS: answer})
    resolved = MarketData(connection).resolve(["AMB"])
    assert resolved.contracts == ()
    assert "conId 5001 at NASDAQ" in resolved.refused["AMB"]
    assert "conId 5002 at NASDAQ" in resolved.refused["AMB"]


def test_a_listing_in_another_currency_is_not_the_stock_that_was_meant(connected):
    def answer(gateway, fields):
        usd = contract_details(fields[2], con_id=5001)
        gbp = contract_details(fields[2], con_id=5002, currency="GBP")
        gateway.say(usd, gbp, [52, 1, fields[2]])

    _, connection = connected({DETAILS: answer})
    (found,) = MarketData(connection).resolve(["AMB"]).contracts
    assert found.con_id == 5001
    assert found.min_tick == 0.01


@pytest.mark.parametrize("symbol", ["", "Ü", "A\0B", "A\nB"])
def test_a_symbol_that_would_shift_the_fields_of_a_message_is_not_sent(connected, symbol):
    gateway, connection = connected()
    assert "printable" in MarketData(connection).resolve([symbol]).refused[symbol]
    assert not gateway.asked(DETAILS)


def test_a_warning_that_ib_async_never_ends_a_request_with_ends_it_at_once(connected):
    # 321 is a "warning" to ib_async: the request would hang for ever.
    _, connection = connected(
        {DETAILS: lambda g, f: g.say(error(f[2], 321, "Error validating request"))},
        settings=gateway_settings(request_timeout=WITHOUT_END),
    )
    refused = MarketData(connection).resolve(["AAPL"]).refused
    assert "321: Error validating request" in refused["AAPL"]


def test_a_price_increment_of_zero_is_no_contract(connected):
    _, connection = connected(
        {DETAILS: lambda g, f: g.say(contract_details(f[2], tick=0), [52, 1, f[2]])}
    )
    assert "increment" in MarketData(connection).resolve(["AAPL"]).refused["AAPL"]


def test_silence_about_every_contract_is_an_error_not_an_empty_answer(connected):
    _, connection = connected({DETAILS: nothing}, impatient=True)
    with pytest.raises(GatewayTimeout, match="3 requests in a row without an answer"):
        MarketData(connection).resolve(["A", "B", "C"])


def test_the_time_out_counts_from_the_sending_not_from_the_queueing(connected):
    # At 10 messages a second the last of 12 waits a second for its turn.
    settings = gateway_settings(request_timeout=0.4, messages_per_second=10)
    _, connection = connected(
        {DETAILS: lambda g, f: g.say(contract_details(f[2], symbol=f[4]), [52, 1, f[2]])},
        settings=settings,
    )
    resolved = MarketData(connection).resolve([f"S{i}" for i in range(12)])
    assert len(resolved.contracts) == 12


# Quotes


def test_a_quote_is_folded_from_its_ticks(connected):
    ticks = snapshot(
        (1, 1, 99.0, 300, 0), (1, 2, 99.5, 200, 0), (1, 4, 99.25, 100, 0), (1, 9, 98.0, 0, 0),
        (2, 8, 12345),
    )  # fmt: skip
    _, connection = connected({QUOTE: ticks})
    quotes = MarketData(connection).bulk_quote([AAPL])
    (found,) = quotes.quotes
    assert (found.bid, found.ask, found.last, found.close) == (99.0, 99.5, 99.25, 98.0)
    assert (found.mid, found.volume, found.source) == (99.25, 12345.0, "live")
    assert found.as_of == datetime(2026, 6, 15, 11, tzinfo=UTC)
    assert quotes.missing == {}


def test_the_time_that_the_caller_has_is_not_asked_again(connected):
    gateway, connection = connected({QUOTE: snapshot((1, 4, 99.25, 100, 0))})
    before = len(gateway.asked("49"))
    (found,) = MarketData(connection).bulk_quote([AAPL], as_of=NOW).quotes
    assert found.as_of == NOW
    assert len(gateway.asked("49")) == before


@pytest.mark.parametrize("empty", [(-1, 0), (0, 0), (99.0, 0), (math.nan, 100), (1.797e308, 5)])
def test_every_way_to_say_no_bid_is_no_bid(empty):
    found = quote(AAPL, [Tick(1, *empty), Tick(9, 98.0, 0)], as_of=NOW)
    assert found.bid is None
    assert found.mid is None
    assert found.reference_price == 98.0


def test_a_side_that_empties_during_the_snapshot_is_empty():
    found = quote(AAPL, [Tick(1, 99.0, 300), Tick(0, None, 0), Tick(9, 98.0, 0)], as_of=NOW)
    assert found.bid is None


@pytest.mark.parametrize(
    ("ticks", "source"),
    [
        ([Tick(68, 99.0, 1)], "delayed"),
        ([DataType(3), Tick(68, 99.0, 1)], "delayed"),
        ([DataType(4), Tick(68, 99.0, 1)], "delayed-frozen"),
        ([DataType(2), Tick(4, 99.0, 1)], "frozen"),
    ],
)
def test_old_prices_are_never_called_live(ticks, source):
    assert quote(AAPL, ticks, as_of=NOW).source == source


def test_a_snapshot_without_any_price_is_missing_not_zero():
    with pytest.raises(DataError, match="no bid and ask, no last trade, no close"):
        quote(AAPL, [Tick(1, -1, 0), Tick(2, -1, 0)], as_of=NOW)


def test_a_second_snapshot_never_shows_the_values_of_the_first(connected):
    # ib_async keeps one ticker per contract and starts the next snapshot with its old values.
    answers = [snapshot((1, 9, 50, 0, 0)), snapshot((1, 1, 99.0, 300, 0), (1, 4, 99.25, 9, 0))]

    def answer(gateway, fields):
        answers.pop()(gateway, fields)

    _, connection = connected({QUOTE: answer})
    data = MarketData(connection)
    assert data.bulk_quote([AAPL]).quotes[0].last == 99.25
    (second,) = data.bulk_quote([AAPL]).quotes
    assert (second.bid, second.last, second.close) == (None, None, 50.0)


def test_a_snapshot_that_never_ends_is_missing_and_withdrawn(connected):
    gateway, connection = connected(
        {QUOTE: by_contract({265598: nothing, 8314: snapshot((1, 4, 200.0, 1, 0))}, place=3)},
        impatient=True,
    )
    quotes = MarketData(connection).bulk_quote([AAPL, IBM])
    assert [found.symbol for found in quotes.quotes] == ["IBM"]
    assert "no answer" in quotes.missing[AAPL.con_id]
    assert connection.server_time()
    assert len(gateway.asked("2")) == 1


def test_data_that_is_not_subscribed_is_missing_with_the_remedy(connected):
    _, connection = connected(
        {QUOTE: lambda g, f: g.say(error(f[2], 354, "Requested market data is not subscribed."))}
    )
    missing = MarketData(connection).bulk_quote([AAPL]).missing
    assert "subscribe" in missing[AAPL.con_id]


def test_never_more_snapshots_are_open_than_there_are_lines(connected):
    open_now, most = set(), []

    def answer(gateway, fields):
        open_now.add(fields[2])
        most.append(len(open_now))

        def end():
            open_now.discard(fields[2])
            snapshot((1, 4, 9.0, 1, 0))(gateway, fields)

        asyncio.get_running_loop().call_later(0.02, end)

    _, connection = connected(
        {QUOTE: answer}, settings=gateway_settings(market_data_lines=3, messages_per_second=50)
    )
    contracts = [Contract(i, f"S{i}") for i in range(1, 13)]
    assert len(MarketData(connection).bulk_quote(contracts).quotes) == 12
    assert max(most) <= 3


# Movers


def scanned(*con_ids):
    def answer(gateway, fields):
        rows = [
            value
            for rank, con_id in enumerate(con_ids)
            for value in (
                rank, con_id, f"S{con_id}", "STK", "", 0, "", "SMART", "USD", "", "", "",
                "", "", "", "",
            )
        ]  # fmt: skip
        gateway.say([20, 3, fields[1], len(con_ids), *rows])

    return answer


def test_movers_are_the_first_rows_of_each_scan_and_the_scan_is_withdrawn(connected):
    gateway, connection = connected({SCAN: scanned(5, 3, 9)})
    movers = MarketData(connection).top_movers(("TOP_PERC_GAIN", "HOT_BY_VOLUME"), rows=2)
    assert MOVERS.build(movers).num_rows == 4
    assert list(movers["con_id"]) == [5, 3, 5, 3]
    assert list(movers["rank"]) == [0, 1, 0, 1]
    assert connection.server_time()
    assert len(gateway.asked("23")) == 2


def test_a_scan_that_finds_nothing_is_empty_and_one_that_is_unknown_is_not(connected):
    def answer(gateway, fields):
        code = 165 if fields[5] == "QUIET" else 162
        gateway.say(error(fields[1], code, "no items retrieved"))

    _, connection = connected({SCAN: answer})
    data = MarketData(connection)
    assert data.top_movers(("QUIET",)).empty
    with pytest.raises(RequestRefused, match="scan NOPE"):
        data.top_movers(("NOPE",))
