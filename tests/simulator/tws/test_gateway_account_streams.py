import pytest
from ib_async import Contract

from tests.simulator.derivatives import THURSDAY, contracts, option, pair
from tests.simulator.gateway_harness import buy, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import ACME, BOLT, CLOSE, OPEN, market_order


async def place(ib, order, contract=None):
    trade = ib.placeOrder(contract or stock(), order)
    await settle()
    return trade


async def asked(wire, *fields, until):
    """Ask over a bare socket; return the answers up to and without the end marker."""
    wire.send(*fields)
    rows = []
    while (row := await wire.receive())[0] != until:
        rows.append(row)
    return rows


def test_the_gain_of_an_account_and_of_a_position_follow_the_market(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        whole = ib.reqPnL(harness.gateway.broker.account)
        single = ib.reqPnLSingle(harness.gateway.broker.account, "", ACME)
        await settle()
        assert (whole.dailyPnL, single.position) == (0.0, 0)
        await place(ib, buy(100))
        # Bought at 100.02 for 1.00 more; it stands at 100.
        assert whole.dailyPnL == whole.unrealizedPnL == pytest.approx(-3.0)
        assert (single.position, single.value) == (100, 10_000.0)
        await harness.advance(CLOSE)
        assert single.dailyPnL == pytest.approx(197.0)
        await place(ib, sell(100))
        await harness.advance(CLOSE.replace(day=16, hour=13, minute=30))
        assert single.position == 0
        # Sold at 99.98 after a close of 102.
        assert whole.dailyPnL == pytest.approx(100 * (99.98 - 102.0) - 1.0)
        assert whole.realizedPnL == pytest.approx(100 * (99.98 - 100.03) - 1.0)

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_gain_that_is_no_longer_wanted_is_not_sent(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(92, 5, "", "")
        assert await wire.receive() == ["94", "5", "0", "0", "0"]
        wire.send(94, 6, "", "", BOLT)
        assert await wire.receive() == ["95", "6", "0", "0", "0", "0", "0"]
        wire.send(93, 5)
        wire.send(95, 6)
        ib = await harness.connect()
        await place(ib, buy(100))
        wire.send(49, 1)
        assert (await wire.receive())[0] == "49"

    run_scenario(tmp_path, scenario, at=OPEN)


def test_the_gain_of_a_foreign_account_is_refused(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(92, 5, "U7654321", "")
        assert (await wire.receive())[2:4] == ["5", "321"]

    run_scenario(tmp_path, scenario)


def test_every_currency_has_a_ledger_of_its_own(tmp_path):
    async def scenario(harness):
        broker = harness.gateway.broker
        broker.place(contracts(pair("EUR"), 10_000), order_id=1, client_id=7)
        broker.place(contracts(option(100), 2), order_id=2, client_id=7)
        wire = await harness.started()
        found = {}
        for tag in ("$LEDGER", "$LEDGER:EUR", "$LEDGER:ALL"):
            rows = await asked(wire, 62, 1, 9, "All", tag, until="64")
            wire.send(63, 1, 9)
            found[tag] = {(row[4], row[6]): row[5] for row in rows}
        assert {currency for _, currency in found["$LEDGER"]} == {"BASE"}
        assert {currency for _, currency in found["$LEDGER:EUR"]} == {"EUR"}
        assert {currency for _, currency in found["$LEDGER:ALL"]} == {"BASE", "EUR", "USD"}
        every = found["$LEDGER:ALL"]
        assert every["CashBalance", "EUR"] == "10000.00"
        rate = float(every["ExchangeRate", "EUR"])
        assert 1.0 < rate < 1.2
        cash = float(every["CashBalance", "USD"]) + 10_000 * rate
        assert float(every["TotalCashBalance", "BASE"]) == pytest.approx(cash, abs=0.01)
        assert float(every["OptionMarketValue", "BASE"]) > 0

    run_scenario(tmp_path, scenario, at=OPEN)


def test_the_ledger_alone_can_be_followed(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        rows = await asked(wire, 76, 1, 5, "", "", 1, until="74")
        keys = {row[5] for row in rows}
        assert "NetLiquidation" in keys
        assert "CashBalance" in keys
        assert "BuyingPower" not in keys

    run_scenario(tmp_path, scenario)


def test_several_accounts_trade_apart_and_are_listed_together(tmp_path):
    async def scenario(harness):
        one, two = harness.gateway.broker.accounts
        ib = await harness.connect()
        assert ib.managedAccounts() == [one, two]
        await place(ib, buy(100, account=one))
        await place(ib, buy(300, account=two))
        await place(ib, sell(50, account=two), stock("BOLT"))
        held = {(p.account, p.contract.symbol): p.position for p in ib.positions()}
        assert held == {(one, "ACME"): 100, (two, "ACME"): 300, (two, "BOLT"): -50}
        assert {fill.execution.acctNumber for fill in ib.fills()} == {one, two}
        exchanges = harness.gateway.broker.exchanges
        assert exchanges[one].cash == pytest.approx(1e6 - 10_003.0)
        assert exchanges[two].cash < exchanges[one].cash

    run_scenario(tmp_path, scenario, at=OPEN, accounts=2)


def test_with_several_accounts_an_order_has_to_name_one(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await place(ib, buy(100))
        assert harness.text(435) == "You must specify an account."
        await place(ib, buy(100, account="DU0000000"))
        assert "Invalid account code" in harness.text(321)
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, accounts=2)


def test_values_summaries_and_gains_are_those_of_the_account_asked_for(tmp_path):
    async def scenario(harness):
        one, two = harness.gateway.broker.accounts
        harness.gateway.broker.place(market_order(ACME, 100), order_id=1, client_id=7)
        wire = await harness.started()
        worth = {}
        for account in (one, two):
            rows = await asked(wire, 6, 2, 1, account, until="54")
            assert {row[5] for row in rows if row[0] == "6"} == {account}
            worth[account] = [row for row in rows if row[0] == "7"]
        assert (len(worth[one]), len(worth[two])) == (1, 0)
        summary = await asked(wire, 62, 1, 9, "All", "NetLiquidation", until="64")
        assert {row[3]: row[5] for row in summary} == {one: "999997.00", two: "1000000.00"}
        gained = {}
        for account in (one, two):
            wire.send(92, 7, account, "")
            gained[account] = float((await wire.receive())[2])
        assert gained == {one: pytest.approx(-3.0), two: 0.0}

    run_scenario(tmp_path, scenario, at=OPEN, accounts=2)


def test_the_accounts_of_a_world_survive_a_restart(tmp_path):
    async def first(harness):
        ib = await harness.connect()
        two = harness.gateway.broker.accounts[1]
        await place(ib, buy(100, account=two))

    async def second(harness):
        ib = await harness.connect()
        (position,) = ib.positions()
        assert (position.account, position.position) == (harness.gateway.broker.accounts[1], 100)
        assert [fill.execution.acctNumber for fill in ib.fills()] == [position.account]
        assert harness.gateway.broker.exchange.holdings == {}

    for scenario in (first, second):
        run_scenario(tmp_path, scenario, at=OPEN, accounts=2)


def test_an_expired_option_leaves_the_positions_of_who_watches(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        short_lived = option(100, "C", THURSDAY)
        await place(ib, buy(1), Contract(conId=short_lived, exchange="SMART"))
        assert [p.contract.secType for p in ib.positions()] == ["OPT"]
        await harness.advance(CLOSE.replace(day=18))
        assert [(p.contract.symbol, p.position) for p in ib.positions()] == [("ACME", 100)]
        assert [item.contract.secType for item in ib.portfolio()] == ["STK"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_each_account_has_its_own_margin(tmp_path):
    async def scenario(harness):
        broker = harness.gateway.broker
        ib = await harness.connect()
        await place(ib, buy(19_000, account=broker.accounts[0]))
        trade = await place(ib, buy(5_000, account=broker.accounts[0]))
        assert trade.orderStatus.status == "Cancelled"
        other = await place(ib, buy(5_000, account=broker.accounts[1]))
        assert other.orderStatus.status == "Filled"

    run_scenario(tmp_path, scenario, at=OPEN, accounts=2)
