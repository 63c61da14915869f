"""Every account and order tool, called as an agent would before the market opens."""


async def look_at_the_account(caller):
    """Call all tools about an account that holds nothing yet."""
    accounts = await caller.answer("managed_accounts")
    assert accounts["selected"] in accounts["accounts"]
    summary = await caller.answer("account_summary")
    value = await caller.answer("portfolio_value")
    assert summary["net_asset_value"] == value["net_asset_value"] == 1_000_000.0
    ledgers = (await caller.answer("account_ledgers"))["ledgers"]
    assert [ledger["currency"] for ledger in ledgers] == ["BASE", "USD"]
    assert (await caller.answer("profit_and_loss"))["unrealized"] == 0.0
    assert await caller.answer("position_profits") == {"profits": [], "missing": {}}
    assert (await caller.answer("gateway_health"))["healthy"]


async def work_with_an_order(caller):
    """Place an order, change it, watch it, and take it back; what never filled is not closed."""
    (mover,) = (await caller.answer("top_movers", scans=["MOST_ACTIVE"], rows=1))["movers"]
    wanted = {"symbol": mover["symbol"], "side": "BUY", "quantity": 10}
    assert (await caller.answer("what_if_basket", orders=[wanted, wanted]))["covered"]
    preview = await caller.answer("preview_order", **wanted)
    ref = (await caller.answer("place_order", token=preview["token"]))["order"]["order_ref"]
    assert await caller.refusal("preview_close", trade_id=ref) == "DataError"
    preview = await caller.answer("preview_change", order_ref=ref, quantity=7)
    assert (await caller.answer("change_order", token=preview["token"]))["confirmed"]
    works = (await caller.answer("open_orders", symbol=mover["symbol"]))["orders"]
    assert [(order["order_ref"], order["quantity"]) for order in works] == [(ref, 7.0)]
    assert (await caller.answer("list_trades"))["trades"] == []
    assert (await caller.answer("executions"))["executions"] == []
    assert (await caller.answer("cancel_all_orders", reason="a drill"))["flat"]
    (seen,) = (await caller.answer("watch_orders", order_refs=[ref], timeout=5.0))["changes"]
    status = (await caller.answer("order_status", order_ref=ref))["order"]
    assert seen["status"] == status["status"] == "cancelled"
    over = (await caller.answer("completed_orders", symbol=mover["symbol"]))["orders"]
    assert ref in {order["order_ref"] for order in over}
