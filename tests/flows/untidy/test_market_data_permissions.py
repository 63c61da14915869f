"""Accounts that may not see live market data: every paper account without a share of it."""

import httpx
import pytest

from tasks.decide.risk_gate import risk_gate
from tasks.ingest.market import market
from tests.fixtures.tiers import every
from tests.flows.days.days import run, settings_at, ticket_of


@pytest.fixture
def permitted(small):
    """Return a function that says what the account may see, for the rest of the test."""

    def permit(**permissions):
        httpx.post(f"{small.http_url}/control/permissions", json=permissions).raise_for_status()

    yield permit
    permit()


@pytest.mark.parametrize(
    ("others", "kind"),
    every(
        2,
        [
            ("delayed", "delayed"),  # error 354, ib_insync #198
            ("not-in-api", "delayed"),  # error 10089
            ("none", "previous close"),  # error 10168, node-ib #21
        ],
    ),
)
def test_a_day_goes_on_with_the_next_kind_of_market_data_and_says_which(
    small, permitted, tmp_path, others, kind
):
    permitted(others=others)
    outcome = run(settings_at(small, tmp_path / "home"))
    assert (outcome.exit_code, outcome.records[market].result.no_quote) == (0, {})
    assert f"quotes {kind}" in outcome.records[market].notes
    assert ticket_of(outcome)["lines"]
    checks = {check.name: check for check in outcome.records[risk_gate].result.checks}
    assert kind in checks["quotes that are not live"].detail


def test_orders_that_nobody_looks_at_are_not_sent_at_delayed_prices(small, permitted, tmp_path):
    permitted(others="delayed")
    outcome = run(settings_at(small, tmp_path / "home", submit="auto"))
    assert outcome.exit_code == 3
    failed = [check for check in outcome.records[risk_gate].result.checks if not check.passed]
    assert [check.name for check in failed] == ["quotes that are not live"]


def test_who_wants_live_quotes_only_gets_no_others(small, permitted, some, tmp_path):
    permitted(symbols={some[0]: "none"})
    settings = settings_at(
        small,
        tmp_path / "home",
        gateway={"market_data": ("live",)},
        quality={"previous_close": False},
    )
    outcome = run(settings)
    assert "10168" in outcome.records[market].result.no_quote[some[0]]
