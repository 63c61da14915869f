"""However untidy the world, the day ends right: `make untidy` runs hundreds of them."""

from copy import deepcopy
from dataclasses import replace

import pytest

from tests.fixtures.tiers import size
from tests.flows.untidy.untidy_worlds import assert_ends_right, in_process, over_the_socket

SEEDS = range(1, 1 + size(500, 3))
SOCKETS = range(1001, 1001 + size(40, 1))
ODDEST = 13  # of the first seeds the one whose account holds most that is odd


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_in_an_untidy_world_ends_with_orders_or_a_recommendation(seed, tmp_path):
    assert_ends_right(in_process(seed, tmp_path))


@pytest.mark.parametrize("seed", SOCKETS)
def test_so_it_does_over_the_socket(seed, tmp_path):
    assert_ends_right(over_the_socket(seed, tmp_path))


@pytest.fixture(scope="module")
def oddest_day(tmp_path_factory):
    return in_process(ODDEST, tmp_path_factory.mktemp("oddest"))


def unnamed_holding(ticket):
    ticket["frozen"].pop(0)


def unnamed_fraction(ticket):
    ticket["frozen"].pop()


def unexplained_holding(ticket):
    ticket["frozen"][0]["why"] = ""


def holding_of_another_account(ticket):
    ticket["frozen"][0]["con_id"] = 2_140_000_031


def order_for_a_frozen_holding(ticket):
    ticket["lines"][0]["order"]["con_id"] = ticket["frozen"][0]["con_id"]


def order_for_an_unknown_instrument(ticket):
    ticket["lines"][0]["order"]["con_id"] = 1


def order_beyond_the_largest_weight(ticket):
    ticket["lines"][0]["notional"] = 0.13 * ticket["net_asset_value"]


def price_between_increments(ticket):
    ticket["lines"][0]["order"]["limit_price"] += 0.001


def value_of_no_account(ticket):
    ticket["net_asset_value"] += 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        unnamed_holding,
        unnamed_fraction,
        unexplained_holding,
        holding_of_another_account,
        order_for_a_frozen_holding,
        order_for_an_unknown_instrument,
        order_beyond_the_largest_weight,
        price_between_increments,
        value_of_no_account,
    ],
    ids=lambda wrong: wrong.__name__,
)
def test_a_ticket_that_ends_wrong_is_told(oddest_day, wrong):
    assert_ends_right(oddest_day)
    ticket = deepcopy(oddest_day.ticket)
    wrong(ticket)
    with pytest.raises(AssertionError, match=f"seed {ODDEST}"):
        assert_ends_right(replace(oddest_day, ticket=ticket))
