"""Every answer has exactly the fields of its version, at 157 and at 178: section 2 of the protocol.

One client asks everything there is to ask; then the length of every frame it got is compared with
the protocol's own tables.
"""

from datetime import timedelta

import pytest

from simulator.market.bonds import BONDS
from simulator.tws.messages.numbers import Answer
from tests.conformance.conformance_harness import DURING, conform, most_traded
from tests.conformance.field_client import FieldClient
from tests.simulator.gateway_harness import settle

VERSIONS = (157, 178)
FRIDAY = DURING + timedelta(days=4)  # when there is something to announce
EXPECTED_NOTICES = {"2104", "2106", "2158", "202"}  # farms are fine; an order was cancelled


def counted(head, each, at):
    """Return the length of a frame with one counted list: ``at`` is where its count stands."""
    return lambda fields: head + each * int(fields[at])


def samples(fields, *, with_issuer):
    """Return the length of symbolSamples: every row has its own number of derivatives."""
    length = 3
    for _ in range(int(fields[2])):
        length += 6 + int(fields[length + 5]) + (2 if with_issuer else 0)
    return length


def chain(fields):
    """Return the length of securityDefinitionOptionParameter: expirations, then strikes."""
    expirations = int(fields[6])
    return 8 + expirations + int(fields[7 + expirations])


def contract_data(fields, *, at_164):
    """Return the length of contractData: 40, or 39 and two other fields before 164, and secIds."""
    return (40 + 2 * int(fields[30])) if at_164 else (39 + 2 * int(fields[32]))


def bond_data(fields, *, at_164):
    """Return the length of bondContractData, with its secIds."""
    return (36 + 2 * int(fields[30])) if at_164 else (35 + 2 * int(fields[32]))


def open_order(plain):
    """Return the length of openOrder: 8 more fields for each leg of a combination."""
    return lambda fields: plain + 8 * int(fields[78 if plain == 135 else 79])


FIXED = {
    Answer.TICK_PRICE: 7, Answer.TICK_SIZE: 5, Answer.TICK_GENERIC: 5, Answer.TICK_STRING: 5,
    Answer.ORDER_STATUS: 12, Answer.ACCOUNT_VALUE: 6, Answer.PORTFOLIO_VALUE: 20,
    Answer.ACCOUNT_TIME: 3, Answer.NEXT_VALID_ID: 3, Answer.MARKET_DEPTH: 8,
    Answer.MARKET_DEPTH_L2: 10, Answer.MANAGED_ACCOUNTS: 3, Answer.SCANNER_PARAMETERS: 3,
    Answer.OPTION_COMPUTATION: 12, Answer.CURRENT_TIME: 3, Answer.FUNDAMENTAL_DATA: 4,
    Answer.CONTRACT_DATA_END: 3, Answer.OPEN_ORDER_END: 2, Answer.ACCOUNT_DOWNLOAD_END: 3,
    Answer.EXECUTION_END: 3, Answer.SNAPSHOT_END: 3, Answer.MARKET_DATA_TYPE: 4,
    Answer.COMMISSION_REPORT: 8, Answer.POSITION: 16, Answer.POSITION_END: 2,
    Answer.ACCOUNT_SUMMARY: 7, Answer.ACCOUNT_SUMMARY_END: 3, Answer.ACCOUNT_UPDATE_MULTI: 8,
    Answer.ACCOUNT_UPDATE_MULTI_END: 3, Answer.OPTION_PARAMETERS_END: 2,
    Answer.TICK_PARAMETERS: 5, Answer.NEWS_ARTICLE: 4, Answer.TICK_NEWS: 7,
    Answer.HISTORICAL_NEWS: 6, Answer.HISTORICAL_NEWS_END: 3, Answer.HEAD_TIMESTAMP: 3,
    Answer.HISTORICAL_DATA_UPDATE: 10, Answer.PNL: 5, Answer.PNL_SINGLE: 7,
    Answer.REAL_TIME_BAR: 11, Answer.NEWS_BULLETIN: 6,
    Answer.COMPLETED_ORDERS_END: 1, Answer.WSH_META: 3, Answer.WSH_EVENTS: 3, Answer.USER_INFO: 3,
}  # fmt: skip
COUNTED = {
    Answer.TICK_BY_TICK: lambda fields: 5 if fields[2] == "4" else 9,  # of a midpoint one number
    Answer.HISTORICAL_DATA: counted(5, 8, at=4), Answer.SCANNER_DATA: counted(4, 16, at=3),
    Answer.OPTION_PARAMETERS: chain, Answer.DEPTH_EXCHANGES: counted(2, 5, at=1),
    Answer.SMART_COMPONENTS: counted(3, 3, at=2), Answer.NEWS_PROVIDERS: counted(2, 2, at=1),
    Answer.HISTOGRAM: counted(3, 2, at=2), Answer.MARKET_RULE: counted(3, 2, at=2),
    Answer.HISTORICAL_SCHEDULE: counted(6, 3, at=5), Answer.HISTORICAL_TICKS: counted(4, 4, at=2),
    Answer.HISTORICAL_TICKS_BID_ASK: counted(4, 6, at=2),
    Answer.HISTORICAL_TICKS_LAST: counted(4, 6, at=2),
}  # fmt: skip
OF_VERSION = {
    157: {
        Answer.ERROR: 5, Answer.EXECUTION: 31, Answer.COMPLETED_ORDER: 96,
        Answer.OPEN_ORDER: open_order(128),
        Answer.CONTRACT_DATA: lambda fields: contract_data(fields, at_164=False),
        Answer.BOND_CONTRACT_DATA: lambda fields: bond_data(fields, at_164=False),
        Answer.SYMBOL_SAMPLES: lambda fields: samples(fields, with_issuer=False),
    },
    178: {
        Answer.ERROR: 6, Answer.EXECUTION: 32, Answer.COMPLETED_ORDER: 100,
        Answer.OPEN_ORDER: open_order(135),
        Answer.CONTRACT_DATA: lambda fields: contract_data(fields, at_164=True),
        Answer.BOND_CONTRACT_DATA: lambda fields: bond_data(fields, at_164=True),
        Answer.SYMBOL_SAMPLES: lambda fields: samples(fields, with_issuer=True),
    },
}  # fmt: skip


def expected(version, fields):
    number = Answer(int(fields[0]))
    length = {**FIXED, **COUNTED, **OF_VERSION[version]}[number]
    return length(fields) if callable(length) else length


async def ask_about_contracts(client, stock):
    await client.ask(52, *client.contract_details(1, conId=stock.con_id))
    await client.ask(52, *client.contract_details(5, conId=BONDS[0].con_id))
    await client.ask(79, 81, 2, stock.symbol[:1])
    await client.ask(76, 78, 3, stock.symbol, "", "STK", stock.con_id)
    await client.ask(93, 91, 26)
    await client.ask(80, 82)
    await client.ask(82, 83, 4, "9c0001")


async def ask_about_the_market(client, stock, option):
    described = client.contract(conId=stock.con_id)
    ticks = "100,101,104,105,106,165,221,225,232,233,236,258,292,293,294,295,318,375,456"
    client.send(59, 1, 1)
    client.send(1, 11, 10, *described, 0, ticks, 0, 0, "")
    await client.until(58)
    await client.ask(57, 1, 11, 11, *described, 0, "", 1, 0, "")
    await client.ask(57, 1, 11, 12, *client.contract(conId=option), 0, "", 1, 0, "")
    client.send(10, 5, 13, *described, 5, 0, "")
    client.send(10, 5, 14, *described, 5, 1, "")
    await client.until(12)
    await client.until(13)
    client.send(11, 1, 13, 0)
    client.send(2, 2, 10)
    client.send(54, 3, 15, *client.contract(conId=option), 5.0, 100.0, 0, "")
    client.send(55, 3, 16, *client.contract(conId=option), 0.3, 100.0, 0, "")


async def follow_the_market(harness, client, stock):
    described = client.contract(conId=stock.con_id)
    client.send(12, 1, 1)
    client.send(50, 3, 17, *described, 5, "TRADES", 1, "")
    for number, kind in enumerate(("Last", "BidAsk", "MidPoint"), start=18):
        client.send(97, number, *described, kind, 0, 0)
    await settle()
    await harness.advance(DURING + timedelta(seconds=10))
    client.send(51, 1, 17)
    for number in (18, 19, 20):
        client.send(98, number)
    await client.until(50)
    await client.until(99, count=6)


async def ask_about_the_past(client, stock):
    described = client.contract(conId=stock.con_id)
    await client.ask(17, 20, 20, *described, 0, "", "1 day", "1 M", 1, "TRADES", 1, 0, "")
    await client.ask(17, 20, 21, *described, 0, "", "1 hour", "2 D", 1, "TRADES", 2, 0, "")
    await client.ask(106, 20, 22, *described, 0, "", "1 day", "5 D", 1, "SCHEDULE", 1, 0, "")
    await client.ask(17, 20, 23, *described, 0, "", "5 mins", "1 D", 1, "TRADES", 1, 1, "")
    await client.ask(88, 87, 24, *described, 0, 1, "TRADES", 1)
    await client.ask(89, 88, 25, *described, 0, 1, "3 days")
    for number, what, answer in ((26, "TRADES", 98), (27, "BID_ASK", 97), (28, "MIDPOINT", 96)):
        end = "20260612 15:00:00 US/Eastern"
        await client.ask(answer, 96, number, *described, 0, "", end, 20, what, 1, 0, "")


async def ask_about_news_and_companies(client, stock):
    await client.ask(85, 85)
    await client.ask(19, 24, 1)
    scan = [22, 30, 10, "STK", "STK.US.MAJOR", "MOST_ACTIVE", *[""] * 19]
    await client.ask(20, *scan)
    client.send(23, 1, 30)
    providers = "+".join(client.frames[85][-1][2::2])
    await client.ask(87, 86, 31, stock.con_id, providers, "", "", 10, "")
    _, _, _, provider, article, _ = client.frames[86][-1]
    await client.ask(83, 84, 32, provider, article, "")
    named = [stock.con_id, stock.symbol, "STK", "SMART", "", "USD", ""]
    await client.ask(51, 52, 2, 33, *named, "ReportSnapshot", 0, "")
    await client.ask(104, 100, 34)
    filters = ["", 0, 0, 0, "", "", ""] if client.version >= 173 else []
    await client.ask(105, 102, 35, stock.con_id, *filters)
    await client.ask(107, 104, 36)


async def ask_about_the_account(client, account, stock):
    await client.ask(62, 61, 1)
    await client.ask(54, 6, 2, 1, account)
    await client.ask(74, 76, 1, 40, account, "", 0)
    await client.ask(64, 62, 1, 41, "All", "NetLiquidation,$LEDGER:ALL")
    await client.ask(94, 92, 42, account, "")
    await client.ask(95, 94, 43, account, "", stock.con_id)
    await client.ask(49, 49, 1)
    await client.ask(15, 17, 1)
    await client.ask(9, 8, 1, 1)


async def trade(client, stock):
    contract = {"conId": stock.con_id}
    terms = {"action": "BUY", "tif": "DAY", "orderRef": "arity"}
    _, market = client.place_order(contract, **terms, totalQuantity=300, orderType="MKT")
    client.send(*market)
    await client.until(59)
    resting = {"totalQuantity": 10, "orderType": "LMT", "lmtPrice": 1.0}
    limit_id, limit = client.place_order(contract, **terms, **resting)
    client.send(*limit)
    _, what_if_order = client.place_order(contract, **terms, **resting, whatIf=1)
    client.send(*what_if_order)
    await client.ask(53, 16, 1)
    client.send(*client.cancel(limit_id))
    await client.ask(102, 99, 0)
    await client.ask(55, 7, 3, 50, 0, "", "", "", "", "", "")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_frame_has_the_fields_of_its_version_and_every_kind_of_frame_comes(tmp_path, version):
    async def scenario(harness):
        gateway = harness.gateway
        client = await FieldClient.open(harness, version)
        (stock,) = most_traded(gateway)
        await ask_about_contracts(client, stock)
        option = await an_option(client, stock)
        await ask_about_the_market(client, stock, option)
        await follow_the_market(harness, client, stock)
        await ask_about_the_past(client, stock)
        await ask_about_news_and_companies(client, stock)
        await trade(client, stock)
        await ask_about_the_account(client, gateway.broker.account, stock)
        await harness.advance(FRIDAY)
        await settle()
        await client.close()
        wrong = {
            (Answer(number).name, len(fields), expected(version, fields))
            for number, frames in client.frames.items()
            for fields in frames
            if len(fields) != expected(version, fields)
        }
        refused = [f[3:5] for f in client.frames[4] if f[3] not in EXPECTED_NOTICES]
        missing = {a.name for a in Answer if not client.frames[a]}
        assert (wrong, refused, missing) == (set(), [], set())

    conform(tmp_path, scenario)


async def an_option(client, stock):
    """Return the conId of a call near the middle of the strikes."""
    fields = client.frames[75][-1]
    count = int(fields[6])
    expiry, strikes = fields[7 + count // 2], fields[8 + count :]
    call = {"symbol": stock.symbol, "secType": "OPT", "expiry": expiry, "right": "C",
            "strike": strikes[len(strikes) // 2], "currency": "USD"}  # fmt: skip
    await client.ask(52, *client.contract_details(9, **call))
    data = client.frames[10][-1]
    return data[12] if client.version >= 164 else data[13]
