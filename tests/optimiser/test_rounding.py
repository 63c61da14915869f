"""From the solver's answer to weights that can be written down."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.model.inputs import Raw, align
from optimiser.model.problem import state_problem
from optimiser.model.terms import Limits, Utility
from optimiser.solvers.weight_rounding import round_into_limits

NAMES = ["A", "B", "C", "D"]


def a_problem(current=(0.0, 0.0, 0.0, 0.0), frozen=(), **limits):
    returns = np.random.default_rng(0).normal(0.0, 0.01, (80, 4))
    raw = Raw(
        pd.Series(1e-4, index=NAMES),
        pd.DataFrame(returns, columns=NAMES),
        pd.Series(current, index=NAMES),
        pd.Series({name: name not in frozen for name in NAMES}),
    )
    return state_problem(align(raw), Utility(), Limits(**limits)).problem


def test_gross_beyond_its_limit_comes_back_within_it():
    problem = a_problem(max_gross=0.4)
    rounded = round_into_limits(problem, np.array([0.1, -0.1, 0.1, -0.1]) * 1.000001)
    assert 0.4 - 1e-8 < np.abs(rounded).sum() <= 0.4


def test_too_much_invested_takes_from_the_longs_only():
    problem = a_problem(cash_buffer=0.8, max_gross=1.0)
    rounded = round_into_limits(problem, np.array([0.1000001, -0.1, 0.1, -0.1]))
    assert 0.2 - 1e-8 < rounded[[0, 2]].sum() <= 0.2
    assert rounded[[1, 3]].tolist() == [-0.1, -0.1]


def test_dust_is_nothing_and_a_trade_of_dust_does_not_happen():
    problem = a_problem(current=(0.05, 0.05, 0.0, 0.0))
    rounded = round_into_limits(problem, np.array([0.0500009, -9e-7, -9e-7, 1.1e-6]))
    assert rounded.tolist() == [0.05, 0.0, 0.0, 1.1e-6]
    assert str(rounded[1]) == "0.0", "minus zero has other bytes than zero"


def test_what_cannot_be_traded_keeps_every_digit_while_others_give_way():
    held = 0.1234567890123
    problem = a_problem(current=(held, 0.0, 0.0, 0.0), frozen=("A",), max_gross=0.3)
    rounded = round_into_limits(problem, np.array([held + 1e-8, 0.1, 0.1, 0.0]))
    assert rounded[0] == held
    assert np.abs(rounded).sum() <= 0.3


@settings(max_examples=200)
@given(
    weights=st.lists(st.floats(-0.121, 0.121), min_size=4, max_size=4),
    gross=st.floats(0.01, 0.5),
    buffer=st.floats(0.5, 1.0),
    mode=st.sampled_from(["ex_short_proceeds", "net"]),
)
def test_any_answer_ends_within_the_limits(weights, gross, buffer, mode):
    problem = a_problem(max_gross=gross, cash_buffer=buffer, cash_mode=mode)
    rounded = round_into_limits(problem, np.array(weights))
    assert np.abs(rounded).max() <= 0.12
    assert np.abs(rounded).sum() <= gross
    assert problem.limits.invested(rounded) <= 1.0 - buffer
    assert rounded == pytest.approx(np.round(rounded, 9), abs=1e-15)
    assert (np.sign(rounded) * np.sign(weights) >= 0.0).all()
