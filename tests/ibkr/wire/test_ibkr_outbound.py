"""What leaves is what was meant: nothing unprintable and no number that is none."""

import math
from functools import partial

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError, GatewayTimeout
from ibkr.account.tools import AccountTools
from ibkr.orders.order_validation import problems
from ibkr.orders.trading import TradingTools
from ibkr.wire.convert import is_printable
from ibkr.wire.request_types import POSITIONS as POSITIONS_KIND
from ibkr.wire.validation import is_sendable
from tests.ibkr.account_messages import MANAGED
from tests.ibkr.fake_gateway import PLACE, POSITIONS
from tests.ibkr.fake_orders import Broker, an_order, lists

ODD = ["A\0PL", "A\nPL", "A\x1bPL", "A\x7fPL", "größe", "\u0410", "A\u200bPL", "\ud800"]


@given(st.text())
def test_a_text_that_may_leave_never_shifts_a_field_and_arrives_as_it_is(text):
    if is_sendable(text):
        assert "\0" not in text
        assert text.encode().decode("ascii") == text
        assert text == "" or is_printable(text)
    else:
        assert any(not 32 <= ord(character) < 127 for character in text)


@pytest.mark.parametrize("odd", ODD)
def test_no_request_carries_a_text_that_is_not_printable_ascii(connected, odd):
    gateway, connection = connected()
    client = connection.line.client
    contract = ib_async.Contract(symbol=odd, secType="STK", exchange="SMART", currency="USD")
    strange = ib_async.TagValue("tag", odd)
    for send in (
        partial(client.reqContractDetails, 1, contract),
        partial(client.reqMatchingSymbols, 1, odd),
        partial(client.reqNewsArticle, 1, "BRFG", odd, []),
        partial(client.reqHistoricalNews, 1, 1, odd, "", "", 1, []),
        partial(client.reqNewsArticle, 1, "BRFG", "id", [strange]),
        partial(client.reqScannerSubscription, 1,
                ib_async.ScannerSubscription(scanCode=odd), [], []),
        partial(client.reqAccountSummary, 1, "All", odd),
        partial(client.reqSecDefOptParams, 1, odd, "", "STK", 1),
    ):  # fmt: skip
        with pytest.raises(DataError, match="was not sent"):
            _on_the_loop(connection, send)
    assert [fields[0] for fields in gateway.received] == ["71", "49"]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_no_request_carries_a_number_that_is_none(connected, odd):
    # ib_async sends "nan" and "Infinite", and TWS reads the second.
    gateway, connection = connected()
    client = connection.line.client
    order = ib_async.Order(action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=odd)
    stock = ib_async.Contract(conId=1, exchange="SMART")
    option = ib_async.Contract(symbol="A", secType="OPT", strike=odd)
    for send in (
        partial(client.placeOrder, 1, stock, order),
        partial(client.reqContractDetails, 1, option),
        partial(client.calculateImpliedVolatility, 1, stock, odd, 1.0, []),
    ):
        with pytest.raises(DataError, match="not a finite number"):
            _on_the_loop(connection, send)
    assert not gateway.asked(PLACE)


def test_numbers_that_are_not_set_are_empty_fields_as_before(connected):
    broker = Broker()
    gateway, connection = connected(broker.answers, for_orders=True)
    TradingTools(connection).place_orders([an_order()], timeout=0.2)
    (sent,) = gateway.asked(PLACE)
    assert len(sent) == 114
    assert not {"nan", "Infinite", "1.7976931348623157e+308"} & set(sent)


def test_a_request_that_was_refused_here_owes_no_answer(connected):
    # Otherwise every later request of its kind would wait for that answer.
    _, connection = connected(
        {POSITIONS: lambda g, _f: g.say([62, 1]), MANAGED: lambda g, _f: g.say([15, 1, "DU1"])}
    )
    requests = connection.line.requests

    def unfit():
        requests.client.send(61, "\0")

    asked = requests.by_kind(POSITIONS_KIND, unfit, what="positions", within=1)
    with pytest.raises(DataError, match="message 61 was not sent"):
        connection.run(asked)
    again = requests.by_kind(
        POSITIONS_KIND, requests.client.reqPositions, what="positions", within=1
    )
    assert connection.run(again) == []
    assert AccountTools(connection).managed().accounts == ("DU1",)


@given(
    quantity=st.one_of(st.floats(), st.integers(max_value=0)),
    price=st.one_of(st.floats(allow_nan=True), st.none()),
)
def test_an_order_with_an_odd_quantity_or_price_never_leaves(quantity, price):
    # Which of them are odd, `ibkr.orders.order_validation` says for itself: this is an independent
    # oracle.
    whole = math.isfinite(quantity) and quantity == int(quantity)
    fit = whole and 1 <= quantity <= 10_000_000
    priced = price is not None and math.isfinite(price) and price > 0
    found = list(problems(an_order(quantity=quantity, limit_price=price)))
    assert bool(found) == (not (fit and priced))


def test_silence_after_a_refusal_is_still_silence(connected):
    _, connection = connected(lists(), impatient=True)
    with pytest.raises(GatewayTimeout):
        AccountTools(connection).managed()


def _on_the_loop(connection, send):
    async def run():
        send()

    connection.run(run())
