"""The account: whole and fresh, or an error."""

import math
import threading

import pytest

from core.errors import GatewayError, GatewayTimeout, GatewayUnreachable
from ibkr.account.portfolio import Portfolio
from tests.ibkr.conftest import WITHOUT_END, gateway_settings
from tests.ibkr.fake_gateway import ACCOUNT, POSITIONS, STOCK, UNSET, error

FIGURES = {
    "NetLiquidation": "100000.5",
    "TotalCashValue": "90000.5",
    "InitMarginReq": "5000",
    "MaintMarginReq": "2500",
    "ExcessLiquidity": "97500.5",
}


def held(quantity=100, *, account="DU1", con_id=265598, currency="USD", cost=90.0):
    stock = [con_id, *STOCK[1:8], currency, *STOCK[9:]]
    return [61, 3, account, *stock, quantity, cost]


def valued(quantity=100, *, price=100.0, account="DU1", con_id=265598):
    stock = [con_id, *STOCK[1:]]
    return [7, 8, *stock, quantity, price, quantity * price, 90.0, 0, 0, account]


def positions(*rows):
    return lambda g, _f: g.say(*rows, [62, 1])


def account(*rows, currency="USD", **changes):
    def answer(gateway, fields):
        if fields[2] == "1":
            values = [
                [6, 2, tag, value, currency, "DU1"]
                for tag, value in (FIGURES | changes).items()
                if value is not None
            ]
            gateway.say(*values, *rows, [54, 1, "DU1"])

    return answer


def test_a_snapshot_joins_positions_and_figures_as_of_the_gateways_time(connected):
    _, connection = connected({POSITIONS: positions(held()), ACCOUNT: account(valued())})
    snapshot = Portfolio(connection).snapshot()
    assert snapshot.as_of.isoformat() == "2026-06-15T11:00:00+00:00"
    assert (snapshot.net_asset_value, snapshot.cash) == (100000.5, 90000.5)
    assert (snapshot.initial_margin, snapshot.maintenance_margin) == (5000.0, 2500.0)
    assert (snapshot.account, snapshot.currency) == ("DU1", "USD")
    (position,) = snapshot.positions
    assert (position.quantity, position.average_cost) == (100.0, 90.0)
    assert (position.market_price, position.market_value) == (100.0, 10000.0)


def test_no_answer_is_never_a_flat_account(connected):
    _, connection = connected({ACCOUNT: account()}, impatient=True)
    with pytest.raises(GatewayTimeout, match="positions: no answer"):
        Portfolio(connection).snapshot()


def test_positions_without_their_end_marker_are_no_answer(connected):
    _, connection = connected(
        {POSITIONS: lambda g, _f: g.say(held()), ACCOUNT: account(valued())}, impatient=True
    )
    with pytest.raises(GatewayTimeout, match="positions"):
        Portfolio(connection).snapshot()


def test_figures_without_their_end_marker_are_no_answer(connected):
    _, connection = connected(
        {
            POSITIONS: positions(),
            ACCOUNT: lambda g, _f: g.say([6, 2, "NetLiquidation", "1", "USD", "DU1"]),
        },
        impatient=True,
    )
    with pytest.raises(GatewayTimeout, match="account values"):
        Portfolio(connection).snapshot()


def test_a_position_that_cannot_be_read_is_never_left_out(connected):
    # ib_async drops a message that is one field short: the list would just be shorter.
    _, connection = connected(
        {POSITIONS: positions(held(con_id=1)[:-1], held()), ACCOUNT: account(valued())}
    )
    with pytest.raises(GatewayError, match=r"message 61 .* cannot be read"):
        Portfolio(connection).snapshot()


def test_the_second_half_of_a_late_answer_is_never_taken_for_the_next_answer(connected):
    calls = []

    def answer(gateway, _fields):
        calls.append(gateway)
        if len(calls) == 1:
            gateway.say(held(con_id=1), held(con_id=2))
        else:
            gateway.say(held(), [62, 1])

    gateway, connection = connected({POSITIONS: answer, ACCOUNT: account(valued())}, impatient=True)
    with pytest.raises(GatewayTimeout):
        Portfolio(connection).snapshot()
    late = threading.Timer(
        0.1, lambda: gateway._loop.call_soon_threadsafe(gateway.say, held(con_id=3), [62, 1])
    )
    late.start()
    (position,) = Portfolio(connection).snapshot().positions
    assert position.con_id == 265598
    late.join()


def test_an_answer_that_never_ends_asks_for_a_new_connection(connected):
    _, connection = connected({ACCOUNT: account()}, impatient=True)
    with pytest.raises(GatewayTimeout):
        Portfolio(connection).snapshot()
    with pytest.raises(GatewayTimeout, match="open a new connection"):
        Portfolio(connection).snapshot()


def test_every_snapshot_is_asked_for_anew_and_leaves_no_subscription(connected):
    quantities = iter([100, 120])

    def answer(gateway, _fields):
        gateway.quantity = next(quantities)
        gateway.say(held(gateway.quantity), [62, 1])

    gateway, connection = connected(
        {POSITIONS: answer, ACCOUNT: lambda g, f: account(valued(g.quantity))(g, f)}
    )
    portfolio = Portfolio(connection)
    assert portfolio.snapshot().positions[0].quantity == 100
    assert portfolio.snapshot().positions[0].quantity == 120
    assert connection.server_time()
    assert len(gateway.asked("64")) == 2
    assert [fields[2] for fields in gateway.asked(ACCOUNT)] == ["1", "0", "1", "0"]


def test_two_threads_that_ask_at_once_both_get_the_whole(connected):
    # ib_async keeps one future per kind: of two questions at once, one hangs for ever.
    _, connection = connected(
        {POSITIONS: positions(held()), ACCOUNT: account(valued())},
        settings=gateway_settings(request_timeout=5.0),
    )
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(Portfolio(connection).snapshot()))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert [len(snapshot.positions) for snapshot in found] == [1, 1, 1]


def test_a_fill_between_the_two_questions_is_asked_about_again(connected):
    quantities = iter([100, 120])
    _, connection = connected(
        {
            POSITIONS: lambda g, _f: g.say(held(next(quantities)), [62, 1]),
            ACCOUNT: account(valued(120)),
        }
    )
    assert Portfolio(connection).snapshot().positions[0].quantity == 120


def test_lists_that_go_on_disagreeing_are_an_error_not_a_choice(connected):
    _, connection = connected({POSITIONS: positions(held(100)), ACCOUNT: account(valued(90))})
    with pytest.raises(GatewayError, match="265598: 100 and 90"):
        Portfolio(connection).snapshot()


def test_a_position_closed_while_the_list_was_sent_is_closed(connected):
    _, connection = connected(
        {POSITIONS: positions(held(100), held(0)), ACCOUNT: account(valued(100), valued(0))}
    )
    assert Portfolio(connection).snapshot().positions == ()


def test_other_accounts_are_left_out(connected):
    _, connection = connected(
        {
            POSITIONS: positions(held(), held(5, account="DU2", con_id=1)),
            ACCOUNT: account(valued(), valued(5, account="DU2", con_id=1)),
        }
    )
    assert len(Portfolio(connection).snapshot().positions) == 1


@pytest.mark.parametrize("value", [None, "", "nan", UNSET, "-"])
def test_a_figure_that_is_not_a_number_is_an_incomplete_account(connected, value):
    _, connection = connected(
        {POSITIONS: positions(), ACCOUNT: account(ExcessLiquidity=value, TotalCashValue=value)}
    )
    with pytest.raises(GatewayError, match=r"incomplete: TotalCashValue = .*, ExcessLiquidity = "):
        Portfolio(connection).snapshot()


def test_figures_that_are_being_reset_are_not_used(connected):
    _, connection = connected({POSITIONS: positions(), ACCOUNT: account(AccountReady="false")})
    with pytest.raises(GatewayError, match="being reset"):
        Portfolio(connection).snapshot()


def test_the_base_currency_must_be_clear(connected):
    euros = [6, 2, "NetLiquidation", "90000", "EUR", "DU1"]
    _, connection = connected({POSITIONS: positions(), ACCOUNT: account(euros)})
    with pytest.raises(GatewayError, match="EUR"):
        Portfolio(connection).snapshot()


@pytest.mark.parametrize("rate", [None, "0", "nan", "", "-1.2"])
def test_a_position_in_a_currency_without_a_rate_has_no_known_value(connected, rate):
    stated = [] if rate is None else [[6, 2, "ExchangeRate", rate, "EUR", "DU1"]]
    _, connection = connected(
        {POSITIONS: positions(held(currency="EUR")), ACCOUNT: account(*stated, valued())}
    )
    snapshot = Portfolio(connection).snapshot()
    (position,) = snapshot.positions
    assert position.unstated == ("market value",)
    assert snapshot.stocks.positions == ()
    assert math.isnan(snapshot.at_stake[265598])


def test_a_position_in_another_currency_is_worth_its_value_at_the_rate_of_the_page(connected):
    euro = [6, 2, "ExchangeRate", "1.17", "EUR", "DU1"]
    whole = [6, 2, "ExchangeRate", "1.00", "BASE", "DU1"]
    _, connection = connected(
        {POSITIONS: positions(held(currency="EUR")), ACCOUNT: account(euro, whole, valued())}
    )
    snapshot = Portfolio(connection).snapshot()
    assert snapshot.rates == {"EUR": 1.17, "USD": 1.0}
    (position,) = snapshot.positions
    assert (position.currency, position.market_price) == ("EUR", 100.0)
    assert position.market_value == pytest.approx(11_700.0)  # 100 shares at 100 euros


def test_a_refusal_without_an_id_ends_the_only_request_it_can_be_about(connected):
    _, connection = connected(
        {
            POSITIONS: positions(),
            ACCOUNT: lambda g, _f: g.say(error(-1, 321, "Invalid account code")),
        },
        settings=gateway_settings(request_timeout=WITHOUT_END),
    )
    with pytest.raises(GatewayError, match="Invalid account code"):
        Portfolio(connection).snapshot()


def test_a_connection_that_breaks_in_the_middle_of_the_list_is_no_shorter_list(connected):
    def half(gateway, _fields):
        gateway.say(held())
        gateway.drop()

    _, connection = connected({POSITIONS: half, ACCOUNT: account(valued())})
    with pytest.raises(GatewayUnreachable):
        Portfolio(connection).snapshot()
