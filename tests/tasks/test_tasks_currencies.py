"""The gate judges an order alike in whatever currency account and market count."""

from dataclasses import replace

import pandas as pd
import pytest

from core.tables import FEATURES
from core.types import Contract, Hours, Increments, TradingTerms
from desk.gate.portfolio_gate import Optimised
from tests.tasks.a_day import a_day, a_snapshot
from tests.tasks.test_tasks_lots import (
    LONDON,
    NEW_YORK,
    PRICES,
    TOKYO,
    ingested_of,
    targets_of,
)

FRANKFURT = Contract(4, "SAP", currency="EUR", primary_exchange="IBIS")
IN_DOLLARS = {"USD": 1.0, "EUR": 1.17, "GBP": 1.34, "JPY": 1 / 155, "RON": 0.23, "HUF": 1 / 340}
LISTINGS = [NEW_YORK, LONDON, TOKYO, FRANKFURT]


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A day on which every name of each market is known, and traded enough."""
    day = a_day(tmp_path_factory.mktemp("currencies"), limits={"max_unknown_sector": 1.0})
    ingested = ingested_of(day, LISTINGS)
    features = ingested.feature_table(day).reset_index().assign(adv_20=1e6)
    artefact = day.write("features_of_currencies", features, FEATURES)
    record = replace(ingested.features, artefacts={"features": artefact})
    return day, replace(ingested, features=record)


def account_in(base, worth=1_000_000.0, rates=IN_DOLLARS):
    """Return an account of a worth in dollars, kept in another currency."""
    known = {currency: rate / IN_DOLLARS[base] for currency, rate in rates.items()}
    value = worth / IN_DOLLARS[base]
    return a_snapshot(currency=base, net_asset_value=value, cash=value, rates=known)


def as_the_calendar(contract, session):
    """Return how a contract trades whose exchange keeps the calendar's hours."""
    return TradingTerms(
        contract.con_id,
        contract.symbol,
        contract.primary_exchange,
        Increments.flat(contract.min_tick),
        hours=(Hours(session.open, session.close),),
    )


def verdict(market, snapshot, **weights):
    """Return the orders that lead to weights, and the whole verdict of the gate on them."""
    day, ingested = market
    rows = [
        {"con_id": c.con_id, "symbol": c.symbol, "weight": weights.get(c.symbol, 0.0),
         "price": PRICES[c.con_id]}
        for c in LISTINGS
    ]  # fmt: skip
    table = pd.DataFrame(rows).set_index("con_id")
    targets = targets_of(day, table, ingested, snapshot)
    lots = targets.lots([])
    terms = {contract.con_id: as_the_calendar(contract, day.session) for contract in LISTINGS}
    orders = targets.orders(lots.quantities, terms)
    checks = targets.judge(targets.batch(lots.weights, orders), Optimised("optimal", {}), terms)
    return orders, {check.name: check for check in checks}


def failed(checks):
    return {name: one.detail for name, one in checks.items() if not one.passed}


@pytest.mark.parametrize("base", IN_DOLLARS)
@pytest.mark.parametrize("listing", LISTINGS, ids=lambda one: f"{one.symbol} {one.currency}")
def test_an_order_passes_the_gate_in_an_account_of_any_currency(market, base, listing):
    weights = {listing.symbol: 0.08}
    orders, checks = verdict(market, account_in(base), **weights)
    assert failed(checks) == {}
    (order,), (alike,) = orders, verdict(market, account_in("USD"), **weights)[0]
    assert order.limit_price == alike.limit_price
    assert abs(order.quantity - alike.quantity) <= max(listing.lot or 100, 1)
    # At the limit price, a hundredth above the reference, of a lot more or less.
    assert checks["orders: order value"].value == pytest.approx(0.08 * 1.01, rel=0.06)
    assert checks["orders: price collar"].value == pytest.approx(0.01, abs=1e-4)


@pytest.mark.parametrize("base", IN_DOLLARS)
def test_an_order_too_large_fails_in_an_account_of_any_currency(market, base):
    day, ingested = market
    tight = day.settings.limits.model_copy(update={"max_order_value": 0.05})
    settings = day.settings.model_copy(update={"limits": tight})
    found = verdict((replace(day, settings=settings), ingested), account_in(base), VOD=0.08)[1]
    assert {"orders: order value", "VOD order value"} <= set(failed(found))
    assert found["VOD order value"].value == found["orders: order value"].value
