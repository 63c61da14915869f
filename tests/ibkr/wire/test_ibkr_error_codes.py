"""What a code of IBKR ends: requests that live on are not given up, refused ones not waited for."""

from pathlib import Path

import pytest

from core.errors import RequestRefused
from core.types import Contract
from ibkr.market.market_data import MarketData
from ibkr.wire import error_codes
from ibkr.wire.error_codes import CODES, ends_request, is_refused_order
from tests.ibkr.fake_gateway import error

PAGE = Path(__file__).parents[3] / "docs" / "ibkr-notices.md"
STOCK = Contract(265598, "AAPL")
SNAPSHOT, DEPTH = "1", "10"


def ticks(request):
    return [
        [1, 6, request, 1, 99.0, 100, 0],
        [1, 6, request, 2, 101.0, 100, 0],
        [1, 6, request, 4, 100.0, 100, 0],
        [57, 1, request],
    ]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (10090, "Part of requested market data is not subscribed."),  # rust-ibapi #768
        (10091, "Part of requested market data requires additional subscription for API."),  # 804
        (10167, "Requested market data is not subscribed. Displaying delayed market data."),
        (2176, "Warning: Your API version does not support fractional share size rules."),  # 805
        (2187, "Generic tick data is not available when using delayed market data fallback."),
        (2109, "Outside regular trading hours is ignored."),
        (10018, "Warning: Orders use EV."),  # rust-ibapi pull request #834
        (0, "Warning: Approaching max rate of 50 messages per second (42)"),  # rust-ibapi #766
        (19999, "Warning: something that nobody has seen yet"),
    ],
)
def test_a_quote_survives_a_notice_about_it(connected, code, text):
    _, connection = connected({SNAPSHOT: lambda g, f: g.say(error(f[2], code, text), *ticks(f[2]))})
    found = MarketData(connection).bulk_quote([STOCK])
    assert [(quote.bid, quote.ask) for quote in found.quotes] == [(99.0, 101.0)]
    assert found.missing == {}


@pytest.mark.parametrize("code", [200, 354, 10168, 10197, 19999])
def test_a_refusal_is_told_at_once_beside_the_rest(connected, code):
    def answer(gateway, fields):
        if fields[3] == "265598":
            gateway.say(*ticks(fields[2]))
        else:
            gateway.say(error(fields[2], code, "no"))

    _, connection = connected({SNAPSHOT: answer})
    found = MarketData(connection).bulk_quote([STOCK, Contract(8314, "IBM")])
    assert [quote.symbol for quote in found.quotes] == ["AAPL"]
    assert f"IBKR error {code}: no" in found.missing[8314]


def test_data_that_only_programs_lack_comes_delayed_where_that_was_asked_for(connected):
    # rust-ibapi pull request #677: 10089 is no end where delayed data was asked for.
    said = error(0, 10089, "Requested market data requires additional subscription for API.")

    def answer(gateway, fields):
        gateway.say([*said[:2], fields[2], *said[3:]], *ticks(fields[2]))

    _, connection = connected({SNAPSHOT: answer})
    assert MarketData(connection).quotes([STOCK], source="delayed").quotes
    assert ends_request(10089, "", delayed=False)


def test_a_book_that_starts_anew_is_not_joined_with_what_came_before(connected):
    # rust-ibapi #806: 317 ends nothing, and the rows before it are void.
    def answer(gateway, fields):
        request = fields[2]
        row = [12, 1, request]
        gateway.say(
            [*row, 0, 0, 1, 99.0, 100],
            error(request, 317, "Market depth data has been RESET."),
            [*row, 0, 0, 1, 98.0, 200],
        )

    _, connection = connected({DEPTH: answer})
    found = MarketData(connection).order_book(STOCK, smart=False)
    assert [(level.price, level.size) for level in found.bids] == [(98.0, 200.0)]


def test_a_code_that_is_not_known_ends_a_request_and_refuses_no_order():
    assert ends_request(19999, "")
    assert not is_refused_order(19999)


def test_an_order_is_only_called_refused_where_that_is_certain():
    certain = {code for code in CODES if is_refused_order(code)}
    assert certain >= {103, 110, 200, 201, 203, 321, 387, 434, 460}
    assert not certain & {104, 105, 202, 399, 404, 2102, 2109, 10349}


def test_the_page_of_the_notices_is_that_of_the_table():
    assert PAGE.read_text() == error_codes.reference(), "run `make docs`"


def test_an_error_carries_what_a_person_can_do():
    with pytest.raises(RequestRefused, match="log it off"):
        raise error_codes.refusal(10197, "No market data during competing live session")
