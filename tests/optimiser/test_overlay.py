"""Overrides reduce risk and nothing else, whatever the headlines say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.text.untrusted import folded
from optimiser.overlay.overrides import Facts, apply_overrides, facts_of
from optimiser.overlay.rules_file import read_rules

RULES = read_rules().rules
NOON = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)


def overlaid(optimal, before=0.0, **facts):
    result = apply_overrides(
        pd.Series({1: optimal}), pd.Series({1: before}), {1: Facts(**facts)}, rules=RULES
    )
    return result.weights[1], result.reasons.get(1, "")


def test_very_bad_sentiment_takes_a_long_out():
    assert overlaid(0.08, sentiment_z=-2.6) == (
        0.0,
        "sentiment -2.60 is below -2.50; weight 0.0800 -> 0.0000",
    )


@pytest.mark.parametrize("z", [-2.5, 0.0, 3.0, None, np.nan])
def test_sentiment_at_the_floor_or_unknown_changes_nothing(z):
    assert overlaid(0.08, sentiment_z=z) == (0.08, "")


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in text)


SAID = [
    ("PM slides after FDA ban on pouches", "FDA refusal"),
    ("FDA rejects Acme's heart drug", "FDA refusal"),
    ("Acme receives complete response letter", "FDA refusal"),
    ("Trading halted in Acme, news pending", "trading halted"),
    ("NYSE halts trading in Acme", "trading halted"),
    ("Acme files for Chapter 11 bankruptcy", "bankruptcy"),
    ("Acme shares fall as SEC opens accounting probe", "accounting probe"),
    ("Acme under investigation over accounting", "accounting probe"),
    ("Acme to be delisted from Nasdaq", "delisting"),
    (full_width("Acme files for bankruptcy"), "bankruptcy"),
    ("Acme fi\u200bles for bank\u200bruptcy", "bankruptcy"),
]
NOT_SAID = [
    "FDA approves Acme's heart drug",
    "FDA lifts ban on Acme's plant",
    "Trading in Acme resumes after halt; shares halted for an hour",
    "Acme emerges from bankruptcy it filed for: filed bankruptcy in 2024",
    "Regulator closes accounting probe of Acme",
    "Acme regains compliance and avoids delisting",
    "Acme bans plastic cups",
    "Urban outfitters of the FDAX",
    "",
]


@pytest.mark.parametrize(("title", "name"), SAID)
def test_breaking_news_zeroes_the_named_symbol(title, name):
    weight, reason = overlaid(0.08, headlines=(title,))
    assert weight == 0.0
    assert reason.startswith(f'{name}: "')


@pytest.mark.parametrize("title", NOT_SAID)
def test_ordinary_news_changes_nothing(title):
    assert overlaid(0.08, headlines=(title,)) == (0.08, "")


@pytest.mark.parametrize(
    ("optimal", "before", "after"),
    [
        (-0.08, -0.05, -0.05),  # not increased
        (-0.03, -0.05, -0.03),  # a reduction goes on
        (-0.08, 0.0, 0.0),  # not opened
        (-0.08, 0.04, 0.0),  # not flipped
        (0.08, -0.04, 0.0),
        (0.0, 0.04, 0.0),
    ],
)
def test_a_short_in_bad_news_is_not_increased(optimal, before, after):
    assert overlaid(optimal, before, sentiment_z=-9.0)[0] == after


weights = st.floats(-0.2, 0.2).map(lambda w: round(w, 4))


@pytest.mark.parametrize(
    ("optimal", "before"),
    [(0.08, 0.0), (0.0, 0.04), (-0.03, 0.04), (0.08, 0.04), (0.01, 0.04), (-0.08, -0.05)],
)
def test_what_is_halted_stays_where_it_is(optimal, before):
    weight, reason = overlaid(optimal, before, halted=True, sentiment_z=-9.0)
    assert weight == before
    assert reason == (
        f"trading is halted, so the position stays as it is; weight {optimal:.4f} -> {before:.4f}"
    )


@pytest.mark.parametrize(
    ("optimal", "before", "after"),
    [
        (0.08, 0.0, 0.0),  # not opened
        (0.08, 0.05, 0.05),  # not increased
        (0.03, 0.05, 0.03),  # a reduction goes on
        (0.0, 0.05, 0.0),
        (-0.08, 0.05, 0.0),  # closed, not turned round
        (-0.08, -0.05, -0.05),
        (-0.03, -0.05, -0.03),
    ],
)
@pytest.mark.parametrize("left", [0, 1])
def test_nothing_is_opened_or_increased_into_its_earnings_date(optimal, before, after, left):
    weight, reason = overlaid(optimal, before, sessions_to_earnings=left)
    assert weight == after
    assert bool(reason) == (after != optimal)


@pytest.mark.parametrize("left", [None, 2, 60])
def test_earnings_that_are_far_away_or_not_known_change_nothing(left):
    assert overlaid(0.08, sessions_to_earnings=left) == (0.08, "")


def test_every_rule_that_was_met_is_kept_with_its_evidence_and_what_it_did():
    result = apply_overrides(
        pd.Series({1: -0.08}),
        pd.Series({1: -0.05}),
        {1: Facts(-3.0, ("Acme to be delisted",), sessions_to_earnings=0)},
        rules=RULES,
    )
    assert [(f.rule, f.evidence, f.before, f.after) for f in result.findings] == [
        ("news", 'delisting: "Acme to be delisted"', -0.08, -0.05),
        ("sentiment", "sentiment -3.00 is below -2.50", -0.05, -0.05),
        ("earnings", "earnings today", -0.05, -0.05),
    ]
    assert result.reasons == {
        1: 'delisting: "Acme to be delisted"; weight -0.0800 -> -0.0500',
    }


FACTS = st.builds(
    Facts,
    sentiment_z=st.none() | st.floats(-10, 10) | st.just(np.nan),
    headlines=st.lists(st.sampled_from([t for t, _ in SAID] + NOT_SAID) | st.text(), max_size=3),
    halted=st.booleans(),
    sessions_to_earnings=st.none() | st.integers(0, 3),
)


@given(names=st.lists(st.tuples(weights, weights, FACTS), min_size=1, max_size=6))
def test_an_override_only_ever_reduces_risk(names):
    optimal = pd.Series({i: row[0] for i, row in enumerate(names)}, dtype=float)
    before = pd.Series({i: row[1] for i, row in enumerate(names)}, dtype=float)
    facts = {i: row[2] for i, row in enumerate(names)}
    result = apply_overrides(optimal, before, facts, rules=RULES)
    for i, after in result.weights.items():
        if facts[i].halted:
            assert after == before[i], "what is halted was traded"
            continue
        assert abs(after) <= abs(optimal[i])
        assert after * optimal[i] >= 0.0, "an override flipped a position"
        if after not in {optimal[i], 0.0}:
            assert after == before[i], "a weight that nobody chose"
        # Whatever it does to the trade, it neither opens nor increases.
        if after != optimal[i]:
            assert abs(after) <= abs(before[i])
    changed = set(result.weights.index[result.weights != optimal])
    assert changed == set(result.reasons)
    assert changed == {f.name for f in result.findings if f.changes}


@given(title=st.text(max_size=2000))
def test_a_reason_is_one_short_visible_line(title):
    shown = folded(title)
    assert len(shown) <= 200
    assert all(c.isprintable() for c in shown)


def test_a_headline_cannot_rewrite_the_page_or_give_orders():
    hostile = "Delisted\x1b[2J\u202e\n<b>ignore the limits</b> and BUY 1e9 ACME \x00" + "x" * 9999
    weight, reason = overlaid(0.08, headlines=(hostile,))
    assert weight == 0.0
    assert reason.startswith('delisting: "Delisted[2J <b>ignore')
    assert len(reason) < 300


def test_long_titles_are_searched_quickly():
    slow = "fda " + "fda halt trading accounting files " * 200_000
    assert all(phrase.said_in(slow) in {True, False} for phrase in RULES.breaking_news)


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(DataError, match=r"1 target weight not finite, for example 2"):
        apply_overrides(pd.Series({1: 0.1, 2: np.nan}), pd.Series({1: 0.1}), {}, rules=RULES)
    with pytest.raises(DataError, match=r"1 current weight"):
        apply_overrides(pd.Series({1: 0.1}), pd.Series({1: np.inf}), {}, rules=RULES)


def headlines_of(*rows):
    frame = pd.DataFrame(rows, columns=["symbol", "published", "title"])
    return frame.astype({"published": "datetime64[us, UTC]"})


def test_facts_are_gathered_from_the_tables_of_the_day():
    features = pd.DataFrame(
        {"con_id": [1, 2], "symbol": ["ACME", "BETA"], "sentiment_z": [-1.0, np.nan]}
    )
    headlines = headlines_of(
        ("ACME", NOON - timedelta(hours=1), "b"),
        ("ACME", NOON, "a"),
        ("ACME", NOON - timedelta(hours=25), "old"),
        ("ACME", NOON + timedelta(seconds=1), "from the future"),
        ("ACME", None, "undated"),
    )
    facts = facts_of(features, headlines, as_of=NOON, within=RULES.news_counts_for)
    assert facts[1] == Facts(sentiment_z=-1.0, headlines=("a", "b"))
    assert facts[2].headlines == ()
    assert (
        apply_overrides(pd.Series({2: 0.1}), pd.Series({2: 0.1}), facts, rules=RULES).reasons == {}
    )


def test_a_day_without_headlines_is_a_day_without_news():
    features = pd.DataFrame({"con_id": [1], "symbol": ["ACME"], "sentiment_z": [-3.0]})
    facts = facts_of(features, headlines_of(), as_of=NOON, within=RULES.news_counts_for)
    assert facts == {1: Facts(sentiment_z=-3.0)}
