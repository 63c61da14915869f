"""Bonds: found and described in their own frame, quoted and charted, and not traded."""

import pytest
from ib_async import Bond, Contract, LimitOrder, Stock

from simulator.market.bonds import BONDS, FIRST_CON_ID
from tests.conformance.conformance_harness import conform
from tests.conformance.field_client import FieldClient
from tests.simulator.gateway_harness import run_scenario, settle
from tests.simulator.tiny_market import OPEN


async def details_of(ib, contract):
    return [one for one in await ib.reqContractDetailsAsync(contract) if one.contract]


def test_the_bonds_of_an_issuer_are_found_by_its_symbol_and_one_by_its_number(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        both = await details_of(ib, Bond(symbol="STDYE", exchange="SMART", currency="USD"))
        assert [one.coupon for one in both] == [4, 5]
        first = both[0]
        for asked in (
            Contract(conId=first.contract.conId),
            Bond(symbol=first.cusip, exchange="SMART", currency="USD"),
            Bond(secIdType="CUSIP", secId=first.cusip, exchange="SMART"),
            Bond(secIdType="ISIN", secId=first.secIdList[0].value),
        ):
            (found,) = await details_of(ib, asked)
            assert found.contract.conId == FIRST_CON_ID
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_a_bond_is_described_by_its_terms(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (known,) = await details_of(ib, Contract(conId=FIRST_CON_ID + 1))
        assert (known.bondType, known.couponType, known.coupon) == ("CORP", "FIXED", 5)
        assert (known.issueDate, known.maturity) == ("20210915", "20360915")
        assert (known.callable, known.putable, known.convertible) == (True, False, False)
        assert (known.nextOptionDate, known.nextOptionType) == ("20310915", "CALL")
        assert (known.descAppend, known.ratings) == ("STDYE 5 09/15/36", "A2/A")
        assert known.contract.secType == "BOND"
        assert len(known.cusip) == 9

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(("version", "fields"), [(157, 35 + 2), (178, 36 + 2)])
def test_the_frame_of_a_bond_has_the_fields_of_its_version(tmp_path, version, fields):
    async def scenario(harness):
        client = await FieldClient.open(harness, version)
        await client.ask(52, *client.contract_details(1, conId=FIRST_CON_ID))
        # ib_async 2.1 reads a coupon as a whole number and drops the frame of this one.
        await client.ask(52, *client.contract_details(2, conId=FIRST_CON_ID + 2))
        assert [len(frame) for frame in client.frames[18]] == [fields, fields]
        assert client.frames[18][1][6 if version < 164 else 5] == "7.125"
        await client.close()

    conform(tmp_path, scenario)


def test_a_stock_is_not_mistaken_for_the_bonds_of_its_company(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for asked in (Stock("STDYE", "SMART", "USD"), Contract(symbol="STDYE", secType="STK")):
            (found,) = await ib.reqContractDetailsAsync(asked)
            assert found.contract.secType == "STK"
        (sample,) = await ib.reqMatchingSymbolsAsync("STDYE")
        assert sample.contract.secType == "STK"

    run_scenario(tmp_path, scenario)


def test_a_bond_has_quotes_and_bars_in_percent(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(OPEN)
        bond = Contract(conId=FIRST_CON_ID, exchange="SMART")
        ticker = ib.reqMktData(bond)
        bars = await ib.reqHistoricalDataAsync(bond, "", "5 D", "1 day", "TRADES", useRTH=True)
        await settle()
        assert len(bars) == 5
        assert all(80 < bar.low <= bar.high < 120 for bar in bars)
        assert 0.15 < ticker.ask - ticker.bid < 0.25
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_an_order_for_a_bond_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bond = Contract(conId=FIRST_CON_ID, exchange="SMART", secType="BOND")
        trade = ib.placeOrder(bond, LimitOrder("BUY", 1, 99.0, tif="DAY"))
        await settle()
        assert trade.orderStatus.status != "Submitted"
        assert harness.codes() == [387]

    run_scenario(tmp_path, scenario)


def test_every_bond_is_described_the_way_it_is_quoted():
    assert [bond.description for bond in BONDS] == [
        "STDYE 4 06/15/31", "STDYE 5 09/15/36", "OLDNE 7 1/8 03/01/33",
    ]  # fmt: skip
