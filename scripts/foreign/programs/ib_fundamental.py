"""ib_fundamental: what it reads from the reports about a company."""

import datetime as dt

from foreign import OPEN, PORT, STOCK, Features, move
from ib_async import IB
from ib_fundamental import CompanyFinancials, FundamentalData

feature = Features()
ib = IB()
ib.RequestTimeout = 30
ib.connect("127.0.0.1", PORT, clientId=1)
move(to=OPEN)
company = FundamentalData(ib=ib, symbol=STOCK)
financials = CompanyFinancials(ib=ib, symbol=STOCK)

with feature("company"):
    assert company.company_info.ticker == STOCK
for statement in ("income", "balance", "cashflow"):
    with feature(f"statements: {statement}, three years and twelve quarters"):
        assert len(getattr(company, f"{statement}_annual")) >= 3
        assert len(getattr(company, f"{statement}_quarter")) >= 12
for name in ("revenue_ttm", "revenue_q", "eps_ttm", "eps_q"):
    with feature(f"summary: {name}"):
        assert isinstance(getattr(company, name)[0].as_of_date, dt.date)
for name in ("fy_estimates", "fy_actuals", "analyst_forecast", "ownership_report", "ratios"):
    with feature(name):
        assert getattr(company, name)
with feature("dividends, per share and each (invented companies announce none)"):
    assert company.dividend == []
    assert company.div_ps_q
    assert company.div_ps_ttm
with feature("fundamental ratios and dividends of ticks 258 and 456"):
    assert company.fundamental_ratios
    assert company.dividend_summary
for name in ("income_annual", "balance_quarter", "cashflow_annual",
             "revenue_q", "eps_ttm", "ownership", "fy_estimates", "analyst_forecast",
             "company_information", "ratios"):  # fmt: skip
    with feature(f"table: {name}"):
        assert len(getattr(financials, name))
feature.end()
