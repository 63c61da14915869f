"""The real ib_async at version 178: sessions, accounts, restarts."""

import math

import pytest
from ib_async import LimitOrder, MarketOrder, Trade

from tests.conformance.conformance_harness import EVENING, conform, qualified, until
from tests.simulator.gateway_harness import settle

# The session


def test_a_session_begins_with_accounts_ids_positions_and_values(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        account = harness.gateway.broker.account
        assert ib.client.serverVersion() == 178
        assert ib.managedAccounts() == [account]
        assert ib.client.getReqId() >= 1
        assert ib.positions() == ib.portfolio() == []
        values = {value.tag: value.value for value in ib.accountValues()}
        assert float(values["NetLiquidation"]) == 1e6
        summary = {value.tag for value in await ib.accountSummaryAsync()}
        assert {"NetLiquidation", "BuyingPower", "MaintMarginReq"} <= summary
        assert await ib.reqCurrentTimeAsync() == harness.gateway.clock.now()

    conform(tmp_path, scenario)


def test_a_client_id_in_use_is_refused_with_326_and_the_first_keeps_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect(7)
        with pytest.raises(TimeoutError):
            await harness.connect(7, within=0.5)
        assert 326 in harness.codes()
        assert ib.isConnected()

    conform(tmp_path, scenario)


def test_a_third_account_summary_is_refused_with_322(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for _ in range(3):
            ib.client.reqAccountSummary(ib.client.getReqId(), "All", "NetLiquidation")
        await settle()
        assert harness.codes() == [322]

    conform(tmp_path, scenario)


def test_profit_and_loss_is_told_for_the_account_and_for_a_position(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        account = harness.gateway.broker.account
        trade = ib.placeOrder(stock, MarketOrder("BUY", 100, tif="DAY"))
        await until(trade.isDone)
        total = ib.reqPnL(account)
        single = ib.reqPnLSingle(account, "", stock.conId)
        await settle()
        assert single.position == 100
        assert single.value > 0
        assert not math.isnan(total.dailyPnL)
        assert total.dailyPnL == pytest.approx(single.dailyPnL, abs=1e-6)
        before = total.dailyPnL
        await harness.advance(EVENING)
        assert total.dailyPnL != before
        ib.cancelPnL(account)
        ib.cancelPnLSingle(account, "", stock.conId)

    conform(tmp_path, scenario)


def test_the_master_client_is_told_of_everybodys_orders_and_commissions(tmp_path):
    async def scenario(harness):
        harness.gateway.master_client = 9
        owner, master, other = [await harness.connect(number) for number in (7, 9, 8)]
        (stock,) = await qualified(harness, owner)
        reports = {ib: [] for ib in (master, other)}
        for ib, seen in reports.items():
            ib.commissionReportEvent += lambda *report, seen=seen: seen.append(report)
            ib.openOrderEvent += lambda *report, seen=seen: seen.append(report)
        trade = owner.placeOrder(stock, MarketOrder("BUY", 5, tif="DAY"))
        await until(trade.isDone)
        await settle()
        assert reports[other] == []
        assert any(isinstance(report[0], Trade) for report in reports[master])

    conform(tmp_path, scenario)


def test_an_account_restarts_with_its_orders_executions_and_permids(tmp_path):
    perm_ids = []

    async def day(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        resting = ib.placeOrder(stock, LimitOrder("BUY", 5, 1.0, tif="GTC", orderRef="kept"))
        filled = ib.placeOrder(stock, MarketOrder("BUY", 5, tif="DAY", orderRef="done"))
        await until(filled.isDone)
        perm_ids.extend(trade.order.permId for trade in (resting, filled))

    async def again(harness):
        ib = await harness.connect()
        (trade,) = ib.openTrades()
        assert (trade.order.permId, trade.order.orderRef) == (perm_ids[0], "kept")
        (fill,) = ib.fills()
        assert (fill.execution.permId, fill.execution.orderRef) == (perm_ids[1], "done")
        assert fill.commissionReport.commission > 0
        # What TWS sends back of an order can be sent as a change of it.
        trade.order.lmtPrice = 1.02
        ib.placeOrder(trade.contract, trade.order)
        await settle()
        (working,) = await ib.reqAllOpenOrdersAsync()
        assert (working.order.permId, working.order.lmtPrice) == (perm_ids[0], 1.02)

    conform(tmp_path, day)
    conform(tmp_path, again)


def test_several_accounts_of_one_login_are_kept_apart(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        first, second = ib.managedAccounts()
        (stock,) = await qualified(harness, ib)
        trade = ib.placeOrder(stock, MarketOrder("BUY", 7, tif="DAY", account=second))
        await until(trade.isDone)
        await settle()
        (position,) = await ib.reqPositionsAsync()
        assert (position.account, position.position) == (second, 7)
        assert trade.fills[0].execution.acctNumber == second
        harness.errors.clear()
        ib.placeOrder(stock, MarketOrder("BUY", 1, tif="DAY", account="DU9999999"))
        await settle()
        assert harness.codes() == [321]
        assert first != second

    conform(tmp_path, scenario, accounts=2)
