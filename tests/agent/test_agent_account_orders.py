"""Account and order tools as a caller uses them, against a simulated gateway."""

import httpx
import pytest

from core.settings import Effect
from tests.agent.services import TOKEN

AFTER_OPEN = "2026-06-15T13:40:00+00:00"


class Desk:
    """Calls tools that must answer, or must refuse."""

    def __init__(self, services):
        self.services = services
        self._tools = services.dispatcher(allow=Effect.TRADE, token=TOKEN)

    def answer(self, name, **arguments):
        reply = self._tools.call(name, arguments, caller="ana")
        assert reply.error is None, (name, reply.body)
        assert reply.body["as_of"]
        return reply.body["data"]

    def refusal(self, name, **arguments):
        reply = self._tools.call(name, arguments, caller="ana")
        assert reply.error is not None, (name, reply.body)
        return str(reply.error)

    def stock(self):
        (mover,) = self.answer("top_movers", scans=["MOST_ACTIVE"], rows=1)["movers"]
        return mover["symbol"]

    def open_the_market(self):
        url = f"{self.services.world.http_url}/control/clock"
        httpx.post(url, json={"to": AFTER_OPEN}, trust_env=False).raise_for_status()


@pytest.fixture
def desk(fresh_services):
    return Desk(fresh_services)


def test_an_empty_account_is_told_as_such_by_every_tool(desk):
    accounts = desk.answer("managed_accounts")
    assert accounts["selected"] in accounts["accounts"]
    assert desk.answer("account_summary")["net_asset_value"] == 1_000_000.0
    base, dollars = desk.answer("account_ledgers")["ledgers"]
    assert (base["currency"], dollars["currency"], base["cash"]) == ("BASE", "USD", 1_000_000.0)
    assert desk.answer("portfolio_value")["positions"] == []
    assert desk.answer("profit_and_loss") == {"daily": 0.0, "unrealized": 0.0, "realized": 0.0}
    assert desk.answer("position_profits") == {"profits": [], "missing": {}}
    for name in ("open_orders", "completed_orders"):
        assert desk.answer(name) == {"orders": []}
    assert desk.answer("executions") == {"executions": []}
    assert desk.answer("list_trades") == {"trades": []}
    assert "knows no order" in desk.refusal("order_status", order_ref="DB1:NOPE")


def test_health_is_more_than_being_connected(desk):
    found = desk.answer("gateway_health")
    assert found["healthy"]
    assert [probe["passed"] for probe in found["probes"]] == [True] * 4
    url = f"{desk.services.world.http_url}/control/faults"
    symbol = desk.stock()
    fault = {"fault": "refuse_history", "symbol": symbol}
    httpx.post(url, json=fault, trust_env=False).raise_for_status()
    found = desk.answer("gateway_health", symbol=symbol)
    assert (found["connected"], found["healthy"]) == (True, False)
    assert [probe["passed"] for probe in found["probes"]] == [True, True, True, False]


def test_an_order_is_changed_filled_watched_and_closed_by_its_trade_id(desk):
    symbol = desk.stock()
    token = desk.answer("preview_order", symbol=symbol, side="BUY", quantity=10)["token"]
    ref = desk.answer("place_order", token=token)["order"]["order_ref"]
    (works,) = desk.answer("open_orders", symbol=symbol)["orders"]
    assert (works["order_ref"], works["quantity"], works["order_type"]) == (ref, 10.0, "LMT")

    change = desk.answer("preview_change", order_ref=ref, quantity=7)["token"]
    assert desk.answer("change_order", token=change)["confirmed"]
    assert "used" in desk.refusal("change_order", token=change)
    assert desk.answer("order_status", order_ref=ref)["order"]["quantity"] == 7.0

    desk.open_the_market()
    seen = desk.answer("watch_orders", order_refs=[ref], timeout=20.0)["changes"]
    assert (seen[-1]["status"], seen[-1]["filled"]) == ("filled", 7.0)
    (fill,) = desk.answer("executions", symbol=symbol, side="BUY")["executions"]
    assert (fill["order_ref"], fill["quantity"]) == (ref, 7.0)
    (held,) = desk.answer("positions", symbol=symbol)["positions"]
    assert (held["quantity"], held["sec_type"], held["multiplier"]) == (7.0, "STK", 1.0)
    (gain,) = desk.answer("position_profits", symbol=symbol)["profits"]
    assert (gain["quantity"], gain["unrealized"]) == (7.0, pytest.approx(held["unrealized"]))
    (trade,) = desk.answer("list_trades")["trades"]
    assert (trade["trade_id"], trade["left"]) == (ref, 7.0)

    token = desk.answer("preview_close", trade_id=ref)["token"]
    assert desk.answer("place_order", token=token)["order"]["status"] == "filled"
    assert desk.answer("positions")["positions"] == []
    assert desk.answer("list_trades")["trades"] == []
    assert "nothing is left" in desk.refusal("preview_close", trade_id=ref)
    assert len(desk.answer("completed_orders")["orders"]) == 2


def test_a_basket_is_rehearsed_in_sequence_and_leaves_no_order(desk):
    symbol = desk.stock()
    order = {"symbol": symbol, "side": "BUY", "quantity": 100}
    found = desk.answer("what_if_basket", orders=[order, order])
    first, second = found["steps"]
    assert found["covered"]
    assert second["initial_margin"] == pytest.approx(2 * first["initial_margin"])
    assert first["alone"]["initial_margin_change"] == second["alone"]["initial_margin_change"]
    assert desk.answer("open_orders")["orders"] == []
    assert "no contract for 1 symbol" in desk.refusal(
        "what_if_basket", orders=[order | {"symbol": "NOSUCH"}]
    )


@pytest.mark.parametrize("whose", ["ours", "everyone"])
def test_everything_can_be_cancelled_and_is_asked_for_afterwards(desk, whose):
    token = desk.answer("preview_order", symbol=desk.stock(), side="BUY", quantity=10)["token"]
    ref = desk.answer("place_order", token=token)["order"]["order_ref"]
    done = desk.answer("cancel_all_orders", reason="a drill", whose=whose)
    assert (done["flat"], done["still_working"]) == (True, [])
    assert [order["order_ref"] for order in done["asked"]] == [ref]
    assert desk.answer("order_status", order_ref=ref)["order"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("order_status", {"order_ref": "a\x00b"}),
        ("order_status", {"order_ref": "größe"}),
        ("open_orders", {"symbol": "A\nB"}),
        ("preview_change", {"order_ref": "DB1:X", "quantity": 0}),
        ("preview_change", {"order_ref": "DB1:X", "quantity": True}),
        ("preview_change", {"order_ref": "DB1:X", "limit_price": -1.0}),
        ("preview_close", {"trade_id": "", "quantity": 1}),
        ("what_if_basket", {"orders": []}),
        ("what_if_basket", {"orders": [{"symbol": "A", "side": "BUY", "quantity": -1}]}),
        ("what_if_basket", {"orders": [{"symbol": "A", "side": "HOLD", "quantity": 1}]}),
        ("executions", {"since": "2026-06-15T13:40:00"}),
        ("watch_orders", {"timeout": 0.0}),
        ("watch_orders", {"timeout": 1e9}),
        ("cancel_all_orders", {"reason": "", "whose": "ours"}),
        ("cancel_all_orders", {"reason": "because", "whose": "nobody"}),
        ("change_order", {"token": "short"}),
    ],
)
def test_arguments_that_are_odd_never_reach_the_broker(services, tool, arguments):
    desk = Desk(services)
    assert tool in desk.refusal(tool, **arguments)
