import json
import re
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from agent.catalogue import CATALOGUE
from agent.tool import Effect
from core.errors import ConfigurationError
from flows.commands.agent import arguments_of
from tests.flows.days.days import Said, typing_at

CHECKOUT = Path(__file__).resolve().parents[2]
BY_NAME = {tool.name: tool for tool in CATALOGUE}


def daybook(services, *arguments, **more):
    with TemporaryFile() as errors, services.start(*arguments, stderr=errors, **more) as started:
        out = started.communicate(timeout=60)[0]
        errors.seek(0)
        return Said(started.returncode, out, errors.read().decode())


@pytest.mark.parametrize(
    ("name", "pairs", "read"),
    [
        ("quotes", ["symbols=AAPL,BRK B"], {"symbols": ["AAPL", "BRK B"]}),
        ("quotes", ['symbols=["AAPL"]'], {"symbols": ["AAPL"]}),
        ("top_movers", ["rows=5"], {"rows": 5}),
        ("positions", ["symbol=TRUE"], {"symbol": "TRUE"}),
        ("why", ["symbol=A", "session=2026-06-15"], {"symbol": "A", "session": "2026-06-15"}),
        ("dry_day", ["fresh=true"], {"fresh": True}),
        ("diff_to_orders", ['targets={"AAPL": 10}'], {"targets": {"AAPL": 10}}),
        ("preview_order", ["limit_price=1.5", "side=BUY"], {"limit_price": 1.5, "side": "BUY"}),
    ],
)
def test_pairs_are_read_as_the_tool_asks(name, pairs, read):
    assert arguments_of(BY_NAME[name], pairs, None) == read


@pytest.mark.parametrize(
    ("pairs", "given", "said"),
    [
        (["AAPL"], None, "key=value"),
        (["a=1"], "{}", "not both"),
        ([], "{", "not JSON"),
        ([], "[]", "not an object"),
    ],
)
def test_arguments_in_no_known_form_are_refused(pairs, given, said):
    with pytest.raises(ConfigurationError, match=said):
        arguments_of(BY_NAME["quotes"], pairs, given)


def test_a_person_lists_and_calls_the_same_tools(services):
    listed = daybook(services, "tools", "list")
    assert listed.code == 0
    assert "quotes" in listed.out
    assert "place_order" not in listed.out
    called = daybook(services, "tools", "call", "top_movers", "rows=1")
    assert called.code == 0, called.err
    assert called.json["data"]["movers"][0]["rank"] == 0


def test_the_columns_of_the_list_stand_apart_and_under_each_other(tmp_path):
    with typing_at(tmp_path) as typed:
        every = typed("tools", "list", "--all").out.splitlines()
    effects = {line.split()[1] for line in every}
    assert effects == {effect.value for effect in Effect}
    assert {line.split()[0] for line in every} == BY_NAME.keys()
    starts = {re.match(r"\S+ {2,}\S+ {2,}", line).end() for line in every}
    assert len(starts) == 1


def test_a_refused_call_prints_its_error_and_fails(services):
    refused = daybook(services, "tools", "call", "quotes", "--json", '{"symbols": ["aapl"]}')
    assert refused.code == 2
    assert refused.json["error"]["kind"] == "BadArguments"


def test_http_does_not_start_without_a_token(services):
    for way in (("mcp", "--http"), ("rest",)):
        refused = daybook(services, "serve", *way, DAYBOOK_AGENT__TOKEN="too-short-to-be-a-token")
        assert refused.code == 2
        assert "agent.token has 23 characters" in refused.err
        assert "too-short" not in refused.err + refused.out


def test_the_client_configuration_is_ready_to_paste_and_holds_no_secret(services):
    printed = daybook(services, "mcp", "config")
    server = printed.json["mcpServers"]["daybook"]
    assert server["args"] == ["serve", "mcp"]
    assert server["env"]["DAYBOOK_HOME"] == str(services.home)
    assert not any(secret in printed.out for secret in services.secrets)


def test_the_checkout_connects_an_mcp_client_without_any_machines_path():
    (server,) = json.loads((CHECKOUT / ".mcp.json").read_text())["mcpServers"].values()
    assert server == {"command": ".venv/bin/daybook", "args": ["serve", "mcp"]}
