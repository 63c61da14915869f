"""Sessions that the broker closes or shortens against the calendar, and odd increments."""

import pytest

from core.settings import SimulatorSettings
from simulator.process import start
from tasks.decide.risk_gate import risk_gate, terms_of
from tasks.ingest.universe import universe
from tests.flows.days.days import DAY, run, settings_at, ticket_of

OPENS = f"{DAY}T09:30:00-04:00"


def failed(outcome):
    checks = outcome.records[risk_gate].result.checks
    return {check.name: check.detail for check in checks if not check.passed}


def test_on_a_day_that_the_broker_calls_closed_nothing_is_sent(small, fault, tmp_path):
    fault("session", kind="closed", at=OPENS)
    outcome = run(settings_at(small, tmp_path / "home", submit="auto"))
    assert outcome.exit_code == 3
    assert set(failed(outcome)) == {"hours of NASDAQ", "hours of NYSE"}
    assert "closed on 2026-06-15" in failed(outcome)["hours of NYSE"]
    assert ticket_of(outcome)["status"] == "recommendation_only"
    assert "NYSE is closed on 2026-06-15" in outcome.records[universe].notes
    assert len(ticket_of(outcome)["lines"]) > 0


def test_a_session_that_is_closed_after_the_decision_holds_its_orders_back(small, fault, tmp_path):
    # As between the decision and `daybook approve`: the broker is asked once more before sending.
    settings = settings_at(small, tmp_path / "home", submit="auto")
    outcome = run(settings, after={"8 desk": lambda: fault("session", kind="closed", at=OPENS)})
    assert outcome.exit_code == 3
    assert failed(outcome) == {}
    assert "hours of NYSE" in outcome.standing.why


def test_hours_that_no_contract_says_keep_back_what_nobody_looks_at(small, fault, tmp_path):
    fault("session", kind="silent", at=OPENS)
    outcome = run(settings_at(small, tmp_path / "home"))
    assert (outcome.exit_code, failed(outcome)) == (0, {})
    told = {check.name: check.detail for check in outcome.records[risk_gate].result.checks}
    assert "are not known" in told["hours of NYSE"]
    outcome = run(settings_at(small, tmp_path / "alone", submit="auto"))
    assert outcome.exit_code == 3
    assert set(failed(outcome)) == {"hours of NASDAQ", "hours of NYSE"}


def test_a_session_that_the_broker_shortens_is_said_and_traded(small, fault, tmp_path):
    fault("session", kind="shortened", at=OPENS)
    outcome = run(settings_at(small, tmp_path / "home"))
    assert (outcome.exit_code, failed(outcome)) == (0, {})
    told = {check.name: check.detail for check in outcome.records[risk_gate].result.checks}
    assert "16:30 to 20:00 Bucharest" in told["hours of NYSE"]
    assert ticket_of(outcome)["finish_line"] == "2026-06-15T13:15:00+00:00"


@pytest.fixture(scope="module")
def odd_increments(tmp_path_factory):
    state = tmp_path_factory.mktemp("increments")
    settings = SimulatorSettings(symbols=20, untidy="increments,sizes")
    with start(settings, day=DAY, state=state) as world:
        yield world, run(settings_at(world, state / "home", submit="auto"))


def test_every_order_of_a_day_is_one_that_its_market_takes(odd_increments):
    _, outcome = odd_increments
    terms = terms_of(outcome.day, outcome.records[risk_gate])
    orders = [line["order"] for line in ticket_of(outcome)["lines"]]
    rules = {len(terms[order["con_id"]].increments.steps) for order in orders}
    assert rules == {1, 6}  # of both kinds
    for order in orders:
        one = terms[order["con_id"]]
        assert one.increments.allow(order["limit_price"])
        assert order["quantity"] % (one.lot or 1) == 0


def test_none_of_them_is_refused(odd_increments):
    world, outcome = odd_increments
    assert outcome.exit_code == 0
    assert ticket_of(outcome)["removed"] == []
    assert world.state()["orders"]["accepted"] == len(ticket_of(outcome)["lines"])
