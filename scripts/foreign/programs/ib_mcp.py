"""ib-mcp: what its tools for reading answer over MCP."""

import asyncio

from foreign import ACCOUNT, FUND, INDEX, INDEX_WEEKLY, OPEN, PORT, STOCK, Features, move
from mcp_tools import tools

feature = Features()


async def main():
    async with tools("ib-mcp-server", "--port", str(PORT), "--client-id", "9") as ib:
        await contracts(ib)
        await companies(ib)
        await options(ib)
    feature.end()


async def contracts(ib):
    with feature("contracts: look-up, conId, search, details"):
        assert STOCK in str(await ib.lookup_contract(symbol=STOCK))
        assert any(letter.isdigit() for letter in str(await ib.ticker_to_conid(symbol=STOCK)))
        assert STOCK in str(await ib.search_contracts(pattern=STOCK))
        assert STOCK in str(await ib.get_contract_details(symbol=STOCK))
    with feature("account summary, positions"):
        assert ACCOUNT in str(await ib.get_account_summary())
        await ib.get_positions()
    with feature("bars of a day and of five minutes"):
        said = await ib.get_historical_data(symbol=STOCK, duration="1 M")
        assert "2026-06-12" in str(said), said
        said = await ib.get_historical_data(symbol=FUND, duration="1 D", bar_size="5 mins")
        assert "2026-06-15" in str(said), said


async def companies(ib):
    for report in ("ReportSnapshot", "ReportsFinSummary", "ReportsFinStatements", "RESC",
                   "ReportsOwnership", "CalendarReport"):  # fmt: skip
        with feature(f"fundamentals: {report}"):
            said = str(await ib.get_fundamental_data(symbol=STOCK, report_type=report))
            assert "rror" not in said[:100], said[:200]
            assert len(said) > 100, said
    with feature("headlines and an article"):
        said = await ib.get_historical_news(
            symbol="CKRTH", start_date="2026-06-10", end_date="2026-06-15"
        )
        assert "SIM" in str(said), said


async def options(ib):
    with feature("option chains of the fund and, of two classes, of the index"):
        assert FUND in str(await ib.get_option_chain(symbol=FUND, sec_type="STK", exchange="SMART"))
        said = str(await ib.get_option_chain(symbol=INDEX))
        assert INDEX_WEEKLY in said, said
    with feature("option quotes with delta and implied volatility"):
        said = await ib.get_option_quotes(
            symbol=FUND, expiry="20260717", right="C", strikes=[140, 145]
        )
        assert "elta" in str(said), said
    with feature("quote of the index"):
        said = await ib.get_index_quote(symbol=INDEX)
        assert any(letter.isdigit() for letter in str(said)), said


move(to=OPEN)
move(by="PT10M")
asyncio.run(main())
