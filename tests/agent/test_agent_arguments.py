import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalogue import CATALOGUE, tools
from agent.tool import BadArguments
from core.settings import Effect
from core.types import Side

BY_NAME = {tool.name: tool for tool in CATALOGUE}
ORDER = {"symbol": "AAPL", "side": "BUY", "quantity": 10, "limit_price": 190.5}


def test_good_arguments_come_out_typed():
    assert BY_NAME["preview_order"].parse(ORDER) == ORDER | {"currency": None, "con_id": None}
    assert BY_NAME["preview_order"].parse(ORDER)["side"] is Side.BUY


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": True},
        {"quantity": "10"},
        {"quantity": 10.5},
        {"quantity": 0},
        {"quantity": -10},
        {"quantity": 10**9},
        {"quantity": None},
        {"limit_price": math.nan},
        {"limit_price": math.inf},
        {"limit_price": -math.inf},
        {"limit_price": 0.0},
        {"limit_price": False},
        {"limit_price": "190"},
        {"side": "buy"},
        {"side": "HOLD"},
        {"symbol": "aapl"},
        {"symbol": ""},
        {"symbol": "AAPL\x00"},
        {"symbol": "AAPL\n"},
        {"symbol": "\u0410APL"},  # a Cyrillic A
        {"symbol": "A" * 13},
        {"symbol": ["AAPL"]},
        {"account": "U1234567"},
    ],
)
def test_a_wrong_argument_is_refused_by_name(wrong):
    with pytest.raises(BadArguments) as refused:
        BY_NAME["preview_order"].parse(ORDER | wrong)
    assert next(iter(wrong)) in str(refused.value)


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(BadArguments) as refused:
        BY_NAME["preview_order"].parse({"symbol": "aapl", "quantity": True})
    assert all(name in str(refused.value) for name in ("symbol", "side", "quantity"))


def test_full_width_letters_mean_the_ascii_ones():
    parsed = BY_NAME["quotes"].parse({"symbols": ["\uff21\uff21\uff30\uff2c"]})
    assert parsed == {"symbols": ["AAPL"]}


@given(st.text(max_size=14))
def test_no_symbol_reaches_the_broker_that_could_upset_the_wire(symbol):
    try:
        (parsed,) = BY_NAME["quotes"].parse({"symbols": [symbol]})["symbols"]
    except BadArguments:
        return
    assert parsed.isascii()
    assert parsed.isprintable()
    assert 1 <= len(parsed) <= 12


@given(
    st.sampled_from(CATALOGUE),
    st.dictionaries(
        st.sampled_from(["symbol", "symbols", "quantity", "session", "token", "timeout", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
        | st.lists(st.text(max_size=3), max_size=2),
        min_size=1,
        max_size=3,
    ),
)  # fmt: skip
def test_whatever_is_sent_is_either_typed_or_refused(tool, arguments):
    try:
        parsed = tool.parse(arguments)
    except BadArguments:
        return
    assert set(parsed) == set(tool.arguments.model_fields)
    assert not any(isinstance(v, float) and not math.isfinite(v) for v in parsed.values())


@pytest.mark.parametrize("tool", CATALOGUE, ids=lambda tool: tool.name)
def test_a_tools_contract_says_what_it_is_for(tool):
    assert tool.summary.endswith((".", ":"))
    assert tool.schema["additionalProperties"] is False
    assert "context" not in tool.schema.get("properties", {})


def test_names_are_unique():
    assert len(BY_NAME) == len(CATALOGUE)


def test_each_level_allows_everything_before_it():
    levels = [set(tools(effect)) for effect in Effect]
    assert all(less < more for less, more in pairwise(levels))
    assert levels[-1] == set(CATALOGUE)


def test_reading_includes_nothing_that_sends_cancels_or_approves():
    names = {tool.name for tool in tools(Effect.READ)}
    assert not names & {
        "what_if", "dry_day", "preview_order", "place_order", "cancel_order",
        "execute_ticket", "approve_ticket", "reject_ticket", "stop", "resume",
    }  # fmt: skip


def test_trading_does_not_include_approving():
    names = {tool.name for tool in tools(Effect.TRADE)}
    assert not names & {"approve_ticket", "reject_ticket", "resume"}
