"""The reviewed rules are read strictly: a slip in the file is an error, never a rule less."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from optimiser.overlay.regex_cost import MOST_WAYS, pattern_problem
from optimiser.overlay.rules_file import OVERLAY, read_rules

PLAIN = """\
[sentiment]
floor = -2.5
[earnings]
sessions_before = 1
[news]
hours = 24
[[news.phrases]]
name = "delisting"
pattern = '\\bdelist(s|ed|ing)?\\b'
"""


@pytest.fixture
def read(tmp_path):
    def read_changed(old="", new=""):
        assert old in PLAIN
        path = tmp_path / "rules.toml"
        path.write_text(PLAIN.replace(old, new) if old else PLAIN)
        return read_rules(path)

    return read_changed


def test_the_rules_of_the_checkout_are_those_that_were_reviewed():
    found = read_rules()
    assert found.sha256 == hashlib.sha256(OVERLAY.read_bytes()).hexdigest()
    assert found.rules.sentiment_floor == -2.5
    assert found.rules.sessions_before_earnings == 1
    assert [phrase.name for phrase in found.rules.breaking_news] == [
        "FDA refusal", "trading halted", "bankruptcy", "accounting probe", "delisting",
    ]  # fmt: skip


def test_a_plain_file_reads(read):
    found = read()
    (phrase,) = found.rules.breaking_news
    assert phrase.said_in("Acme to be DELISTED")
    assert not phrase.said_in("Acme lists")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("floor = -2.5", "flor = -2.5", "sentiment.floor is missing; unknown key sentiment.flor"),
        ("floor = -2.5", "floor = 2.5", "sentiment.floor = '2.5': input should be less than"),
        ("floor = -2.5", "floor = nan", "sentiment.floor = 'nan': input should be a finite number"),
        ("floor = -2.5", "floor = '-2.5'", "sentiment.floor = '-2.5': input should be a valid"),
        ("sessions_before = 1", "sessions_before = 21", "earnings.sessions_before = '21'"),
        ("sessions_before = 1", "sessions_before = true", "earnings.sessions_before = 'True'"),
        ("hours = 24", "hours = 0", "news.hours = '0'"),
        ("[news]", "[extra]\na = 1\n[news]", "unknown key extra"),
        ("[earnings]\nsessions_before = 1\n", "", "earnings is missing"),
        ("(s|ed|ing)?", "(s|ed", "news.phrases.0.pattern = .*: is not a regular expression"),
        ("delist(s|ed|ing)?", "(a+)+z", "news.phrases.0.pattern = .* ways from one place"),
        ("delist(s|ed|ing)?", r"(x)\1", "uses groupref, whose work is not bounded"),
        ("delist", "Delist", "has capital letters"),
        ("'\\bdelist(s|ed|ing)?\\b'", "'(delist)?'", "matches an empty title, so every title"),
        ("name = ", "title = ", "news.phrases.0.name is missing; unknown key news.phrases.0.title"),
        ("[sentiment]", "[sentiment", "rules.toml cannot be read"),
    ],
)
def test_whatever_is_wrong_is_named_with_its_file_key_and_value(read, old, new, said):
    with pytest.raises(ConfigurationError, match=r"^rules\.toml") as caught:
        read(old, new)
    assert re.search(said, str(caught.value)), str(caught.value)


def test_a_phrase_is_named_once(read):
    again = PLAIN[PLAIN.index("[[news") :]
    with pytest.raises(ConfigurationError, match="names 'delisting' twice"):
        read(again, again + again)


def test_a_file_that_is_not_there_is_an_error_and_not_no_rules(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read"):
        read_rules(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(a|ab)*c", "(.*,){30}x", ".*.*.*x", "(x+x+)+y", "((a?){20}){20}b"],
)
def test_patterns_that_can_run_away_are_refused(pattern):
    assert "ways from one place" in pattern_problem(pattern, longest=200)


@given(gap=st.integers(1, 300), gaps=st.integers(1, 4))
def test_the_bound_on_bounded_gaps_is_their_product(gap, gaps):
    pattern = "a" + f".{{0,{gap}}}b" * gaps
    too_many = (min(gap, 200) + 1) ** gaps > MOST_WAYS
    assert (pattern_problem(pattern, longest=200) is not None) == too_many
