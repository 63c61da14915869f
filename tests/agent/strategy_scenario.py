"""A strategy as an agent would trade it before the open: previewed, placed, taken back."""

from tests.agent.market_scenario import optionable_stock


async def try_a_strategy(caller):
    """Call all tools about strategies; nothing of it is left afterwards."""
    wanted = await a_strangle(caller)
    assert (await caller.answer("list_strategies"))["strategies"] == []
    looked = await caller.answer("preview_strategy", limit_price=1.0, **wanted)
    fair = round(looked["reference_price"], 2)
    preview = await caller.answer("preview_strategy", limit_price=fair, **wanted)
    assert abs(preview["max_risk"]["amount"] - fair * 100) < 0.01
    assert len(preview["order"]["legs"]) == 2
    order = (await caller.answer("place_order", token=preview["token"]))["order"]
    assert order["status"] in {"pending", "working"}
    (trade,) = (await caller.answer("list_strategies"))["strategies"]
    assert trade["trade_id"] == order["order_ref"]
    gone = await caller.answer("cancel_order", order_ref=order["order_ref"])
    assert gone["order"]["status"] == "cancelled"
    refused = await caller.refusal("preview_close_strategy", trade_id=order["order_ref"])
    assert refused == "DataError"
    assert await caller.refusal("preview_close_strategy", trade_id="nobodys") == "UnknownTrade"


async def a_strangle(caller):
    """Return the terms of a strangle on a stock with options, a good month away."""
    symbol = (await optionable_stock(caller))["symbol"]
    price = (await caller.answer("quotes", symbols=[symbol]))["quotes"][symbol]["reference_price"]
    listings = await caller.answer("option_expirations", underlying={"symbol": symbol})
    expiry = listings["listings"][0]["expirations"][4]
    chain = await caller.answer("option_chain", underlying={"symbol": symbol}, expiry=expiry)
    strikes = sorted({option["strike"] for option in chain["options"]})
    below = max(strike for strike in strikes if strike <= price)
    above = min(strike for strike in strikes if strike > price)
    return {
        "strategy": "strangle",
        "symbol": symbol,
        "side": "BUY",
        "quantity": 1,
        "expiry": expiry,
        "strikes": [below, above],
    }
