"""Every tool, called by real clients of a real server, on a simulated day."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version

import httpx
import pytest

from agent.catalogue import CATALOGUE, tools
from core.settings import Effect
from tests.agent.market_scenario import look_at_the_market
from tests.agent.order_scenario import look_at_the_account, work_with_an_order
from tests.agent.services import (
    DAY,
    TOKEN,
    agent_services,
    bearer,
    over_http,
    over_rest,
    over_stdio,
    over_warm_stdio,
    serving,
)
from tests.agent.strategy_scenario import try_a_strategy
from tests.fixtures.tiers import every, size

WAYS = ("stdio", "http", "rest")


def call_all(way, services, scenario):
    """Run the scenario against a server that allows everything."""
    if way == "stdio":
        return over_stdio(services, scenario, allow="approve")
    arguments, run = {"http": (("mcp", "--http"), over_http), "rest": (("rest",), over_rest)}[way]
    with serving(services, *arguments, allow="approve") as address:
        return run(address, scenario)


SESSION = DAY.isoformat()
NOBODYS = "0" * 64


async def every_tool(caller):
    """Call all tools as an agent with every permission would on a whole day."""
    listed = await caller.lister()
    await look_around(caller)
    await look_at_the_market(caller)
    await look_at_the_account(caller)
    ticket = await run_a_day(caller)
    await place_one_order(caller)
    await work_with_an_order(caller)
    await try_a_strategy(caller)
    await turn_the_switch(caller)
    await send_the_ticket(caller, ticket)
    assert caller.called == set(listed) == {tool.name for tool in CATALOGUE}
    return caller.told, listed


async def look_around(caller):
    status = await caller.answer("gateway_status")
    assert status["connected"]
    assert status["allowed"] == "approve"
    time = await caller.answer("server_time")
    assert time["server_time"].startswith(SESSION)
    movers = (await caller.answer("top_movers", rows=2))["movers"]
    symbol = movers[0]["symbol"]
    found = await caller.answer("resolve_contracts", symbols=[symbol, "ZZZZ"])
    assert [c["symbol"] for c in found["contracts"]] == [symbol]
    assert found["contracts"][0]["name"]["trust"] == "untrusted"
    assert "200" in found["refused"]["ZZZZ"]["text"]
    bars = (await caller.answer("history", symbols=[symbol], duration="5 D"))["bars"][symbol]
    assert len(bars) == 5
    assert bars[-1]["session"] < SESSION
    snapshot = await caller.answer("portfolio_snapshot")
    assert snapshot["net_asset_value"] == 1_000_000.0
    assert (await caller.answer("positions"))["positions"] == snapshot["positions"] == []
    (planned,) = (await caller.answer("diff_to_orders", targets={symbol: 10}))["orders"]
    assert (planned["side"], planned["quantity"]) == ("BUY", 10)
    asked = await caller.answer("what_if", symbol=symbol, side="BUY", quantity=10)
    assert asked["accepted"]
    assert not asked["margin_exceeded"]


async def run_a_day(caller):
    day = await caller.answer("dry_day", session=SESSION)
    assert day["verdict"] == "proposed"
    assert day["orders"] > 0
    assert (await caller.answer("order_states"))["orders"] == []
    summary = await caller.answer("day_summary", session=SESSION)
    assert summary["run_id"] == day["run_id"]
    (listed,) = (await caller.answer("list_tickets"))["tickets"]
    assert listed["state"] == "waiting"
    ticket = await caller.answer("ticket", sha256=listed["sha256"])
    assert ticket["sha256"] == summary["facts"]["hash_orders"]
    line = ticket["ticket"]["lines"][0]
    story = await caller.answer("why", symbol=line["order"]["symbol"])
    assert story["order"]["quantity"] == line["order"]["quantity"]
    assert all(h["title"]["trust"] == "untrusted" for h in story["headlines"])
    assert (await caller.answer("day_report"))["path"].endswith(f"{SESSION}.html")
    (entry,) = (await caller.answer("journal_entries"))["entries"]
    assert (await caller.answer("journal_verify"))["head"] == entry["head"]
    return ticket


async def place_one_order(caller):
    symbol = (await caller.answer("top_movers", rows=1))["movers"][0]["symbol"]
    quote = (await caller.answer("quotes", symbols=[symbol]))["quotes"][symbol]
    limit = round(0.95 * quote["reference_price"], 2)
    wanted = {"symbol": symbol, "side": "BUY", "quantity": 10, "limit_price": limit}
    preview = await caller.answer("preview_order", **wanted)
    order = (await caller.answer("place_order", token=preview["token"]))["order"]
    assert order["status"] in {"pending", "working"}
    assert await caller.refusal("place_order", token=preview["token"]) == "TokenUsed"
    (seen,) = (await caller.answer("order_states", symbol=symbol))["orders"]
    assert seen["order_ref"] == order["order_ref"]
    waited = await caller.answer("await_fills", order_refs=[order["order_ref"]], timeout=0.2)
    assert waited["orders"][0]["filled"] == 0
    gone = (await caller.answer("cancel_order", order_ref=order["order_ref"]))["order"]
    assert gone["status"] == "cancelled"


async def turn_the_switch(caller):
    assert (await caller.answer("switch_state"))["state"] == "active"
    stopped = await caller.answer("stop", reason="a look at the news")
    assert stopped["switch"]["state"] == "halted"
    assert stopped["cancellation"]["still_working"] == []
    symbol = (await caller.answer("top_movers", rows=1))["movers"][0]["symbol"]
    refused = await caller.refusal("preview_order", symbol=symbol, side="BUY", quantity=2)
    assert refused == "Stopped"
    assert (await caller.answer("resume", reason="the news were old"))["state"] == "active"


async def send_the_ticket(caller, ticket):
    sha256 = ticket["sha256"]
    assert await caller.refusal("execute_ticket", sha256=sha256) == "NotApproved"
    assert await caller.refusal("reject_ticket", sha256=NOBODYS, reason="none") == "UnknownTicket"
    approval = await caller.answer("approve_ticket", sha256=sha256)
    assert approval["ticket_sha256"] == sha256
    await caller.answer("execute_ticket", sha256=sha256)
    refs = {line["order"]["order_ref"] for line in ticket["ticket"]["lines"]}
    sent = {order["order_ref"] for order in (await caller.answer("order_states"))["orders"]}
    assert refs <= sent


@pytest.fixture(scope="module")
def whole_days(tmp_path_factory, warm_daybook):
    """Houses in which every tool is being called, and what will be told there, by way.

    Side by side, each with a world and a server of its own: most of the time they wait for
    IBKR's pace.
    """
    with ExitStack() as stack:
        by_way = {
            way: stack.enter_context(agent_services(tmp_path_factory.mktemp(way), warm_daybook))
            for way in WAYS[:: size(1, 3)]
        }
        pool = stack.enter_context(ThreadPoolExecutor(len(WAYS)))
        yield {
            way: (services, pool.submit(call_all, way, services, every_tool))
            for way, services in by_way.items()
        }


@pytest.mark.slow
@pytest.mark.parametrize("way", every(3, WAYS))
def test_every_tool_answers_a_client_that_may_do_everything(way, whole_days):
    services, telling = whole_days[way]
    told = "".join(telling.result()[0])
    trail = services.audit()
    assert not [s for s in services.secrets if s in told or s in json.dumps(trail)]
    assert {line["tool"] for line in trail} == {tool.name for tool in CATALOGUE}
    assert len({line["caller"] for line in trail}) == 1


async def read_only(caller):
    """Look for anything that changes something, where only reading is allowed."""
    assert set(await caller.lister()) == {tool.name for tool in tools(Effect.READ)}
    changing = [tool.name for tool in CATALOGUE if tool.effect is not Effect.READ]
    assert {await caller.refusal(name) for name in changing} == {"UnknownTool"}
    assert (await caller.answer("gateway_status"))["connected"]


def test_a_read_only_server_over_stdio_has_no_tool_that_changes_anything(services):
    over_warm_stdio(services, read_only)


def test_a_read_only_server_over_http_has_no_tool_that_changes_anything(mcp_address):
    over_http(mcp_address, read_only)


def test_a_read_only_server_over_rest_has_no_tool_that_changes_anything(rest_address):
    over_rest(rest_address, read_only)


def test_the_official_client_sees_what_a_tool_may_do(whole_days):
    _, telling = whole_days["stdio"]
    _, listed = telling.result()
    assert len(listed) == len(CATALOGUE)
    for tool in CATALOGUE:
        seen = listed[tool.name]
        assert seen.annotations.read_only_hint is (tool.effect is Effect.READ)
        assert seen.annotations.destructive_hint is (tool.effect in {Effect.TRADE, Effect.APPROVE})
        assert seen.description == tool.contract
        assert seen.input_schema["additionalProperties"] is False


def test_calls_at_the_same_time_do_not_disturb_each_other(mcp_address):
    async def scenario(caller):
        symbol = (await caller.answer("top_movers", rows=1))["movers"][0]["symbol"]
        return await asyncio.gather(
            caller.answer("quotes", symbols=[symbol]),
            caller.answer("history", symbols=[symbol]),
            caller.answer("order_states"),
            caller.answer("portfolio_snapshot"),
            caller.answer("order_states"),
            caller.answer("quotes", symbols=[symbol]),
        )

    first, *_, last = over_http(mcp_address, scenario)
    assert first == last


def test_two_servers_do_not_disturb_each_other(mcp_address, rest_address):
    async def look(caller):
        return [await caller.answer("portfolio_snapshot") for _ in range(5)]

    with ThreadPoolExecutor(2) as pool:
        here = pool.submit(over_http, mcp_address, look)
        there = pool.submit(over_rest, rest_address, look)
        assert here.result() == there.result()


def test_an_mcp_client_is_told_the_version_of_daybook_and_not_of_a_library(mcp_address):
    client = {"protocolVersion": "2025-06-18", "capabilities": {}}
    client["clientInfo"] = {"name": "any", "version": "1"}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
    accept = {"Accept": "application/json, text/event-stream"} | bearer()
    answer = httpx.post(f"{mcp_address}/mcp", json=asked, headers=accept, trust_env=False)
    assert f'"serverInfo":{{"name":"daybook","version":"{version("daybook")}"' in answer.text


@pytest.fixture(params=["mcp", "rest"])
def knock(request):
    """Return a function that knocks at a server with some headers and returns the status."""
    address = request.getfixturevalue(f"{request.param}_address")
    list_tools = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    path, body = {"mcp": ("/mcp", list_tools), "rest": ("/tools/call", {"name": "server_time"})}[
        request.param
    ]

    def post(**headers):
        accept = {"Accept": "application/json, text/event-stream"}
        answer = httpx.post(address + path, json=body, headers=accept | headers, trust_env=False)
        return answer.status_code

    return post


def test_the_token_lets_in(knock):
    assert knock(**bearer()) == 200


@pytest.mark.parametrize(
    "header", [None, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer"]
)
def test_without_the_right_token_nobody_comes_in(knock, header):
    assert knock(**({"Authorization": header} if header else {})) == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8801", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_refused_even_with_the_token(knock, host):
    assert knock(**bearer(), Host=host) == 421


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_origin_is_refused_even_with_the_token(knock, origin):
    assert knock(**bearer(), Origin=origin) == 403
