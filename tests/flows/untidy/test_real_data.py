"""A day of real bars, real fundamentals and real gauges, over the socket."""

import pytest

from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.ingest.features import features
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.macro import macro
from tests.fixtures.tiers import size
from tests.flows.days.bars_files import REAL_BARS, real_world
from tests.flows.days.days import DAY, run, settings_for, ticket_of, verify

SYMBOLS = size(500, 100)
AT_LEAST, WITH_RATIOS = size(500, 98), size(400, 80)

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(not REAL_BARS.exists(), reason="no real market data beside the checkout"),
]


@pytest.fixture(scope="module")
def real_day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    world = real_world(folder, SYMBOLS)
    return run(settings_for(folder / "home", simulator=world), DAY)


def test_real_symbols_go_through_all_nine_stages(real_day):
    assert real_day.records[features].rows_out >= AT_LEAST
    assert real_day.records[signals].rows_out >= AT_LEAST
    assert real_day.exit_code == 0
    assert verify(real_day.day.paths.home).entries == 1


def test_the_target_of_a_real_day_obeys_every_limit(real_day):
    limits = real_day.day.settings.limits
    weights = [line["weight_after"] for line in ticket_of(real_day)["lines"]]
    assert weights
    assert sum(abs(weight) for weight in weights) <= limits.max_gross
    assert max(abs(weight) for weight in weights) <= limits.max_single
    checks = real_day.records[risk_gate].result.checks
    assert all(check.passed for check in checks)
    cash = next(check for check in checks if check.name == "invested")
    assert cash.value <= 1.0 - limits.cash_buffer


def test_real_fundamentals_and_gauges_feed_the_vendors(real_day):
    assert real_day.records[fundamentals].rows_out > WITH_RATIOS
    assert real_day.records[fundamentals].result.degraded is None
    assert real_day.records[macro].rows_out > 0
    assert real_day.records[macro].result.degraded is None
