import asyncio
import xml.etree.ElementTree as ET

import pytest
from ib_async import ScannerSubscription, TagValue

from tests.simulator.gateway_harness import run_scenario
from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.tiny_market import ACME, BOLT, CALM, DUAL, MONDAY, NEXT_MORNING, TinyMarket

MOVES = TinyMarket(
    {
        (ACME, MONDAY): (100.0, 120.0, 96.0, 112.2, 5_000_000),  # +10 %
        (BOLT, MONDAY): (50.0, 51.0, 40.0, 44.55, 9_000_000),  # -10 %
        (CALM, MONDAY): (20.0, 20.5, 19.5, 20.0, 90_000),  # three times its volume
    }
)


async def scan(ib, code, *options, **changes):
    plain = {"instrument": "STK", "locationCode": "STK.US.MAJOR", "scanCode": code}
    subscription = ScannerSubscription(**plain | changes)
    return await asyncio.wait_for(ib.reqScannerDataAsync(subscription, [], list(options)), 2)


def found(rows):
    return [row.contractDetails.contract.conId for row in rows]


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("TOP_PERC_GAIN", [ACME, CALM, DUAL, BOLT]),
        ("TOP_PERC_LOSE", [BOLT, CALM, DUAL, ACME]),
        ("MOST_ACTIVE", [BOLT, ACME, DUAL, CALM]),
        ("HOT_BY_VOLUME", [BOLT, CALM, ACME, DUAL]),
    ],
)
def test_a_scan_ranks_by_the_last_complete_bar(tmp_path, code, order):
    async def scenario(harness):
        ib = await harness.connect()
        rows = await scan(ib, code)
        assert found(rows) == order
        assert [row.rank for row in rows] == [0, 1, 2, 3]

    run_scenario(tmp_path, scenario, market=MOVES, at=NEXT_MORNING)


def test_a_scan_before_the_close_does_not_know_the_day(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert found(await scan(ib, "TOP_PERC_GAIN")) == [ACME, BOLT, CALM, DUAL]

    run_scenario(tmp_path, scenario, market=MOVES)


def test_a_scan_can_be_filtered_and_cut(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert found(await scan(ib, "MOST_ACTIVE", numberOfRows=1)) == [BOLT]
        assert found(await scan(ib, "MOST_ACTIVE", abovePrice=50.0)) == [ACME]
        option = TagValue("volumeAbove", "5000000")
        assert found(await scan(ib, "MOST_ACTIVE", option)) == [BOLT]

    run_scenario(tmp_path, scenario, market=MOVES, at=NEXT_MORNING)


def test_what_did_not_trade_on_the_last_session_is_in_no_scan(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert ACME not in found(await scan(ib, "MOST_ACTIVE"))

    market = TinyMarket(untraded=[(ACME, MONDAY)])
    run_scenario(tmp_path, scenario, market=market, at=NEXT_MORNING)


@pytest.mark.parametrize(
    ("options", "changes", "said"),
    [
        ([], {"scanCode": "NO_SUCH_SCAN"}, "'NO_SUCH_SCAN' is not one of"),
        ([], {"locationCode": "STK.EU"}, "cannot be scanned"),
        ([], {"moodyRatingAbove": "AAA"}, "filter moodyRatingAbove"),
        ([], {"stockTypeFilter": "SPACE"}, "stock type 'SPACE' is not one of"),
        ([], {"instrument": "FUT.US", "locationCode": "STK.US"}, "cannot be scanned"),
        ([TagValue("couponAbove", "100")], {}, "filter couponAbove is not one of"),
    ],
)
def test_a_scan_that_cannot_be_done_is_refused_and_not_empty(tmp_path, options, changes, said):
    async def scenario(harness):
        ib = await harness.connect()
        ib.RaiseRequestErrors = True
        with pytest.raises(Exception, match=said):
            await scan(ib, "MOST_ACTIVE", *options, **changes)
        assert harness.codes() == [162]

    run_scenario(tmp_path, scenario)


def test_the_parameters_are_a_document_that_names_the_scans(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        document = ET.fromstring(await ib.reqScannerParametersAsync())
        codes = {code.text for code in document.iter("scanCode")}
        assert {"HOT_BY_VOLUME", "MOST_ACTIVE", "TOP_PERC_GAIN", "TOP_PERC_LOSE"} < codes
        assert [kind.text for kind in document.findall("InstrumentList/Instrument/type")] == [
            "STK", "ETF.EQ.US", "IND.US", "FUT.US",
        ]  # fmt: skip
        locations = {code.text for code in document.iter("locationCode")}
        assert {"STK.US", "STK.US.MAJOR"} < locations
        filters = {code.text for code in document.findall("FilterList//AbstractField/code")}
        assert {"priceAbove", "marketCapAbove1e6", "changePercBelow"} < filters

    run_scenario(tmp_path, scenario)


def test_every_scan_of_the_document_can_be_run_where_it_says(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.RaiseRequestErrors = True
        document = ET.fromstring(await ib.reqScannerParametersAsync())
        for scan_type in document.iter("ScanType"):
            code = scan_type.findtext("scanCode")
            for kind in scan_type.findtext("instruments").split(","):
                place = f"{kind}.US" if kind == "STK" else kind
                assert await scan(ib, code, instrument=kind, locationCode=place)

    run_scenario(tmp_path, scenario)


def test_companions_compete_only_among_their_own_kind(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        funds = await scan(ib, "MOST_ACTIVE", instrument="ETF.EQ.US", locationCode="ETF.EQ.US")
        assert [row.contractDetails.contract.symbol for row in funds] == ["DBETF"]
        futures = await scan(ib, "MOST_ACTIVE", instrument="FUT.US", locationCode="FUT.US")
        assert {row.contractDetails.contract.secType for row in futures} == {"FUT"}
        assert found(await scan(ib, "MOST_ACTIVE", stockTypeFilter="ETF")) == []

    run_scenario(tmp_path, scenario)


def test_at_most_ten_scans_run_at_once(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        for number in range(11):
            wire.send(22, number, 5, "STK", "STK.US", "MOST_ACTIVE", *[""] * 17, "", "")
        heads = [(await wire.receive())[0] for _ in range(11)]
        assert heads == ["20"] * 10 + ["4"]
        wire.send(23, 1, 3)
        wire.send(22, 10, 5, "STK", "STK.US", "MOST_ACTIVE", *[""] * 17, "", "")
        assert (await wire.receive())[0] == "20"

    run_scenario(tmp_path, scenario)


def test_market_capitalisations_are_those_of_the_vendor(tmp_path):

    async def scenario(harness):
        ib = await harness.connect()
        vendor_facts = harness.gateway.vendor_facts.figures(harness.gateway.clock.now())
        caps = {one.symbol: one.market_cap for one in vendor_facts.values() if one.market_cap}
        middle = sorted(caps.values())[len(caps) // 2]
        rows = await scan(ib, "MOST_ACTIVE", marketCapAbove=middle)
        symbols = {row.contractDetails.contract.symbol for row in rows}
        assert symbols
        assert symbols == {symbol for symbol, cap in caps.items() if cap > middle}
        option = TagValue("marketCapAbove1e6", f"{middle / 1e6}")
        again = await scan(ib, "MOST_ACTIVE", option)
        assert {row.contractDetails.contract.symbol for row in again} == symbols

    run_scenario(tmp_path, scenario, market=synthetic_market(7, 12))
