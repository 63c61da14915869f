"""Reports about companies: XML in the layouts that programs read, and accounts that add up."""

from datetime import date
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from simulator.vendors.vendor_facts import VendorFacts
from tests.simulator.gateway_harness import run_scenario, stock
from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.tiny_market import TinyMarket

REPORTS = {
    "ReportSnapshot": "ReportSnapshot",
    "ReportsFinSummary": "FinancialSummary",
    "ReportsFinStatements": "ReportFinancialStatements",
    "RESC": "REarnEstCons",
    "CalendarReport": "CalendarReport",
    "ReportsOwnership": "OwnershipDetails",
}


def ask(tmp_path, *reports):
    """Return the first company that has reported, its figures and the reports asked for."""
    found = []

    async def scenario(harness):
        ib = await harness.connect()
        facts, now = harness.gateway.vendor_facts, harness.gateway.clock.now()
        figures = next(one for one in facts.figures(now).values() if one.earnings_per_share)
        found.append(figures)
        for report in reports:
            text = await ib.reqFundamentalDataAsync(stock(figures.symbol), report)
            found.append(ET.fromstring(text))
        assert harness.codes() == []

    run_scenario(tmp_path, scenario, market=synthetic_market(7, 12))
    return found


def lines(root, kind):
    """Return the periods of a kind, newest first: each with the numbers of its lines."""
    return [
        (period, {item.get("coaCode"): float(item.text) for item in period.iter("lineItem")})
        for period in root.findall(f".//{kind}Periods/FiscalPeriod")
    ]


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_has_its_own_root_and_the_same_bytes_each_time(tmp_path, report):
    (_, first), (_, again) = (ask(tmp_path / name, report) for name in ("a", "b"))
    assert first.tag == REPORTS[report]
    assert ET.tostring(first) == ET.tostring(again)


@pytest.mark.parametrize("options", [("0", ""), ("",)], ids=["C++, Python", "Java, TypeScript"])
def test_clients_that_do_not_count_their_options_get_their_report(tmp_path, options):
    async def scenario(harness):
        symbol = next(iter(harness.gateway.vendor_facts.figures(harness.gateway.clock.now())))
        wire = await harness.started()
        contract = ("", symbol, "STK", "SMART", "", "USD", "")
        wire.send(52, 2, 4, *contract, "ReportSnapshot", *options)
        answer = await wire.receive()
        assert answer[0] == "51", answer
        assert ET.fromstring(answer[3]).tag == "ReportSnapshot"

    run_scenario(tmp_path, scenario, market=synthetic_market(7, 12))


def test_statements_have_three_years_and_twelve_quarters_newest_first(tmp_path):
    _, root = ask(tmp_path, "ReportsFinStatements")
    for kind, count in (("Annual", 3), ("Interim", 12)):
        ends = [date.fromisoformat(period.get("EndDate")) for period, _ in lines(root, kind)]
        assert len(ends) == count
        assert ends == sorted(ends, reverse=True)
    names = {item.get("coaItem") for item in root.iter("mapItem")}
    assert names == {item.get("coaCode") for item in root.iter("lineItem")}


def test_statements_add_up(tmp_path):
    _, root = ask(tmp_path, "ReportsFinStatements")
    for period, line in [*lines(root, "Annual"), *lines(root, "Interim")]:
        assert line["ATOT"] == pytest.approx(line["QTEL"], abs=0.01)
        assert line["QTLE"] + line["LTLL"] == pytest.approx(line["QTEL"], abs=0.01)
        assert line["SOPI"] + line["SNIN"] == pytest.approx(line["EIBT"], abs=0.01)
        assert line["EIBT"] - line["TTAX"] == pytest.approx(line["NINC"], abs=0.01)
        assert line["OTLO"] + line["ITLI"] + line["FTLF"] == pytest.approx(line["SNCC"], abs=0.01)
        known = date.fromisoformat(period.find(".//Source").get("Date"))
        assert date.fromisoformat(period.get("EndDate")) < known <= date(2026, 6, 15)


def test_four_quarters_are_the_year_and_the_newest_four_what_the_vendor_says(tmp_path):
    figures, root, summary = ask(tmp_path, "ReportsFinStatements", "ReportsFinSummary")
    quarters = lines(root, "Interim")
    for year, line in lines(root, "Annual"):
        own = [numbers for period, numbers in quarters
               if period.get("FiscalYear") == year.get("FiscalYear")]  # fmt: skip
        if len(own) == 4:
            for code in ("SREV", "NINC", "FCDP"):
                assert sum(one[code] for one in own) == pytest.approx(line[code], abs=0.01)
    newest = sum(numbers["SREV"] for _, numbers in quarters[:4])
    assert newest == pytest.approx(figures.revenue / 1e6, abs=0.01)
    twelve = summary.find("./EPSs/EPS[@reportType='TTM']")
    assert float(twelve.text) == pytest.approx(figures.earnings_per_share, abs=1e-4)
    revenue = summary.find("./TotalRevenues/TotalRevenue[@reportType='TTM']")
    assert float(revenue.text) == pytest.approx(figures.revenue, rel=1e-9)


def test_estimates_lie_around_their_mean_and_start_from_what_was_earned(tmp_path):
    _, root, statements = ask(tmp_path, "RESC", "ReportsFinStatements")
    newest, earned = lines(statements, "Annual")[0]
    actual = root.findall(".//FYActual[@type='EPS']/FYPeriod")[-1]
    assert (actual.get("fYear"), float(actual[0].text)) == (
        newest.get("FiscalYear"), pytest.approx(earned["SDBF"], abs=1e-4),
    )  # fmt: skip
    first = root.find(".//FYEstimate[@type='EPS']/FYPeriod")
    assert int(first.get("fYear")) == int(newest.get("FiscalYear")) + 1
    values = {one.get("type"): float(one[0].text) for one in first}
    assert values["Low"] < values["Mean"] < values["High"]
    assert values["NumOfEst"] >= 5


def test_the_snapshot_has_prices_and_a_forecast(tmp_path):
    figures, root = ask(tmp_path, "ReportSnapshot")
    numbers = {one.get("FieldName"): one.text for one in root.findall(".//Ratios/Group/Ratio")}
    assert float(numbers["NLOW"]) <= float(numbers["NPRICE"]) <= float(numbers["NHIG"])
    assert numbers["PDATE"] == "2026-06-15T00:00:00"
    assert float(numbers["MKTCAP"]) == pytest.approx(figures.market_cap / 1e6, abs=1e-4)
    assert len(root.findall(".//ForecastData/Ratio/Value")) == 10


def test_the_calendar_names_the_coming_report_and_owners_hold_less_than_all(tmp_path):
    _, calendar, owners = ask(tmp_path, "CalendarReport", "ReportsOwnership")
    coming = [date.fromisoformat(one.get("Date")) for one in calendar.iter("Event")]
    assert coming
    assert min(coming) >= date(2026, 6, 15)
    held = sum(float(one.text) for one in owners.iter("quantity"))
    assert 0 < held < float(owners.findtext("floatShares"))
    assert len(owners.findtext("ISIN")) == 12


@pytest.mark.parametrize("report", REPORTS)
def test_of_a_fund_and_of_what_nobody_has_figures_of_there_is_no_report(tmp_path, report):
    async def scenario(harness):
        ib = await harness.connect()
        assert await ib.reqFundamentalDataAsync(stock("DBETF"), report) == []
        assert harness.codes() == [430]

    run_scenario(tmp_path, scenario, market=synthetic_market(7, 12))


def test_of_a_real_company_a_file_gives_a_snapshot_and_nothing_is_made_up_beside_it(tmp_path):
    class RealMarket(TinyMarket):
        assumed_spread = 0.001

    file = tmp_path / "fundamentals.parquet"
    figures = ("price_earnings", "price_book", "price_sales", "dividend_yield", "earnings_share",
               "ebitda")  # fmt: skip
    row = {"symbol": "ACME", "as_of": "2026-06-12T20:00:00+00:00", "market_cap": 2e9}
    pd.DataFrame([row | dict.fromkeys(figures, 4.0)]).to_parquet(file)

    async def scenario(harness):
        ib, gateway = await harness.connect(), harness.gateway
        gateway.vendor_facts = VendorFacts(gateway.view, fundamentals=file)
        text = await ib.reqFundamentalDataAsync(stock(), "ReportSnapshot")
        assert 'FieldName="MKTCAP" Type="N">2000.00000<' in text
        assert "ForecastData" not in text
        assert "TTMNIAC" not in text
        for report in set(REPORTS) - {"ReportSnapshot"}:
            assert await ib.reqFundamentalDataAsync(stock(), report) == []
        assert harness.codes() == [430] * 5

    run_scenario(tmp_path, scenario, market=RealMarket())
