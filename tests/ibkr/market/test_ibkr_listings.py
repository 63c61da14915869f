"""One listing of several is found by what tells it apart, over the socket and in a replay alike."""

from dataclasses import replace
from datetime import date

import pytest

from core.calendar import session
from core.types import Contract, Order, OrderType, Side
from core.types.sought import Sought, read_sought
from ibkr.orders.order_validation import contract_of
from ibkr.wire.convert import to_wire
from simulator.instruments.security_ids import SecurityIds
from simulator.market.synthetic import SyntheticMarket
from simulator.prices.market_view import MarketView
from tests.ibkr.gateway_parity import two_gateways

DAY = session(date(2026, 6, 15))


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(7, 6)


@pytest.fixture(scope="module")
def twice(market):
    """The two listings of one company: in pounds, and in dollars."""
    by_currency = {item.currency: item for item in market.instruments}
    pounds = by_currency["GBP"]
    (dollars,) = (
        i for i in market.instruments if i.symbol == pounds.symbol and i.currency == "USD"
    )
    return pounds, dollars


@pytest.fixture(scope="module")
def found(market, twice, tmp_path_factory):
    """What both gateways answer to entries of a watch-list."""
    pounds, _ = twice
    isin = SecurityIds(MarketView(market).instruments.values()).of(pounds)["ISIN"]
    symbol = pounds.symbol
    entries = {
        "listing": f"{symbol}@LSE:GBP", "currency": f"{symbol}:GBP", "exchange": f"{symbol}@NYSE",
        "isin": isin, "isin in pounds": f"{isin}:GBP", "elsewhere": f"{symbol}@IBIS:EUR",
        "unknown": "US0378331005",
    }  # fmt: skip
    sought = {name: read_sought(entry) for name, entry in entries.items()}
    with two_gateways(
        market, tmp_path_factory.mktemp("listings"), at=DAY.decision_time
    ) as gateways:
        socket, replay = gateways.answers(
            lambda gateway: gateway.market.resolve_listings(list(sought.values()))
        )
    assert replay == socket
    return {name: socket.contracts.get(one) or socket.refused[one] for name, one in sought.items()}


@pytest.mark.world
def test_a_listing_is_found_by_exchange_or_currency(found, twice):
    pounds, dollars = twice
    assert found["listing"].con_id == found["currency"].con_id == pounds.con_id
    assert found["listing"].currency == "GBP"
    assert found["exchange"].con_id == dollars.con_id


@pytest.mark.world
def test_an_isin_means_the_listing_in_dollars_unless_it_says_another_currency(found, twice):
    pounds, dollars = twice
    assert found["isin"].con_id == dollars.con_id
    assert found["isin in pounds"].con_id == pounds.con_id


@pytest.mark.world
def test_what_is_not_listed_so_is_refused_with_the_broker_s_answer(found):
    assert "200" in found["elsewhere"]
    assert "200" in found["unknown"]


# What deephaven-examples/deephaven-ib #33 found: stripped down to the conId, a request works.
def test_a_label_never_reaches_the_wire():
    listing = Contract(5, "VOD@LSE:GBP", currency="GBP")
    assert (to_wire(listing).symbol, to_wire(listing).conId) == ("VOD", 5)
    order = Order(5, "VOD@LSE:GBP", Side.BUY, 1, OrderType.LIMIT, 1.0, "DAY", "r")
    assert contract_of(order).symbol == "VOD"
    assert contract_of(replace(order, symbol="BRK B")).symbol == "BRK B"


def test_entries_of_one_listing_are_one_entry():
    assert read_sought(" VOD@LSE:GBP ") == Sought("VOD", "LSE", "GBP")
