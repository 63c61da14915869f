import pytest

from tests.simulator.gateway_harness import buy, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import ACME, CLOSE, OPEN


def values_of(ib, currency="USD"):
    values = (v for v in ib.accountValues() if v.currency == currency and v.tag != "Currency")
    return {value.tag: float(value.value) for value in values}


async def holding(harness, *orders, symbol="ACME"):
    """Connect, trade at Monday's open, and return the client."""
    ib = await harness.connect()
    for order in orders:
        ib.placeOrder(stock(symbol), order)
    await settle()
    await harness.advance(OPEN)
    return ib


def test_a_new_account_has_its_cash_and_nothing_else(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        values = values_of(ib)
        assert values["NetLiquidation"] == values["TotalCashValue"] == 50_000.0
        assert values["GrossPositionValue"] == values["InitMarginReq"] == 0.0
        assert values["BuyingPower"] == 100_000.0
        assert ib.portfolio() == []

    run_scenario(tmp_path, scenario, cash=50_000.0)


def test_all_keys_a_client_expects_are_there(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        keys = {v.tag for v in ib.accountValues()}
        assert keys >= {
            "NetLiquidation", "TotalCashValue", "GrossPositionValue", "InitMarginReq",
            "MaintMarginReq", "EquityWithLoanValue", "AvailableFunds", "ExcessLiquidity",
            "BuyingPower", "CashBalance", "UnrealizedPnL", "RealizedPnL", "Cushion",
        }  # fmt: skip
        assert {v.currency for v in ib.accountValues() if v.tag == "CashBalance"} == {"USD", "BASE"}

    run_scenario(tmp_path, scenario)


def test_a_fill_moves_cash_position_margin_and_gains(tmp_path):
    async def scenario(harness):
        # 100 shares at 100.02 (the open of 100 and 2 basis points), 1.00 commission.
        ib = await holding(harness, buy(100))
        (position,) = ib.positions()
        assert (position.contract.conId, position.position) == (ACME, 100)
        assert position.avgCost == pytest.approx(100.03)
        (item,) = ib.portfolio()
        assert (item.marketPrice, item.marketValue) == (100.0, 10_000.0)
        assert item.unrealizedPNL == pytest.approx(-3.0)
        values = values_of(ib)
        assert values["TotalCashValue"] == 1_000_000 - 10_002 - 1
        assert values["NetLiquidation"] == 999_997.0
        assert (values["InitMarginReq"], values["MaintMarginReq"]) == (5_000.0, 2_500.0)
        assert values["AvailableFunds"] == 994_997.0
        assert values["UnrealizedPnL"] == -3.0

    run_scenario(tmp_path, scenario)


def test_positions_are_revalued_when_prices_become_known(tmp_path):
    async def scenario(harness):
        ib = await holding(harness, buy(100))
        await harness.advance(CLOSE)
        (item,) = ib.portfolio()
        assert item.marketPrice == 102.0
        assert values_of(ib)["GrossPositionValue"] == 10_200.0

    run_scenario(tmp_path, scenario)


def test_a_closed_position_is_reported_as_zero_and_its_gain_as_realized(tmp_path):
    async def scenario(harness):
        ib = await holding(harness, buy(100))
        ib.placeOrder(stock(), sell(100))  # fills at once at 99.98
        await settle()
        assert ib.positions() == []
        assert ib.portfolio() == []
        # Bought at 100.02, sold at 99.98, 1.00 commission each time.
        assert values_of(ib)["RealizedPnL"] == -6.0
        assert values_of(ib)["NetLiquidation"] == 999_994.0

    run_scenario(tmp_path, scenario)


def test_a_short_position_is_negative_and_needs_more_maintenance(tmp_path):
    async def scenario(harness):
        ib = await holding(harness, sell(100))
        (item,) = ib.portfolio()
        assert (item.position, item.marketValue) == (-100, -10_000.0)
        assert values_of(ib)["MaintMarginReq"] == 3_000.0

    run_scenario(tmp_path, scenario)


def test_a_summary_has_the_tags_asked_for_and_is_renewed_after_a_fill(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        before = {(v.tag, v.currency): v.value for v in await ib.accountSummaryAsync()}
        assert before["NetLiquidation", "USD"] == "1000000.00"
        assert before["CashBalance", "BASE"] == "1000000.00"
        ib.placeOrder(stock(), buy(100))
        await settle()
        await harness.advance(OPEN)
        after = {(v.tag, v.currency): v.value for v in await ib.accountSummaryAsync()}
        assert after["NetLiquidation", "USD"] == "999997.00"

    run_scenario(tmp_path, scenario)


def test_only_the_tags_asked_for_are_sent(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        account = harness.gateway.broker.account
        wire.send(62, 1, 9, "All", "NetLiquidation,Cushion")
        rows = [await wire.receive() for _ in range(3)]
        assert rows == [
            ["63", "1", "9", account, "Cushion", "1.000000", ""],
            ["63", "1", "9", account, "NetLiquidation", "1000000.00", "USD"],
            ["64", "1", "9"],
        ]

    run_scenario(tmp_path, scenario)


def test_the_third_summary_is_refused_until_one_is_cancelled(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        for request_id in (1, 2, 3):
            wire.send(62, 1, request_id, "All", "Cushion")
        answers = [await wire.receive() for _ in range(5)]
        assert answers[-1][2:4] == ["3", "322"]
        wire.send(63, 1, 1)
        wire.send(62, 1, 3, "All", "Cushion")
        assert (await wire.receive())[0] == "63"

    run_scenario(tmp_path, scenario)


def test_another_account_is_refused(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(6, 2, 1, "U7654321")
        assert (await wire.receive())[3] == "321"
        wire.send(76, 1, 5, "U7654321", "", 0)
        assert (await wire.receive())[2:4] == ["5", "321"]

    run_scenario(tmp_path, scenario)


def test_position_and_portfolio_rows_have_their_exact_number_of_fields(tmp_path):
    async def scenario(harness):
        await holding(harness, buy(100))
        wire = await harness.started()
        wire.send(61, 1)
        position = await wire.receive()
        assert (position[0], len(position)) == ("61", 16)
        assert await wire.receive() == ["62", "1"]
        wire.send(6, 2, 1, "")
        rows = {}
        while "54" not in rows:
            row = await wire.receive()
            rows[row[0]] = row
        assert len(rows["7"]) == 20
        assert len(rows["6"]) == 6
        assert rows["8"] == ["8", "1", "09:30"]

    run_scenario(tmp_path, scenario)


def test_unsubscribed_clients_are_left_in_peace(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        wire.send(61, 1)
        wire.send(64, 1)
        wire.send(6, 2, 0, "")
        wire.send(76, 1, 5, "", "", 0)
        while (await wire.receive())[0] != "74":
            pass
        wire.send(77, 1, 5)
        await holding(harness, buy(100))
        wire.send(49, 1)
        assert (await wire.receive())[0] == "49"

    run_scenario(tmp_path, scenario)
