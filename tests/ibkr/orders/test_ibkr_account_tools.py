"""The account, question by question: fresh, whole, in its currency, or an error."""

import threading
from datetime import date

import pytest

from core.errors import GatewayError, GatewayTimeout, RequestRefused
from ibkr.account.tools import AccountTools
from tests.ibkr.account_messages import (
    END_ONE_PROFIT,
    END_PROFIT,
    END_SUMMARY,
    FIGURES,
    FOREIGN,
    LEDGERS,
    MANAGED,
    ONE_PROFIT,
    OPTION,
    PROFIT,
    SUMMARY,
    held,
    ledger,
    page,
    positions,
    summary,
    valued,
)
from tests.ibkr.fake_gateway import ACCOUNT, POSITIONS, STOCK, UNSET, error


@pytest.fixture
def account(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(answers, **kinds)
        return gateway, AccountTools(connection)

    return connect


# Accounts and figures


def test_the_managed_accounts_are_asked_for_and_the_chosen_one_is_named(account):
    _, tools = account({MANAGED: lambda g, _f: g.say([15, 1, "DU1"])})
    found = tools.managed()
    assert (found.accounts, found.selected) == (("DU1",), "DU1")
    assert found.as_of.isoformat() == "2026-06-15T11:00:00+00:00"


def test_a_gateway_that_was_logged_on_to_another_account_is_noticed(account):
    _, tools = account({MANAGED: lambda g, _f: g.say([15, 1, "DU7,DU8"])})
    with pytest.raises(GatewayError, match="no longer lists DU1, only DU7,DU8"):
        tools.managed()


def test_a_summary_is_of_the_own_account_in_its_currency(account):
    stranger = ("DU2", {"NetLiquidation": ("7", "EUR"), "TotalCashValue": ("7", "EUR")})
    gateway, tools = account({SUMMARY: summary(other=[stranger])})
    told = tools.summary()
    assert (told.net_asset_value, told.cash, told.currency) == (100000.5, 90000.5, "USD")
    assert (told.initial_margin, told.maintenance_margin) == (5000.0, 2500.0)
    assert (told.available_funds, told.buying_power) == (95000.5, 380002.0)
    assert (told.cushion, told.day_trades_remaining) == (0.975, -1.0)
    assert told.settled_cash is None  # the largest double is "not known"
    assert told.leverage is None  # as is what was not mentioned
    assert gateway.asked(SUMMARY)[0][3] == "All"


@pytest.mark.parametrize("missing", ["NetLiquidation", "TotalCashValue", "ExcessLiquidity"])
def test_a_summary_without_a_deciding_figure_is_an_error_not_a_zero(account, missing):
    figures = {tag: told for tag, told in FIGURES.items() if tag != missing}
    _, tools = account({SUMMARY: summary(figures)})
    with pytest.raises(GatewayError, match="summary of DU1"):
        tools.summary()


def test_a_summary_of_other_accounts_only_is_no_answer(account):
    _, tools = account({SUMMARY: summary(account="DU2")})
    with pytest.raises(GatewayError, match="does not mention DU1"):
        tools.summary()


def test_each_currency_has_its_ledger_and_the_sum_comes_first(account):
    gateway, tools = account({SUMMARY: ledger()})
    base, euros = tools.ledgers().ledgers
    assert (base.currency, base.cash, base.unrealized) == ("BASE", 90000.5, 12.5)
    assert (euros.currency, euros.cash, euros.exchange_rate) == ("EUR", 1000.0, 1.1)
    assert euros.unrealized is None
    assert gateway.asked(SUMMARY)[0][4] == "$LEDGER:ALL"


def test_a_ledger_without_its_cash_is_an_error(account):
    gap = LEDGERS | {"EUR": {"CashBalance": "", "NetLiquidationByCurrency": "1"}}
    _, tools = account({SUMMARY: ledger(gap)})
    with pytest.raises(GatewayError, match="ledger in EUR is incomplete: CashBalance"):
        tools.ledgers()


def test_a_summary_in_two_currencies_is_refused(account):
    torn = summary(other=[("DU1", {"NetLiquidation": ("1", "EUR")})])
    _, tools = account({SUMMARY: torn})
    with pytest.raises(GatewayError, match="EUR, USD"):
        tools.summary()


# Positions


def test_every_kind_of_position_is_told_with_its_terms_and_currency(account):
    _, tools = account(
        {
            POSITIONS: positions(held(), held(OPTION, -2, cost=350.0), held(FOREIGN, 10)),
            ACCOUNT: page(
                valued(),
                valued(OPTION, -2, price=3.4, multiplier=100),
                valued(FOREIGN, 10, price=200.0),
            ),
        }
    )
    stock, option, foreign = sorted(
        tools.positions().holdings, key=lambda one: (one.contract.symbol, -one.quantity)
    )
    assert (stock.market_value, stock.unrealized, stock.realized) == (10000.0, 12.5, None)
    assert (option.terms.strike, option.terms.right) == (100.0, "P")
    assert (option.terms.expiry, option.terms.multiplier) == (date(2026, 7, 17), 100.0)
    assert (option.quantity, option.market_value, option.average_cost) == (-2.0, -680.0, 350.0)
    assert (foreign.contract.currency, foreign.market_value) == ("EUR", 2000.0)


def test_positions_can_be_asked_for_by_symbol_and_none_is_an_answer(account):
    answers = {POSITIONS: positions(held(), held(FOREIGN, 10)),
               ACCOUNT: page(valued(), valued(FOREIGN, 10))}  # fmt: skip
    _, tools = account(answers)
    assert [one.contract.symbol for one in tools.positions("SAP").holdings] == ["SAP"]
    assert tools.positions("MSFT").holdings == ()


def test_no_answer_is_never_no_positions(account):
    _, tools = account({ACCOUNT: page()}, impatient=True)
    with pytest.raises(GatewayTimeout, match="positions"):
        tools.positions("MSFT")


def test_the_value_of_the_portfolio_is_in_the_base_currency(account):
    _, tools = account(
        {
            POSITIONS: positions(held(quantity=-50), held(FOREIGN, 10)),
            ACCOUNT: page(
                valued(quantity=-50), valued(FOREIGN, 10, price=200.0), rates=[("EUR", "1.1")]
            ),
        }
    )
    told = tools.portfolio_value()
    assert (told.currency, told.net_asset_value) == ("USD", 100000.5)
    assert told.values == pytest.approx({STOCK[0]: -5000.0, FOREIGN[0]: 2200.0})
    assert (told.long_value, told.short_value, told.gross_value) == pytest.approx(
        (2200.0, -5000.0, 7200.0)
    )


def test_a_currency_without_a_rate_makes_no_half_sum(account):
    _, tools = account(
        {POSITIONS: positions(held(FOREIGN, 10)), ACCOUNT: page(valued(FOREIGN, 10))}
    )
    with pytest.raises(GatewayError, match="no exchange rate for EUR"):
        tools.portfolio_value()


# Profit and loss


def test_the_profit_of_the_account_waits_for_figures_and_ends_its_subscription(account):
    def slowly(gateway, fields):
        gateway.say([94, fields[1], UNSET, UNSET, UNSET], [94, fields[1], 5.5, 12.5, UNSET])

    gateway, tools = account({PROFIT: slowly})
    told = tools.profit()
    assert (told.daily, told.unrealized, told.realized) == (5.5, 12.5, None)
    tools._connection.server_time()  # what was sent before has been read by now
    assert gateway.asked(PROFIT)[0][2:] == ["DU1", ""]
    assert [fields[1] for fields in gateway.asked(END_PROFIT)] == [gateway.asked(PROFIT)[0][1]]


def test_a_profit_that_never_gets_figures_is_a_time_out_not_a_zero(account):
    unset = {PROFIT: lambda g, f: g.say([94, f[1], UNSET, UNSET, UNSET])}
    gateway, tools = account(unset, impatient=True)
    with pytest.raises(GatewayTimeout, match="profit and loss"):
        tools.profit()
    tools._connection.server_time()  # what was sent before has been read by now
    assert gateway.asked(END_PROFIT)


def test_each_position_has_its_own_profit_and_a_silent_one_is_named(account):
    def told(gateway, fields):
        if fields[4] == str(STOCK[0]):
            gateway.say([95, fields[1], 100, 1.5, 12.5, 0.0, 10000.0])

    gateway, tools = account(
        {
            POSITIONS: positions(held(), held(FOREIGN, 10)),
            ACCOUNT: page(valued(), valued(FOREIGN, 10)),
            ONE_PROFIT: told,
        },
        impatient=True,
    )
    found = tools.position_profits()
    (one,) = found.profits
    assert (one.symbol, one.quantity, one.daily, one.market_value) == ("AAPL", 100, 1.5, 10000.0)
    assert list(found.missing) == [FOREIGN[0]]
    assert "no answer" in found.missing[FOREIGN[0]]
    tools._connection.server_time()  # what was sent before has been read by now
    assert len(gateway.asked(END_ONE_PROFIT)) == 2


def test_a_profit_that_cannot_be_read_is_an_error_at_once(account):
    _, tools = account({PROFIT: lambda g, f: g.say([94, f[1], 1.0, 2.0])})
    with pytest.raises(GatewayError, match=r"message 94 .* cannot be read"):
        tools.profit()


# Together


def test_summaries_of_many_threads_never_open_a_third_subscription(account):
    open_now, most, refused = set(), [], []

    def begin(gateway, fields):
        open_now.add(fields[2])
        most.append(len(open_now))
        if len(open_now) > 2:
            gateway.say(error(fields[2], 322, "Maximum number of account summary requests"))
        else:
            summary()(gateway, fields)

    def ask(tools):
        try:
            tools.summary()
        except RequestRefused as caught:
            refused.append(caught)

    _, tools = account(
        {SUMMARY: begin, END_SUMMARY: lambda _g, fields: open_now.discard(fields[2])}
    )
    threads = [threading.Thread(target=ask, args=[tools]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert max(most) == 1
