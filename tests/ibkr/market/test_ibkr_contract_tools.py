"""Looking up instruments of every kind, against a gateway that misbehaves on purpose."""

from datetime import UTC, date, datetime

import pytest

from core.errors import ConfigurationError, DataError, NoData, RequestRefused
from core.types import Hours, Increment
from ibkr.contracts.details import hours_of
from ibkr.contracts.search import Ambiguous, ContractQuery
from ibkr.contracts.tools import ContractTools
from tests.ibkr.fake_gateway import DETAILS, error
from tests.ibkr.market_answers import RULE, SYMBOLS, an_option, contract, details

AAPL = ContractQuery("AAPL")


def test_a_unique_contract_is_described_in_our_own_terms(connected):
    option = lambda r: an_option(r, con_id=700, strike=200.0, right="P")  # noqa: E731
    gateway, connection = connected({DETAILS: contract(option)})
    found = ContractTools(connection).resolve(
        ContractQuery("AAPL", "OPT", expiry=date(2026, 9, 18), strike=200.0, right="P")
    )
    terms = found.terms
    assert (found.contract.con_id, found.contract.sec_type) == (700, "OPT")
    assert (terms.expiry, terms.strike, terms.right) == (date(2026, 9, 18), 200.0, "P")
    assert (terms.multiplier, terms.underlying) == (100.0, 265598)
    assert found.market_rules == (26, 26, 26)
    asked = gateway.asked(DETAILS)[0]
    assert asked[4:9] == ["AAPL", "OPT", "20260918", "200.0", "P"]


def test_an_ambiguous_contract_comes_with_every_candidate(connected):
    both = [
        lambda r: details(r, con_id=2, primary="LSE", currency="GBP", name="Two"),
        lambda r: details(r, con_id=1, name="One"),
    ]
    _, connection = connected({DETAILS: contract(*both)})
    with pytest.raises(Ambiguous, match="conId 2 at LSE GBP") as told:
        ContractTools(connection).resolve(AAPL)
    assert [one.contract.con_id for one in told.value.candidates] == [1, 2]


def test_an_unknown_contract_is_an_error_with_a_remedy_not_an_empty_answer(connected):
    unknown = lambda g, f: g.say(error(f[2], 200, "No security definition"))  # noqa: E731
    _, connection = connected({DETAILS: unknown})
    tools = ContractTools(connection)
    with pytest.raises(NoData, match="no contract STK ZZZZ in USD at SMART; check symbol"):
        tools.resolve(ContractQuery("ZZZZ"))
    assert tools.find(ContractQuery("ZZZZ")) == ()


def test_an_error_200_that_says_ambiguous_is_not_an_unknown_contract(connected):
    text = "The contract description specified for AAPL is ambiguous."
    _, connection = connected({DETAILS: lambda g, f: g.say(error(f[2], 200, text))})
    with pytest.raises(RequestRefused, match="ambiguous"):
        ContractTools(connection).find(AAPL)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (ContractQuery("AA\0PL"), "symbol 'AA\\\\x00PL' is not printable"),
        (ContractQuery("AAPL", exchange="SM\nART"), "exchange 'SM\\\\nART'"),
        (ContractQuery("Ä"), "not printable ASCII"),
        (ContractQuery(""), "needs a symbol"),
        (ContractQuery("AAPL", "OPT", strike=float("nan")), "strike nan"),
        (ContractQuery("AAPL", "OPT", strike=-5.0), "strike -5"),
        (ContractQuery("AAPL", "STOCK"), "'STOCK' is none of STK"),
    ],
)
def test_what_would_spoil_a_message_is_refused_before_the_wire(connected, query, said):
    gateway, connection = connected()
    with pytest.raises(ConfigurationError, match=said):
        ContractTools(connection).find(query)
    assert not gateway.asked(DETAILS)


def test_a_con_id_is_asked_for_by_nothing_else(connected):
    gateway, connection = connected({DETAILS: contract(lambda r: details(r, con_id=700))})
    assert ContractTools(connection).details(700).contract.con_id == 700
    asked = gateway.asked(DETAILS)[0]
    assert (asked[3], asked[4], asked[5], asked[10]) == ("700", "", "", "")


def test_a_future_without_smart_routing_keeps_its_own_exchange(connected):
    future = lambda r: details(  # noqa: E731
        r, con_id=9, symbol="ES", sec_type="FUT", exchange="CME", valid="CME", multiplier="50",
        last_trade="20260918", real="20260918",
    )  # fmt: skip
    gateway, connection = connected({DETAILS: contract(future)})
    query = ContractQuery("ES", "FUT", exchange="CME", expiry=date(2026, 9, 1), whole_month=True)
    found = ContractTools(connection).resolve(query)
    assert (found.contract.exchange, found.terms.multiplier) == ("CME", 50.0)
    assert gateway.asked(DETAILS)[0][6] == "202609"


# Hours


def test_hours_are_read_in_the_zone_of_the_exchange():
    (span,) = hours_of("20260615:0930-20260615:1600;20260619:CLOSED", "US/Eastern")
    assert span == Hours(
        datetime(2026, 6, 15, 13, 30, tzinfo=UTC), datetime(2026, 6, 15, 20, tzinfo=UTC)
    )
    (winter,) = hours_of("20261201:0930-20261201:1600", "EST5EDT")
    assert winter.start == datetime(2026, 12, 1, 14, 30, tzinfo=UTC)


def test_a_session_over_midnight_begins_on_the_day_before():
    (span,) = hours_of("20260614:1800-20260615:1700", "US/Central")
    assert span.start == datetime(2026, 6, 14, 23, tzinfo=UTC)
    assert span.end == datetime(2026, 6, 15, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("20260615:0930-1600", "US/Eastern", "not trading hours"),
        ("20260615:1600-20260615:0930", "US/Eastern", "end before they begin"),
        ("20260615:2530-20260615:2600", "US/Eastern", "2530"),
        ("20260615:0930-20260615:1600", "Mars/Olympus", "Mars/Olympus"),
    ],
)
def test_hours_that_cannot_be_read_are_an_error_not_a_closed_market(text, zone, said):
    with pytest.raises(DataError, match=said):
        hours_of(text, zone)


def test_a_market_is_open_from_its_first_minute_to_before_its_last(connected):
    _, connection = connected({DETAILS: contract(details)})
    found = ContractTools(connection).resolve(AAPL)
    opening = datetime(2026, 6, 15, 13, 30, tzinfo=UTC)
    assert found.trades_at(opening)
    assert not found.trades_at(datetime(2026, 6, 15, 20, tzinfo=UTC))
    assert not found.trades_at(datetime(2026, 6, 15, 12, tzinfo=UTC))
    assert found.trades_at(datetime(2026, 6, 15, 12, tzinfo=UTC), regular=False)


# Market rules and search


def test_a_market_rule_is_its_increments_from_the_lowest_price(connected):
    _, connection = connected({RULE: lambda g, f: g.say([93, f[1], 2, 3.0, 0.05, 0.0, 0.01])})
    found = ContractTools(connection).market_rule(32)
    assert found == (Increment(0.0, 0.01), Increment(3.0, 0.05))


@pytest.mark.parametrize("rows", [(0,), (1, 0.0, 0.0), (1, 0.0, "nan"), (1, -1.0, 0.01)])
def test_a_market_rule_without_a_usable_increment_is_an_error(connected, rows):
    _, connection = connected({RULE: lambda g, f: g.say([93, f[1], *rows])})
    with pytest.raises(DataError, match="cannot be used"):
        ContractTools(connection).market_rule(26)


def test_an_unknown_market_rule_is_refused_at_once(connected):
    text = "Error validating request.-'b9' : cause - Invalid market rule id"
    _, connection = connected({RULE: lambda g, _f: g.say(error(-1, 321, text))})
    with pytest.raises(RequestRefused, match="market rule 99: IBKR error 321"):
        ContractTools(connection).market_rule(99)


def test_a_search_returns_each_instrument_with_its_kinds_of_derivative(connected):
    rows = [265598, "AAPL", "STK", "NASDAQ", "USD", 2, "OPT", "CFD", "APPLE INC", ""]
    _, connection = connected({SYMBOLS: lambda g, f: g.say([79, f[1], 1, *rows])})
    (found,) = ContractTools(connection).search("APP")
    assert (found.con_id, found.name, found.derivatives) == (265598, "APPLE INC", ("OPT", "CFD"))


def test_a_search_that_finds_nothing_is_empty(connected):
    _, connection = connected({SYMBOLS: lambda g, f: g.say([79, f[1], 0])})
    assert ContractTools(connection).search("ZZZZ") == ()
