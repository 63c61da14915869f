import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.tables import FUNDAMENTAL_FEATURES, FUNDAMENTALS
from signals.fundamental import fundamental_features


@pytest.fixture
def one(make_table):
    def features(price=50.0, **fields):
        table = make_table(FUNDAMENTALS, [{"symbol": "A", **fields}])
        return fundamental_features(table, pd.Series({"A": "Energy"}), pd.Series({"A": price})).loc[
            "A"
        ]

    return features


def test_ratios_become_yields(one):
    row = one(price_earnings=20.0, price_book=4.0, price_sales=2.0, ebitda=5e9, market_cap=1e11)
    assert row["earnings_yield"] == pytest.approx(0.05)
    assert row["book_yield"] == pytest.approx(0.25)
    assert row["sales_yield"] == pytest.approx(0.5)
    assert row["ebitda_yield"] == pytest.approx(0.05)


def test_what_is_published_as_a_fraction_stays_as_it_is(one):
    published = {
        "dividend_yield": 0.03,
        "revenue_growth": 0.2,
        "return_on_equity": -0.1,
        "debt_to_equity": 1.5,
        "piotroski": 7.0,
    }
    assert one(**published)[list(published)].to_dict() == published


def test_a_loss_is_a_negative_yield_and_never_a_high_one(one):
    assert one(price_earnings=-20.0)["earnings_yield"] == pytest.approx(-0.05)
    assert one(earnings_per_share=-5.0)["earnings_yield"] == pytest.approx(-0.10)


@pytest.mark.parametrize("missing", [None, 0.0, np.nan])
def test_a_missing_ratio_falls_back_on_earnings_per_share(one, missing):
    row = one(price_earnings=missing, earnings_per_share=2.5)
    assert row["earnings_yield"] == pytest.approx(0.05)


def test_what_is_not_known_is_nan_and_never_zero(one):
    assert one().drop("earnings_yield_vs_sector").isna().all()
    zeros = one(price_book=0.0, price_sales=0.0, ebitda=1.0, market_cap=0.0)
    assert zeros[["book_yield", "sales_yield", "ebitda_yield"]].isna().all()


def test_negative_sales_are_not_known_but_negative_equity_is_bad(one):
    row = one(price_sales=-3.0, price_book=-4.0)
    assert np.isnan(row["sales_yield"])
    assert row["book_yield"] == pytest.approx(-0.25)


def test_no_yield_is_infinite(one):
    assert np.isnan(one(price_earnings=1e-310)["earnings_yield"])


@pytest.fixture
def sectors_of_five_and_four(make_table):
    ratios = {"A": 10, "B": 20, "C": 25, "D": 40, "E": 50, "K": 5, "L": 8, "M": 4, "N": 100}
    table = make_table(
        FUNDAMENTALS, [{"symbol": s, "price_earnings": float(p)} for s, p in ratios.items()]
    )
    sectors = pd.Series({s: "Energy" if s < "K" else "Utilities" for s in ratios})
    return table, sectors, pd.Series(1.0, index=list(ratios))


def test_a_sector_of_five_is_its_own_yardstick(sectors_of_five_and_four):
    found = fundamental_features(*sectors_of_five_and_four)["earnings_yield_vs_sector"]
    # Yields .1 .05 .04 .025 .02: the median is C's.
    np.testing.assert_allclose(found["A":"E"], [0.06, 0.01, 0.0, -0.015, -0.02], atol=1e-12)


def test_a_sector_of_four_is_measured_against_the_universe(sectors_of_five_and_four):
    found = fundamental_features(*sectors_of_five_and_four)["earnings_yield_vs_sector"]
    # All nine yields: .01 .02 .025 .04 .05 .1 .125 .2 .25: the median is .05.
    np.testing.assert_allclose(found["K":"N"], [0.15, 0.075, 0.2, -0.04], atol=1e-12)


def test_a_symbol_without_a_sector_is_measured_against_the_universe(sectors_of_five_and_four):
    table, sectors, prices = sectors_of_five_and_four
    sectors = sectors.astype("object")
    sectors["M"] = None
    found = fundamental_features(table, sectors.drop("N"), prices)["earnings_yield_vs_sector"]
    np.testing.assert_allclose(found[["M", "N"]], [0.2, -0.04], atol=1e-12)


def test_every_priced_symbol_has_a_row_and_no_other(sectors_of_five_and_four):
    table, sectors, _ = sectors_of_five_and_four
    found = fundamental_features(table, sectors, pd.Series({"Z": 1.0, "A": 2.0}))
    assert list(found.index) == ["Z", "A"]
    assert list(found.columns) == list(FUNDAMENTAL_FEATURES)
    assert found.loc["Z"].isna().all()


def test_a_symbol_given_twice_is_refused(sectors_of_five_and_four):
    table, sectors, prices = sectors_of_five_and_four
    with pytest.raises(DataError, match=r"fundamentals: 1 symbol.*for example C"):
        fundamental_features(pd.concat([table, table.iloc[[2]]]), sectors, prices)
