"""ib_async's traps in market data, one test each: the number is that of our protocol notes.

Each is closed here by our own requests and receiver; ib_async only carries bytes.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest

from core.errors import GatewayError
from core.types import Contract
from ibkr.contracts.search import ContractQuery
from ibkr.contracts.tools import ContractTools
from ibkr.market.market_data import MarketData
from ibkr.market.news import NewsTools
from ibkr.market.scanner import Scan, Scanner
from ibkr.market.scanner_codes import read_codes
from ibkr.options.chain import ChainQuery
from ibkr.options.tools import OptionTools
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import BARS, DETAILS, QUOTE, SCAN
from tests.ibkr.market_answers import (
    ARTICLE,
    DEPTH,
    DOCUMENT,
    HEAD,
    NEWS,
    OPTIONS,
    PARAMETERS,
    PROVIDERS,
    RULE,
    SYMBOLS,
    an_option,
    classes,
    contract,
    details,
    greeks,
    option_class,
)

AAPL = Contract(265598, "AAPL")
SEPTEMBER = date(2026, 9, 18)
PATIENT = gateway_settings(request_timeout=WITHOUT_END, history_timeout=WITHOUT_END)


def test_trap_10_a_snapshot_begins_with_nothing_of_the_last_one(connected):
    answers = [
        [[1, 1, None, 9, 50.0, 0, 0]],
        [[1, 1, None, 1, 99.0, 5, 0], [1, 1, None, 4, 98, 5, 0]],
    ]

    def answer(gateway, fields):
        rows = answers.pop()
        gateway.say(*[[*row[:2], fields[2], *row[3:]] for row in rows], [57, 1, fields[2]])

    _, connection = connected({QUOTE: answer})
    data = MarketData(connection)
    data.quotes([AAPL])
    (second,) = data.quotes([AAPL]).quotes
    assert (second.bid, second.bid_size, second.last, second.close) == (None, None, None, 50.0)


def test_trap_10_an_empty_side_of_minus_one_is_no_price(connected):
    def answer(gateway, fields):
        request = fields[2]
        gateway.say(
            [1, 1, request, 1, -1, 0, 0], [1, 1, request, 2, -1, 0, 0],
            [1, 1, request, 4, 98.0, 5, 0], [57, 1, request],
        )  # fmt: skip

    _, connection = connected({QUOTE: answer})
    (found,) = MarketData(connection).quotes([AAPL]).quotes
    assert (found.bid, found.ask, found.mid, found.reference_price) == (None, None, None, 98.0)


@pytest.mark.timeout(30)
def test_trap_10_a_snapshot_without_an_end_has_a_time_out(connected):
    _, connection = connected({QUOTE: lambda _g, _f: None}, impatient=True)
    with pytest.raises(GatewayError, match="without an answer"):
        MarketData(connection).quotes([AAPL])


def test_trap_10_nothing_of_a_snapshot_is_kept_after_it(connected):
    def answer(gateway, fields):
        gateway.say([1, 1, fields[2], 4, 98.0, 5, 0], [57, 1, fields[2]])

    _, connection = connected({QUOTE: answer}, settings=gateway_settings(messages_per_second=50))
    data = MarketData(connection)
    for _ in range(3):
        data.quotes([Contract(number, f"S{number}") for number in range(1, 11)])
    assert not data.lines.requests.replies.kinds
    assert not data.lines._whole
    assert data.lines._free == data.lines.most


@pytest.mark.parametrize("greek", ["gamma", "vega", "theta", "delta"])
def test_trap_11_the_sentinel_of_every_greek_is_not_known(connected, greek):
    def answer(gateway, fields):
        gateway.say(
            [1, 1, fields[2], 1, 4.0, 5, 0],
            greeks(fields[2], **{greek: -2}),
            [57, 1, fields[2]],
        )

    one = lambda r: an_option(r, con_id=700, strike=200.0)  # noqa: E731
    _, connection = connected({DETAILS: contract(one), QUOTE: answer})
    options = [ContractTools(connection).details(700)]
    (found,) = OptionTools(connection, MarketData(connection)).quotes(options).quotes
    assert getattr(found.greeks, greek) is None


def test_trap_12_the_underlying_of_a_chain_is_a_number(connected):
    _, connection = connected({OPTIONS: classes(option_class)})
    (found,) = OptionTools(connection, MarketData(connection)).listings(AAPL)
    assert found.underlying == 265598
    assert type(found.underlying) is int


def test_trap_12_a_scan_promises_no_name_that_it_does_not_have(connected):
    row = [0, 5, "S5", "STK", "", 0, "", "SMART", "USD", "", "", "", "", "", "", ""]
    _, connection = connected({SCAN: lambda g, f: g.say([20, 3, f[1], 1, *row])})
    (found,) = Scanner(connection).run(Scan("MOST_ACTIVE")).rows
    assert not hasattr(found, "name")


def test_trap_16_calls_from_inside_a_running_loop_work(connected):
    _, connection = connected({DETAILS: contract(details)}, settings=PATIENT)

    async def caller():
        return ContractTools(connection).resolve(ContractQuery("AAPL"))

    assert asyncio.run(caller()).contract.con_id == 265598


def test_trap_16_calls_from_other_threads_do_not_wait_for_a_time_out(connected):
    _, connection = connected(
        {DETAILS: contract(details)},
        settings=gateway_settings(request_timeout=WITHOUT_END, messages_per_second=50),
    )
    tools = ContractTools(connection)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _n: tools.resolve(ContractQuery("AAPL")), range(24)))
    assert {one.contract.con_id for one in found} == {265598}


# Trap 17: a message that cannot be read is logged by ib_async and forgotten.


def whole(connection):
    """Every question of the market tools, by the message that carries its answer."""
    market = MarketData(connection)
    contracts, news = ContractTools(connection), NewsTools(connection)
    options, scanner = OptionTools(connection, market), Scanner(connection)
    return {
        DETAILS: lambda: contracts.find(ContractQuery("AAPL")),
        SYMBOLS: lambda: contracts.search("A"),
        RULE: lambda: contracts.market_rule(26),
        BARS: lambda: market.bars(AAPL, duration="1 D", bar_size="1 min"),
        HEAD: lambda: market.head_timestamp(AAPL),
        DEPTH: lambda: market.order_book(AAPL),
        OPTIONS: lambda: options.listings(AAPL),
        PARAMETERS: scanner.codes,
        SCAN: lambda: scanner.run(Scan("MOST_ACTIVE")),
        PROVIDERS: news.providers,
        NEWS: lambda: news.headlines(1, ["BRFG"]),
        ARTICLE: lambda: news.article("BRFG", "BRFG$1"),
    }


# A good message of each kind, and how many fields must be missing before it cannot be read.
ANSWERS = {
    DETAILS: (details, 8),
    SYMBOLS: (lambda r: [79, r, 1, 5, "A", "STK", "NYSE", "USD", 0, "A Inc", ""], 1),
    RULE: (lambda r: [93, r, 1, 0.0, 0.01], 1),
    BARS: (lambda r: [17, r, "", "", 1, "1781530200", 9, 9, 9, 9, 1, 9, 1], 1),
    HEAD: (lambda r: [88, r, "345479400"], 1),
    DEPTH: (lambda r: [13, 1, r, 0, "NSDQ", 0, 1, 99.0, 5, 1], 1),
    OPTIONS: (option_class, 1),
    PARAMETERS: (lambda r: [19, 1, DOCUMENT], 1),
    SCAN: (lambda r: [20, 3, r, 1, 0, 5, "S5", "STK", "", 0, "", "SMART", "USD", *[""] * 7], 1),
    PROVIDERS: (lambda r: [85, 1, "BRFG", "Briefing"], 1),
    NEWS: (lambda r: [86, r, "2026-06-12 10:30:00.0", "BRFG", "BRFG$1", "News"], 1),
    ARTICLE: (lambda r: [83, r, 0, "Text"], 1),
}
ENDS = {DETAILS: lambda r: [52, 1, r], OPTIONS: lambda r: [76, r], NEWS: lambda r: [87, r, 0]}
PLACE = {DETAILS: 2, DEPTH: 2}


def says(message, *, drop=0, extra=()):
    make, _ = ANSWERS[message]

    def answer(gateway, fields):
        request = fields[min(PLACE.get(message, 1), len(fields) - 1)]
        frame = make(request)
        end = [ENDS[message](request)] if message in ENDS else []
        gateway.say([*frame[: len(frame) - drop], *extra], *end)

    return answer


@pytest.mark.parametrize("message", sorted(ANSWERS))
def test_trap_17_a_short_message_fails_its_request_at_once(connected, message):
    _, connection = connected({message: says(message, drop=ANSWERS[message][1])}, settings=PATIENT)
    with pytest.raises(GatewayError, match="cannot be read"):
        whole(connection)[message]()
    assert connection.server_time(), "the line is as good as before"


@pytest.mark.parametrize("message", sorted(ANSWERS))
def test_trap_17_a_message_with_fields_of_a_later_version_is_read_or_fails_at_once(
    connected, message
):
    _, connection = connected({message: says(message, extra=("new", "7"))}, settings=PATIENT)
    with suppress(GatewayError):  # it says so: the next test has the questions without an answer
        assert whole(connection)[message]()


@pytest.mark.parametrize("message", sorted(ANSWERS))
def test_trap_17_no_answer_is_an_error_and_never_an_empty_answer(connected, message):
    _, connection = connected({}, impatient=True)
    with pytest.raises(GatewayError, match="no answer from"):
        whole(connection)[message]()


@pytest.mark.parametrize("message", sorted(ANSWERS))
def test_trap_17_a_good_message_is_an_answer(connected, message):
    _, connection = connected({message: says(message)})
    assert whole(connection)[message]()


# Trap 18: sizes and times of a large answer.


@pytest.mark.timeout(30)
def test_trap_18_a_scanner_document_of_two_million_characters_is_read_in_a_moment():
    scan = (
        "<ScanType><displayName>Scan {0}</displayName><scanCode>SCAN_{0}</scanCode>"
        "<instruments>STK,STOCK.NA</instruments></ScanType>"
    )
    many = "".join(scan.format(number) for number in range(17_000))
    document = DOCUMENT.replace("</ScanTypeList>", many + "</ScanTypeList>")
    assert len(document) > 2_000_000
    assert len(read_codes(document).scans) == 17_002


@pytest.mark.timeout(30)
def test_trap_18_bars_of_many_symbols_cost_little_of_this_side(connected):
    days = [f"2026{month:02d}{day:02d}" for month in range(1, 7) for day in range(1, 22)]
    rows = [value for day in days for value in (day, 99, 101, 98, 100, 12345, 99.5, 10)]
    say = lambda g, f: g.say([17, f[1], "", "", len(days), *rows])  # noqa: E731
    _, connection = connected({BARS: say}, settings=gateway_settings(messages_per_second=50))
    found = MarketData(connection).history([Contract(n, f"S{n}") for n in range(1, 61)])
    assert len(found.bars) == 60 * len(days)


def test_a_chain_is_asked_for_once_however_many_options_it_has(connected):
    strikes = tuple(range(100, 300))
    many = [
        lambda r, s=strike, i=place: an_option(r, con_id=1000 + i, strike=s)
        for place, strike in enumerate(strikes)
    ]
    gateway, connection = connected(
        {OPTIONS: classes(lambda r: option_class(r, strikes=strikes)), DETAILS: contract(*many)}
    )
    tools = OptionTools(connection, MarketData(connection))
    assert len(tools.chain(AAPL, ChainQuery(SEPTEMBER, "C"))) == 200
    assert len(gateway.asked(DETAILS)) == 1
