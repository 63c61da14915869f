"""Every market tool, called as an agent would: from a symbol to an option with a given delta."""


async def look_at_the_market(caller):
    """Call all tools about contracts, bars, options, scans and news."""
    stock = await optionable_stock(caller)
    await look_at_a_contract(caller, stock)
    await look_at_prices(caller, stock)
    await look_at_options(caller, stock)
    await scan_the_market(caller)
    await read_the_news(caller, stock)


async def optionable_stock(caller):
    movers = (await caller.answer("top_movers", rows=10))["movers"]
    for mover in movers:
        found = await caller.answer("search_symbols", pattern=mover["symbol"])
        for match in found["matches"]:
            if "OPT" in match["derivatives"]:
                return match
    raise AssertionError("not one of the movers has options")


async def look_at_a_contract(caller, stock):
    found = await caller.answer("find_contract", contract={"symbol": stock["symbol"]})
    assert (found["contract"]["con_id"], found["candidates"]) == (stock["con_id"], [])
    several = await caller.answer(
        "find_contract",
        contract={"symbol": stock["symbol"], "sec_type": "OPT", "right": "C"},
    )
    assert several["contract"] is None
    assert len(several["candidates"]) > 1
    assert await caller.refusal("find_contract", contract={"symbol": "ZZZZ"}) == "NoData"
    details = await caller.answer("contract_details", con_id=stock["con_id"])
    assert details["name"]["trust"] == "untrusted"
    described = await caller.answer("describe_contracts", con_ids=[stock["con_id"], 1])
    (known,) = described["contracts"]
    assert (known["con_id"], known["currency"], known["price_magnifier"]) == (
        stock["con_id"], "USD", 1,
    )  # fmt: skip
    assert list(described["refused"]) == ["1"]
    rule = await caller.answer("market_rule", rule=details["market_rules"][0])
    assert rule["increments"][0]["increment"] == 0.01
    hours = await caller.answer("trading_hours", con_id=stock["con_id"])
    assert not hours["open_now"]
    assert hours["regular"][0]["start"] < hours["regular"][0]["end"]


async def look_at_prices(caller, stock):
    con_id = stock["con_id"]
    by_id = (await caller.answer("contract_quotes", con_ids=[con_id]))["quotes"][str(con_id)]
    by_symbol = (await caller.answer("quotes", symbols=[stock["symbol"]]))["quotes"]
    assert by_id["reference_price"] == by_symbol[stock["symbol"]]["reference_price"]
    assert by_id["data"] == "live"
    book = await caller.answer("order_book", con_id=con_id, rows=3)
    assert book["bids"][0]["price"] < book["asks"][0]["price"]
    minutes = await caller.answer("bars", con_id=con_id, bar_size="5 mins", duration="1 D")
    assert len(minutes["bars"]) == 78
    refused = await caller.refusal("bars", con_id=con_id, bar_size="1 min", duration="1 Y")
    assert refused == "ConfigurationError"
    begins = await caller.answer("data_begins", con_id=con_id)
    assert begins["begins"] < minutes["bars"][0]["start"]


async def look_at_options(caller, stock):
    underlying = {"symbol": stock["symbol"]}
    listings = (await caller.answer("option_expirations", underlying=underlying))["listings"]
    expiry = next(one for one in listings if one["exchange"] == "SMART")["expirations"][3]
    chain = await caller.answer("option_chain", underlying=underlying, expiry=expiry, right="C")
    strikes = [option["strike"] for option in chain["options"]]
    assert strikes == sorted(strikes)
    near = await caller.answer(
        "option_chain_live", underlying=underlying, expiry=expiry, near_price=0.1
    )
    assert {quote["right"] for quote in near["quotes"]} == {"C", "P"}
    wanted = {"low": 0.25, "high": 0.6}
    by_delta = await caller.answer(
        "option_chain_live", underlying=underlying, expiry=expiry, right="C", delta=wanted
    )
    deltas = [quote["greeks"]["delta"] for quote in by_delta["quotes"]]
    assert deltas
    assert all(0.25 <= delta <= 0.6 for delta in deltas)
    first = by_delta["quotes"][0]
    (again,) = (await caller.answer("option_greeks", con_ids=[first["con_id"]]))["quotes"]
    assert again["greeks"] == first["greeks"]
    wrong = await caller.refusal("option_chain", underlying=underlying, expiry="2026-07-01")
    assert wrong == "NoData"


async def scan_the_market(caller):
    codes = await caller.answer("scanner_codes", kind="scans", contains="gain")
    assert "TOP_PERC_GAIN" in [code["code"] for code in codes["codes"]]
    rows = (await caller.answer("run_scan", scan="TOP_PERC_GAIN", rows=3))["rows"]
    assert [row["rank"] for row in rows] == [0, 1, 2]
    dear = await caller.answer(
        "run_scan", scan="TOP_PERC_GAIN", bounds={"price_above": 1e6}, rows=3
    )
    assert dear["rows"] == []


async def read_the_news(caller, stock):
    providers = [one["code"] for one in (await caller.answer("news_providers"))["providers"]]
    assert providers
    symbols = [stock["con_id"]]
    movers = (await caller.answer("top_movers", rows=20))["movers"]
    symbols += [mover["con_id"] for mover in movers]
    for con_id in symbols:
        found = (await caller.answer("news_headlines", con_id=con_id))["headlines"]
        if found:
            break
    assert found, "not one of the movers is in the news"
    newest = found[0]
    assert newest["title"]["trust"] == "untrusted"
    article = await caller.answer(
        "news_article", provider=newest["provider"], article_id=newest["article_id"]
    )
    assert article["whole"]
    assert all(part["trust"] == "untrusted" for part in article["detail"])
