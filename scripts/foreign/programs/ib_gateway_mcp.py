"""ib-gateway-mcp: its tools for reading, streams and orders, over MCP."""

import asyncio

from foreign import FUND, FUTURE, INDEX, OPEN, PORT, STOCK, Features, move
from mcp_tools import tools

feature = Features()
stock, fund = {"symbol": STOCK}, {"symbol": FUND}
index = {"symbol": INDEX, "sec_type": "IND", "exchange": "CBOE"}
future = {"symbol": FUTURE, "sec_type": "FUT", "exchange": "CME",
          "last_trade_date_or_contract_month": "202609"}  # fmt: skip
pair = {"symbol": "EUR", "sec_type": "CASH", "exchange": "IDEALPRO"}


def option(strike, right="C", symbol=FUND, **more):
    return {"symbol": symbol, "sec_type": "OPT", "strike": strike, "right": right,
            "last_trade_date_or_contract_month": "20260717", **more}  # fmt: skip


async def main():
    environment = {
        "IB_PORT": str(PORT), "IBKR_MCP_PROFILE": "full", "IBKR_MCP_AUDIT_LOG": "audit.jsonl",
        "IBKR_MCP_MAX_ORDERS_PER_MINUTE": "60",
    }  # fmt: skip
    async with tools("ib-gateway-mcp", **environment) as ib:
        await reads(ib)
        await streams(ib)
        await orders(ib)
    feature.end()


async def reads(ib):
    calls = {
        "account, positions, PnL": [
            ib.get_account_summary(), ib.get_account_values(), ib.get_positions(), ib.get_pnl(),
            ib.get_portfolio(), ib.list_accounts(),
        ],
        "health, server time, user": [ib.get_health(), ib.get_server_time(), ib.get_user_info()],
        "contracts, rules, search": [
            *(ib.get_contract_details(contract=each) for each in (stock, index, future, pair)),
            ib.search_symbols(pattern=STOCK), ib.get_market_rule(market_rule_ids=[26]),
            ib.get_depth_exchanges(),
        ],
        "option chain, quotes with greeks, calculators": [
            ib.get_option_chain(underlying=index),
            ib.get_option_quotes(underlying=fund, expiration="20260717", strikes_around_atm=3),
            ib.calculate_option_price(contract=option(140), volatility=0.2, underlying_price=150),
            ib.calculate_implied_volatility(
                contract=option(140), option_price=13, underlying_price=150
            ),
        ],
        "history: bars, ticks, head, histogram, schedule": [
            ib.get_historical_bars(contract=stock, bar_size="1 day", duration="1 M"),
            ib.get_historical_ticks(contract=stock, end="2026-06-12T19:00:00Z", count=20),
            ib.get_head_timestamp(contract=stock), ib.get_histogram(contract=stock),
            ib.get_trading_schedule(contract=stock),
        ],
        "scanner and its parameters": [
            ib.run_scanner(scan_code="MOST_ACTIVE"),
            ib.get_scanner_parameters(section="scan_codes"),
        ],
        "news, fundamentals, calendar of events": [
            ib.get_news_providers(), ib.get_historical_news(contract={"symbol": "CKRTH"}),
            ib.get_fundamental_data(contract=stock, report_type="ReportsFinSummary"),
            ib.get_wsh_metadata(),
        ],
    }  # fmt: skip
    for name, asked in calls.items():
        with feature(name):
            for each in asked:
                assert await each


async def streams(ib):
    for name, subscribed in {
        "stream of quotes": ib.subscribe_quotes(contract=stock),
        "stream of depth": ib.subscribe_market_depth(contract=stock, smart_depth=True),
        "stream of real-time bars": ib.subscribe_realtime_bars(contract=stock),
        "stream of ticks": ib.subscribe_tick_by_tick(contract=stock, tick_type="Last"),
        "stream of bars kept up to date": ib.subscribe_bars(contract=stock, bar_size="1 min"),
    }.items():
        with feature(name):
            number = (await subscribed)["subscription_id"]
            await asyncio.to_thread(move, by="PT30S")
            await asyncio.sleep(0.5)
            said = await ib.get_subscription_data(subscription_id=number)
            assert said.get("data") or said.get("items") or said.get("bars"), str(said)[:280]
            await ib.unsubscribe(subscription_id=number)


async def orders(ib):
    async def send(tool, **terms):
        return await ib.submit_order(token=(await getattr(ib, tool)(**terms))["token"])

    def order(contract, quantity, kind="MKT", **more):
        return {"contract": contract, "action": "BUY", "quantity": quantity, "order_type": kind,
                **more}  # fmt: skip

    with feature("market orders fill: share, option, future, currencies"):
        for what, quantity in ((stock, 10), (option(140), 2), (future, 1), (pair, 25_000)):
            await send("preview_order", order=order(what, quantity))
        await asyncio.sleep(1)
        held = str(await ib.get_positions())
        assert all(symbol in held for symbol in (STOCK, FUND, FUTURE)), held[:280]
        assert FUND in str(await ib.get_executions())
    await limit_orders(ib, send, order)
    await linked_orders(ib, send, order)


async def limit_orders(ib, send, order):
    with feature("limit order is placed, changed and cancelled"):
        said = await send("preview_order", order=order(stock, 10, "LMT", limit_price=30))
        number = said["orders"][0]["order_id"]
        await send("preview_modify_order", order_id=number, changes={"limit_price": 29})
        assert "29" in str(await ib.get_order_status(order_id=number))
        await ib.cancel_order(order_id=number)
    for name, more in {
        "GTC outside regular hours": {"tif": "GTC", "outside_rth": True},
        "Adaptive": {"algo": {"strategy": "Adaptive"}},
        "VWAP": {"algo": {"strategy": "Vwap"}},
        "GTD": {"tif": "GTD", "good_till_date": "2026-06-16T19:00:00Z"},
    }.items():
        with feature(f"limit order: {name}"):
            await send("preview_order", order=order(stock, 10, "LMT", limit_price=30, **more))


async def linked_orders(ib, send, order):
    with feature("bracket, OCA"):
        await send("preview_bracket_order", contract=stock, action="BUY", quantity=10,
                   entry_price=30, take_profit_price=50, stop_loss_price=25)  # fmt: skip
        both = [order(stock, 10, "LMT", limit_price=price) for price in (30, 29)]
        await send("preview_oca_group", orders=both)
    with feature("spread of index puts"):
        put = {"symbol": INDEX, "trading_class": INDEX, "exchange": "SMART"}
        legs = [{"contract": option(strike, "P", **put), "action": action, "ratio": 1}
                for strike, action in ((1400, "SELL"), (1300, "BUY"))]  # fmt: skip
        await send("preview_combo_order", legs=legs, action="BUY", quantity=1, limit_price=-1.0)
    with feature("exercise"):
        await send("preview_exercise_options", contract=option(140), action="exercise", quantity=1)
        await asyncio.sleep(1)
        assert "100" in str([p for p in (await ib.get_positions())["positions"]
                             if p["contract"]["sec_type"] == "STK"])  # fmt: skip
    with feature("cancel all"):
        await send("preview_cancel_all_orders")
        assert not (await ib.get_open_orders())["orders"]


move(to=OPEN)
move(by="PT10M")
asyncio.run(main())
