"""The tiers keep what they promise: unit tests stay in their process, campaigns keep their size."""

import ast
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architecture.source_tree import nodes, of_rooms
from tests.fixtures import tiers

# What each campaign asks at the least: its examples, the first number of its `size`, its cases.
EXAMPLES = {
    "test_any_answer_ends_within_the_limits": 200,
    "test_a_limit_is_broken_only_where_no_whole_shares_near_the_target_keep_all": 250,
    "test_a_replay_gives_the_same_account_even_through_a_split": 60,
    "test_a_search_that_is_cut_short_leaves_a_whole_book_and_says_what_it_breaks": 60,
    "test_bars_of_a_day_make_up_its_daily_bar_exactly": 80,
    "test_cash_and_positions_are_what_the_executions_say": 60,
    "test_expirations_are_sessions_and_stay_listed_until_they_come": 60,
    "test_looser_limits_never_lower_the_objective": 25,
    "test_no_date_after_the_clock_is_ever_served": 12,
    "test_no_guess_at_the_prices_bounds_the_utility_from_below": 60,
    "test_no_order_ever_trades_more_than_it_asked_for_or_twice": 60,
    "test_no_target_ever_breaks_a_limit": 60,
    "test_nothing_depends_on_what_was_not_yet_known": 40,
    "test_rounded_orders_never_break_a_limit": 400,
    "test_scores_are_bounded_and_blind_to_the_order_for_arbitrary_features": 25,
    "test_small_trades_happen_only_to_exit_or_to_obey_a_limit": 100,
    "test_tail_shares_are_valid_whatever_the_guess": 200,
    "test_the_order_gate_agrees_with_an_independent_oracle": 1000,
    "test_the_order_of_the_names_does_not_matter": 200,
    "test_the_order_of_the_symbols_changes_not_one_bit": 10,
    "test_the_past_does_not_depend_on_how_much_future_there_is": 15,
    "test_what_cannot_be_traded_stays_and_breaks_nothing_for_the_others": 200,
    "test_whatever_is_said_to_be_kept_is_kept": 400,
    "test_whatever_the_days_it_was_asked_on_the_answer_is_that_of_a_fresh_question": 12,
}
SIZES = {
    "test_day_journal.py": 50,
    "test_gate_campaign.py": 100_000,
    "test_ibkr_concurrency.py": 6.0,
    "test_real_data.py": 500,
    "test_replay_parity.py": 60,
    "test_soak.py": 40,
    "test_sweep.py": 1000,
}


def files_of_tests():
    """Return the name of each file of tests, and its nodes."""
    every = of_rooms({"tests"}).items()
    named = ((Path(path).name, source) for path, source in every)
    return [(name, nodes(source)) for name, source in named if name.startswith("test_")]


def examples():
    """Return the examples each property asks for itself, by the name of its test."""
    return {
        test.name: keyword.value.value
        for _, tree in files_of_tests()
        for test in tree
        if isinstance(test, ast.FunctionDef)
        for call in test.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "settings"
        for keyword in call.keywords
        if keyword.arg == "max_examples" and isinstance(keyword.value, ast.Constant)
    }


def sizes():
    """Return the largest size of a campaign in each file."""
    calls = [
        (name, call.args[0].value)
        for name, tree in files_of_tests()
        for call in tree
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "size"
        and isinstance(call.args[0], ast.Constant)
    ]
    return {name: max(full for other, full in calls if other == name) for name, _ in calls}


def test_no_campaign_asks_fewer_examples_or_cases_than_it_did():
    for least, asked in ((EXAMPLES, examples()), (SIZES, sizes())):
        assert {name: n for name, n in least.items() if asked.get(name, 0) < n} == {}
    # What a property asks that names no number itself.
    assert settings.get_profile("campaign").max_examples >= 100


@pytest.mark.parametrize(("tier", "expected"), [("check", 1), ("test", 1), ("campaign", 100)])
def test_only_a_campaign_is_of_full_size(monkeypatch, tier, expected):
    monkeypatch.setitem(tiers._now, "tier", tier)
    assert tiers.size(100, 1) == expected


def test_every_case_is_in_a_campaign_and_some_are_in_the_short_form():
    cases = tiers.every(3, "abcdefg")
    assert [case.values[0] for case in cases] == list("abcdefg")
    assert [case.values[0] for case in cases if not case.marks] == ["a", "d", "g"]


@pytest.mark.parametrize(("own", "most", "expected"), [(99, 25, 25), (9, 25, 9), (99, None, 99)])
def test_a_property_keeps_its_own_number_only_where_it_is_smaller(own, most, expected):
    asked = []

    @settings(max_examples=own, database=None)
    @given(st.floats())
    def a_property(number):
        asked.append(number)

    tiers._shorten(a_property, most)
    a_property()
    assert len(asked) == expected


def test_a_unit_test_that_opens_a_socket_or_starts_a_process_fails():
    refused = pytest.raises(pytest.fail.Exception, match=r"socket\.bind belongs into a test marked")
    with socket.socket() as opened, refused:
        opened.bind(("127.0.0.1", 0))
    with pytest.raises(pytest.fail.Exception, match=r"subprocess\.Popen belongs"):
        subprocess.run(["true"], check=False)


@pytest.mark.world
def test_a_test_of_a_world_may_do_both():
    with socket.create_server(("127.0.0.1", 0)):
        subprocess.run(["true"], check=True)
