"""What people see of a day, and the story of one symbol."""

import math
from datetime import date

import pytest

from core.canonical import plain
from core.errors import NoData
from flows.commands.why import explain
from review.verdict import Verdict
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.record.day_page import day_page
from tasks.record.journal import journal
from tasks.trade.fills import fills
from tests.flows.days.days import DAY, run, settings_at, ticket_of


@pytest.fixture(scope="module")
def page(undisturbed):
    return day_page(undisturbed.day, undisturbed.records)


def story(outcome, symbol, day=DAY):
    return explain(outcome.day.settings, symbol, day)


def test_the_page_shows_the_orders_of_the_ticket_in_send_order(page, undisturbed):
    lines = ticket_of(undisturbed)["lines"]
    shown = [(line.side, line.symbol, line.quantity, line.limit_price) for line in page.orders]
    assert shown == [
        tuple(line["order"][name] for name in ("side", "symbol", "quantity", "limit_price"))
        for line in lines
    ]
    assert page.verdict is Verdict.PROPOSED
    assert all(line.status is None for line in page.orders)  # nothing was sent


def test_the_page_of_a_day_that_traded_shows_what_became_of_each_order(traded_day):
    _, outcome = traded_day
    page = day_page(outcome.day, outcome.records)
    assert page.verdict is Verdict.PARTLY_FILLED
    assert all(line.status is not None for line in page.orders)
    assert sum(line.filled for line in page.orders) > 0
    assert all((line.average_price is not None) == (line.filled > 0) for line in page.orders)
    assert page.uncertain == ()


def test_the_parts_of_every_alpha_add_up_to_it(page):
    scored = [line for line in page.symbols if line.alpha is not None]
    assert scored
    for line in scored:
        parts = (line.technical, line.fundamental, line.sentiment)
        total = sum(part for part in parts if part is not None)
        assert math.isclose(total, line.alpha, abs_tol=1e-9)


def test_every_limit_of_the_gate_is_on_the_page(page, undisturbed):
    limits = {c.name for c in undisturbed.records[risk_gate].result.checks if c.limit}
    assert {check.name for check in page.checks} >= limits
    assert len(limits) > 5


def test_the_message_of_a_day_names_the_journals_head(small, undisturbed):
    heads = [str(message) for message in small.messages()]
    assert any(undisturbed.records[journal].result.head in text for text in heads)


def test_why_follows_a_symbol_from_its_scores_to_its_order(undisturbed):
    line = ticket_of(undisturbed)["lines"][0]
    told = story(undisturbed, line["order"]["symbol"].lower())
    assert told["con_id"] == line["order"]["con_id"]
    assert told["alpha_score"] == line["alpha_score"]
    assert told["weight_before"] == 0.0
    assert told["gate"]["passed"]
    assert told["gate"]["quantity"] in {line["order"]["quantity"], -line["order"]["quantity"]}
    assert [step["action"] for step in told["what_if"]] == ["kept"]
    assert told["order"]["order_ref"] == line["order"]["order_ref"]
    assert (line["order"]["side"], told["order"]["action"]) == ("SELL", "SELL SHORT")
    assert told["order"]["state"] is None
    assert {part["block"] for part in told["features"]} == told["blocks"].keys()
    for block, score in told["blocks"].items():
        weights = [part["weight"] for part in told["features"] if part["block"] == block]
        assert math.isclose(sum(weights), 0.0 if score is None else 1.0)


def test_why_says_what_became_of_an_order_that_was_sent(traded_day):
    _, outcome = traded_day
    states = {s.symbol: s for s in outcome.records[fills].result.states}
    symbol = next(symbol for symbol, state in states.items() if state.filled)
    assert story(outcome, symbol)["order"]["state"] == plain(states[symbol])


def test_why_names_the_override_that_took_a_symbol_out(undisturbed):
    overridden = undisturbed.records[overlay].result.overrides
    assert overridden, "the small world has no overridden symbol any more: choose another"
    for symbol, reason in overridden.items():
        told = story(undisturbed, symbol)
        assert told["override"] == reason
        assert abs(told["weight"]) < abs(told["weight_optimal"])
        assert told["headlines"]


def test_why_of_a_symbol_that_was_left_out_says_why_it_was(small, fault, some, tmp_path):
    fault("refuse_history", symbol=some[0])
    universe = {"watchlist": (*some, "NOSUCH"), "include_movers": False}
    outcome = run(settings_at(small, tmp_path / "home", universe=universe))
    with pytest.raises(NoData, match=f"{some[0]} was left out on {DAY}"):
        story(outcome, some[0])
    with pytest.raises(NoData, match=r"NOSUCH was left out .*200"):
        story(outcome, "nosuch")
    with pytest.raises(NoData, match="ELSE was not in the universe"):
        story(outcome, "ELSE")


def test_why_of_a_day_that_was_never_sealed_names_the_command_that_would(undisturbed):
    with pytest.raises(NoData, match="daybook run --date 2026-06-12"):
        story(undisturbed, "ABC", date(2026, 6, 12))
