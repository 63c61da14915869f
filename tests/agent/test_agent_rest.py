"""REST as a program meets it: a real server, and bodies that are wrong in every way."""

import json

import httpx
import pytest

from agent.catalogue import tools
from agent.rest import _STATUSES, LARGEST_BODY
from core.settings import Effect
from tests.agent.services import CANARIES, bearer


@pytest.fixture(scope="module")
def client(rest_address):
    with httpx.Client(base_url=rest_address, headers=bearer(), trust_env=False) as made:
        yield made


def call(client, name, **arguments):
    return client.post("/tools/call", json={"name": name, "arguments": arguments})


def test_an_answer_says_as_of_when_it_is_and_where_it_comes_from(client):
    answer = call(client, "server_time")
    assert answer.status_code == 200
    assert answer.json() == {
        "as_of": "2026-06-15T11:00:00+00:00",
        "source": "ibkr sim",
        "data": {"server_time": "2026-06-15T11:00:00+00:00"},
    }


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 400, "BadBody"),
        (b"{", 400, "BadBody"),
        (b"\xff\xfe", 400, "BadBody"),
        (b"[" * 3_000, 400, "BadBody"),
        (b"[]", 400, "BadBody"),
        (b"null", 400, "BadBody"),
        (b'{"arguments": {}}', 400, "BadBody"),
        (b'{"name": 7}', 400, "BadBody"),
        (b'{"name": "quotes", "arguments": []}', 400, "BadBody"),
        (b'{"name": "quotes", "arguments": null}', 400, "BadBody"),
        (b'{"name": "quotes", "args": {"symbols": ["AAPL"]}}', 400, "BadBody"),
        (b'{"name": "await_fills", "arguments": {"timeout": NaN}}', 400, "BadBody"),
        (b'{"name": "await_fills", "arguments": {"timeout": Infinity}}', 400, "BadBody"),
        (b'{"name": "await_fills", "arguments": {"order_refs": ["a"], "timeout": 1e999}}',
         422, "BadArguments"),
        (b'{"name": "top_movers", "arguments": {"rows": true}}', 422, "BadArguments"),
        (b'{"name": "top_movers", "arguments": {"rows": "5"}}', 422, "BadArguments"),
        (b'{"name": "top_movers", "arguments": {"scans": ["EVERYTHING"]}}', 422, "BadArguments"),
        (b'{"name": "quotes"}', 422, "BadArguments"),
        (b'{"name": "quotes", "arguments": {"symbols": []}}', 422, "BadArguments"),
        (b'{"name": "no_such_tool"}', 404, "UnknownTool"),
        (b'{"name": "place_order", "arguments": {"token": "0"}}', 404, "UnknownTool"),
        (b'{"name": "why", "arguments": {"symbol": "AAPL"}}', 409, "JournalError"),
        (b'{"name": "ticket"}', 404, "UnknownTicket"),
        (b'{"name": "diff_to_orders", "arguments": {"targets": {"ZZZZ": 5}}}', 422, "DataError"),
        (b'{"name": "' + b"x" * LARGEST_BODY + b'"}', 413, "BodyTooLarge"),
    ],
)  # fmt: skip
def test_a_wrong_call_gets_a_typed_error_with_a_fitting_status(client, body, status, kind):
    answer = client.post("/tools/call", content=body)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (status, kind)
    assert answer.json()["error"]["detail"]["text"]


def test_a_call_without_the_token_says_how_to_come_in(rest_address):
    answer = httpx.get(f"{rest_address}/tools/list", trust_env=False)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "agent.token" in answer.json()["error"]["detail"]["text"]


def test_the_list_has_the_tools_with_their_schemas(client):
    listed = client.get("/tools/list").json()["tools"]
    assert [tool["name"] for tool in listed] == [tool.name for tool in tools(Effect.READ)]
    assert all(tool["arguments"]["type"] == "object" for tool in listed)


def test_the_documentation_is_one_page_that_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    for tool in tools(Effect.READ):
        assert f"<h2>{tool.name} " in page
    assert "<script" not in page
    assert "src=" not in page
    assert "place_order" not in page


def test_programs_find_the_api_described(client):
    described = client.get("/openapi.json").json()
    assert {"/tools/list", "/tools/call"} == set(described["paths"])
    assert "requestBody" in described["paths"]["/tools/call"]["post"]


def test_every_status_of_an_answer_is_described(client, rest_address):
    described = client.get("/openapi.json").json()["paths"]
    call = set(described["/tools/call"]["post"]["responses"])
    listed = set(described["/tools/list"]["get"]["responses"])
    assert call >= {str(status) for _, status in _STATUSES}
    elsewhere = httpx.get(
        f"{rest_address}/tools/list", headers={"Host": "elsewhere.invalid"}, trust_env=False
    )
    assert str(elsewhere.status_code) in call & listed
    assert str(client.post("/tools/call", content=b"[]").status_code) in call
    assert str(httpx.get(f"{rest_address}/tools/list", trust_env=False).status_code) in listed


def test_no_secret_is_on_any_page(client, services):
    pages = [client.get(path).text for path in ("/docs", "/openapi.json", "/tools/list")]
    pages.append(json.dumps(services.audit()))
    assert not any(secret in page for secret in services.secrets for page in pages)
    assert CANARIES
