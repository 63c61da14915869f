"""However untidy the world, the day ends right: `make untidy` runs hundreds of them."""

import pytest

from tests.fixtures.tiers import size
from tests.flows.untidy.untidy_worlds import assert_ends_right, in_process, over_the_socket

SEEDS = range(1, 1 + size(500, 3))
SOCKETS = range(1001, 1001 + size(40, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_in_an_untidy_world_ends_with_orders_or_a_recommendation(seed, tmp_path):
    assert_ends_right(in_process(seed, tmp_path))


@pytest.mark.parametrize("seed", SOCKETS)
def test_so_it_does_over_the_socket(seed, tmp_path):
    assert_ends_right(over_the_socket(seed, tmp_path))
