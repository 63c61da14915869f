"""What a share is worth in the account's own money. A rate that is not known is never 1."""

import math

import pytest

from core.errors import DataError
from core.money import Price, Rates
from optimiser.lots.lot_sizes import Listing, base_price
from optimiser.lots.share_portfolio import PortfolioLimits
from optimiser.lots.whole_lots import Sizing, target_quantities

RATES = Rates("USD", {"GBP": 1.34, "JPY": 0.0064, "EUR": 1.17})
WIDE = PortfolioLimits(max_single=0.5, max_gross=2.0, cash_buffer=0.0)


def listed(amount, currency="USD", lot=None):
    return Listing(Price.quoted(amount, currency), lot)


@pytest.mark.parametrize(
    ("listing", "worth"),
    [
        (listed(250.0), 250.0),
        (listed(72.5, "GBX"), 0.9715),  # 72.5 pence are 0.725 pounds, at 1.34
        (listed(72.5, "GBp"), 0.9715),
        (Listing(Price(72.5, "GBP", 100)), 0.9715),  # IBKR's way of saying the same
        (listed(72.5, "GBP"), 97.15),
        (listed(2_500.0, "JPY"), 16.0),
        (listed(40.0, "EUR"), 46.8),
    ],
)
def test_a_share_is_worth_its_price_in_whole_units_times_the_rate(listing, worth):
    assert base_price(listing, RATES) == pytest.approx(worth)


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (listed(math.nan), "price is nan"),
        (listed(0.0), "price is 0"),
        (listed(1.0, lot=0), "lot is 0"),
    ],
)
def test_what_has_no_price_is_worth_nothing_we_know_of(listing, said):
    with pytest.raises(DataError, match=said):
        base_price(listing, RATES)


def test_lots_follow_the_us_tiers_in_dollars_only_and_the_contract_where_it_says_one():
    assert listed(80.0).round_lot(even=True) == 100
    assert listed(80.0).round_lot(even=False) == 1
    assert listed(80.0, "EUR").round_lot(even=True) == 1
    assert listed(80.0, "JPY", lot=100).round_lot(even=False) == 100


def test_a_worked_example_in_three_currencies():
    # 1,000,000 dollars. 0.05 in London at 250 pence = 3.35 dollars: 14,925.4 shares, singly.
    # 0.06 in Tokyo at 3,000 yen = 19.20 dollars: 3,125 shares, in hundreds 3,100. 0.04 in New York
    # at 50 dollars: 800. 481 dollars are missing: less than half a lot in Tokyo, but a share in
    # London, whose remainder is the largest.
    result = target_quantities(
        {1: 0.05, 2: 0.06, 3: 0.04},
        listings={
            1: listed(250.0, "GBX"),
            2: listed(3_000.0, "JPY", lot=100),
            3: listed(50.0),
        },
        current={},
        sizing=Sizing(net_asset_value=1_000_000.0, rates=RATES),
        limits=WIDE,
    )
    assert result.quantities == {1: 14_926, 2: 3_100, 3: 800}
    assert result.weights == pytest.approx({1: 0.0500021, 2: 0.05952, 3: 0.04})


def test_currencies_without_a_rate_are_named_once_each():
    with pytest.raises(DataError) as caught:
        target_quantities(
            {1: 0.01, 2: 0.01, 3: 0.01},
            listings={1: listed(5.0, "GBX"), 2: listed(5.0, "GBP"), 3: listed(5.0, "JPY")},
            current={},
            sizing=Sizing(net_asset_value=1e6, rates=Rates("USD", {"JPY": 0.0})),
            limits=WIDE,
        )
    assert str(caught.value) == (
        "the rate of GBP in USD is not known, for example for conId 1; "
        "the rate of JPY in USD is 0, for example for conId 3"
    )
