"""In which units a contract is quoted and traded, as IBKR tells it."""

import ib_async
import pytest

from ibkr.contracts.resolution import only_listing


def listed(**stated):
    details = ib_async.ContractDetails(
        contract=ib_async.Contract(
            conId=7, symbol="VOD", secType="STK", currency="GBP", primaryExchange="LSE"
        ),
        minTick=0.02,
        **stated,
    )
    return only_listing("VOD", "GBP", [details])


def test_prices_in_pence_keep_the_currency_of_the_contract_and_say_what_they_count():
    found = listed(priceMagnifier=100)
    assert (found.currency, found.price_magnifier) == ("GBP", 100)


def test_a_gateway_that_does_not_say_means_whole_units():
    assert listed().price_magnifier == 1


@pytest.mark.parametrize(
    ("increment", "lot"), [(100.0, 100), (1.0, None), (0.0001, None), (0.0, None), (2.5, None)]
)
def test_only_a_whole_number_of_shares_above_one_is_a_lot(increment, lot):
    assert listed(sizeIncrement=increment).lot == lot


def test_a_size_that_ibkr_left_unset_is_no_lot():
    assert listed(sizeIncrement=1.7976931348623157e308).lot is None
