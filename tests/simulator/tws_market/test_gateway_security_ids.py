"""Instruments by the number of their security, as TWS lists and takes it."""

import pytest
from ib_async import Contract, Option

from simulator.instruments.security_ids import with_cusip_digit, with_isin_digit
from tests.conformance.conformance_harness import conform
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, DUAL, DUAL_LONDON


def numbers(details):
    return {pair.tag: pair.value for pair in details.secIdList or []}


async def isin_of(ib, contract):
    (details,) = await ib.reqContractDetailsAsync(contract)
    return numbers(details)["ISIN"]


@pytest.mark.parametrize(
    ("digit", "known"),
    [
        (with_isin_digit, "US0378331005"),
        (with_isin_digit, "GB0002634946"),
        (with_cusip_digit, "38259P508"),
        (with_cusip_digit, "037833100"),
    ],
)
def test_check_digits_are_those_of_numbers_that_are_known(digit, known):
    assert digit(known[:-1]) == known


def test_every_stock_has_an_isin_of_its_own_with_a_right_check_digit(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        shares = [item for item in harness.gateway.view.instruments.values()
                  if item.sec_type == "STK" and harness.gateway.view.is_listed(
                      item.con_id, harness.gateway.clock.now())]  # fmt: skip
        found = {}
        for item in shares:
            isin = await isin_of(ib, Contract(conId=item.con_id))
            assert len(isin) == 12
            assert with_isin_digit(isin[:-1]) == isin
            # No real security: this half of the issuer is free for whoever makes up his own.
            assert isin[5:7] == "99"
            found.setdefault(isin, set()).add(item.name)
        assert len(found) > 40
        assert all(len(names) == 1 for names in found.values())

    conform(tmp_path, scenario)


@pytest.mark.parametrize("kind", ["ISIN", "CUSIP"])
def test_a_stock_is_found_by_the_number_of_its_security(tmp_path, kind):
    async def scenario(harness):
        ib = await harness.connect()
        isin = await isin_of(ib, stock())
        number = isin if kind == "ISIN" else isin[2:11]
        for known in ({"secType": "STK"}, {}, {"secType": "STK", "symbol": "ACME"}):
            asked = Contract(secIdType=kind, secId=number, exchange="SMART", **known)
            (details,) = await ib.reqContractDetailsAsync(asked)
            assert details.contract.conId == ACME
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_one_company_listed_twice_has_one_isin_and_the_currency_tells_which(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        twice = [item for item in harness.gateway.view.market.instruments if item.currency == "GBP"]
        isin = await isin_of(ib, Contract(conId=twice[0].con_id))
        by_number = Contract(secType="STK", secIdType="ISIN", secId=isin)
        both = await ib.reqContractDetailsAsync(by_number)
        assert {details.contract.currency for details in both} == {"USD", "GBP"}
        by_number.currency = "GBP"
        (one,) = await ib.reqContractDetailsAsync(by_number)
        assert one.contract.conId == twice[0].con_id

    conform(tmp_path, scenario)


def test_companies_that_only_share_a_symbol_do_not_share_an_isin(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        found = [await isin_of(ib, Contract(conId=number)) for number in (DUAL, DUAL_LONDON)]
        assert found[0] != found[1]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"secIdType": "ISIN", "secId": "US0378331005"}, 200),
        ({"secIdType": "SEDOL", "secId": "2046251"}, 200),
        ({"secIdType": "FIGI", "secId": "BBG000B9XRY4"}, 200),
        ({"secIdType": "WKN", "secId": "865985"}, 321),
    ],
)
def test_a_number_that_nothing_has_is_error_200_and_a_kind_that_is_none_321(tmp_path, asked, code):
    async def scenario(harness):
        ib = await harness.connect()
        ib.client.reqContractDetails(9, Contract(secType="STK", exchange="SMART", **asked))
        await settle()
        assert harness.codes() == [code]

    run_scenario(tmp_path, scenario)


def test_an_isin_of_another_company_does_not_find_the_symbol_named_beside_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        isin = await isin_of(ib, stock("BOLT"))
        asked = Contract(secType="STK", symbol="ACME", secIdType="ISIN", secId=isin)
        assert await ib.reqContractDetailsAsync(asked) == []

    run_scenario(tmp_path, scenario)


def test_derivatives_have_no_isin(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (details,) = await ib.reqContractDetailsAsync(Option("ACME", "20260717", 100, "C", "SMART"))
        assert numbers(details) == {}

    run_scenario(tmp_path, scenario)
