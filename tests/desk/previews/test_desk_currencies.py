"""The desk weighs orders in the account's own currency, whatever the order's market counts in."""

from dataclasses import replace

import pandas as pd
import pytest

from core.errors import DataError
from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from desk.errors import GateRefused
from desk.gate import desk_gate
from desk.gate.desk_gate import Exposure, Market
from desk.previews.order_preview import OrderRequest
from desk.tickets import approvals
from optimiser.lots.lot_sizes import Listing, base_price
from risk.account import AccountState, History
from tests.desk.desk_harness import NOW, Faulty
from tests.desk.previews.test_previews import a_request, failed, preview

RATES = {"USD": 1.0, "EUR": 1 / 1.17, "RON": 4.35, "GBP": 1 / 1.34, "JPY": 155.0}
FOREIGN = ("EUR", "RON", "GBP", "JPY")


def kept_in(desk, base, *, rates=None, **parts):
    """A gateway whose account is the desk's own, as a page in another currency shows it."""
    rate = RATES[base]
    real = desk.gateway().portfolio

    def snapshot():
        found = real.snapshot()
        return replace(
            found,
            currency=base,
            net_asset_value=found.net_asset_value * rate,
            cash=found.cash * rate,
            positions=tuple(
                replace(p, market_value=p.market_value * rate) for p in found.positions
            ),
            rates={base: 1.0, "USD": rate} if rates is None else rates,
        )

    return desk.gateway(portfolio=Faulty(real, snapshot=snapshot), **parts)


def weights_of(found):
    return {c.name: c.value for c in found.checks if c.limit is not None and c.value is not None}


@pytest.fixture
def holding(desk):
    desk.held(desk.an_order(2), 300)
    return desk


@pytest.mark.parametrize("base", FOREIGN)
def test_a_single_order_has_the_weights_of_the_dollar_account(holding, base):
    plain = preview(holding)
    found = preview(holding, gateway=kept_in(holding, base))
    assert weights_of(found) == pytest.approx(weights_of(plain), rel=1e-6, abs=1e-9)
    of_the_broker = {"what-if"}  # which answers for the account as it is
    assert {*failed(found)} - of_the_broker == {*failed(plain)} == set()


@pytest.mark.parametrize("base", FOREIGN)
def test_half_of_the_account_in_one_order_is_refused_in_any_currency(desk, base):
    found = preview(desk, a_request(desk, weight=0.5), gateway=kept_in(desk, base))
    assert {"largest single", "largest order", "orders: order value"} <= {*failed(found)}
    assert weights_of(found)["largest single"] == pytest.approx(0.5, rel=0.01)


def test_an_order_in_a_currency_without_a_rate_is_refused_and_the_currency_named(desk):
    found = preview(desk, gateway=kept_in(desk, "RON", rates={"RON": 1.0}))
    (value,) = (c for c in found.checks if c.name.endswith(" order value") and ":" not in c.name)
    assert found.token is None
    assert value.detail.startswith("the rate of USD in RON is not known")


@pytest.mark.parametrize("base", FOREIGN)
def test_a_ticket_is_judged_anew_in_the_currency_it_was_decided_in(desk, base):
    rate, order = RATES[base], desk.an_order(0)
    ticket = desk.a_ticket(order)
    lines = tuple(replace(line, notional=line.notional * rate) for line in ticket.lines)
    foreign = replace(ticket, net_asset_value=1e6 * rate, lines=lines)
    record = desk.register(foreign)
    approvals.approve(desk.store, record.sha256, by="ana", now=NOW)
    (state,) = desk.submit(record.sha256, kept_in(desk, base)).states
    assert state.quantity == order.quantity


@pytest.mark.parametrize(("base", "turn"), [("JPY", 1.2), ("EUR", 0.8)])
def test_a_ticket_whose_currency_moved_too_far_since_the_decision_is_refused(desk, base, turn):
    rate, order = RATES[base], desk.an_order(0)
    ticket = desk.a_ticket(order)
    lines = tuple(replace(line, notional=line.notional * rate * turn) for line in ticket.lines)
    record = desk.register(replace(ticket, net_asset_value=1e6 * rate, lines=lines))
    approvals.approve(desk.store, record.sha256, by="ana", now=NOW)
    with pytest.raises(GateRefused, match=f"{order.symbol} price since the decision"):
        desk.submit(record.sha256, kept_in(desk, base))


BASES = ("USD", "EUR", "RON", "GBP", "JPY", "HUF")
DOLLARS = {"USD": 1.0, "EUR": 1.17, "RON": 0.23, "GBP": 1.34, "JPY": 1 / 155.0, "HUF": 0.0029}
LISTINGS = {
    "New York": Price(50.0, "USD"),
    "London in pence": Price(1_234.0, "GBP", 100),
    "Tokyo": Price(2_900.0, "JPY"),
    "Frankfurt": Price(61.5, "EUR"),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("listed", LISTINGS)
def test_desk_and_day_give_an_order_the_same_weight_in_any_base_and_listing(base, listed):
    price = LISTINGS[listed]
    rates = Rates(base, {each: worth / DOLLARS[base] for each, worth in DOLLARS.items()})
    capital = 1e6 / DOLLARS[base]
    order = Order(7, "ABC", Side.BUY, 400, OrderType.LIMIT, price.amount, "DAY", "ref")
    held = Exposure({}, {}, capital, {}, rates=rates)
    market = Market({7: price}, {7: 1e6}, pd.DataFrame(), 1.0, rates=rates)
    account = AccountState("active", History(), 0)
    checks = desk_gate.judge([order], held, market, limits=LimitSettings(), account=account)
    weights = {c.name: c.value for c in checks}
    of_the_day = 400 * base_price(Listing(price, 100), rates) / capital
    in_dollars = 400 * price.per_share * DOLLARS[price.currency] / 1e6
    assert of_the_day == pytest.approx(in_dollars)
    for name in ("largest single", "largest order", "orders: order value"):
        assert weights[name] == pytest.approx(of_the_day)
    assert weights["orders: price collar"] == 0.0


def test_a_listing_in_london_is_found_by_its_currency_and_by_its_conid(desk):
    (london,) = (i for i in desk.market.instruments if i.currency == "GBP")
    request = OrderRequest(london.symbol, Side.BUY, 100)
    gateway = kept_in(desk, "USD", rates={"USD": 1.0, "GBP": 1.34})
    found = preview(desk, replace(request, currency="GBP"), gateway)
    assert found.order.con_id == london.con_id
    worth = 100 * 1.34 * found.reference_price / 1e6
    assert weights_of(found)["largest order"] == pytest.approx(worth)
    assert preview(desk, replace(request, con_id=london.con_id), gateway).order == found.order
    with pytest.raises(DataError, match=f"conId {london.con_id} is STK {london.symbol}, not"):
        preview(desk, replace(request, symbol="OTHER", con_id=london.con_id))
    with pytest.raises(DataError, match=f"{london.symbol} in GBP, not in JPY"):
        preview(desk, replace(request, con_id=london.con_id, currency="JPY"), gateway)


def test_shares_that_trade_in_lots_are_ordered_in_whole_ones(desk):
    order = desk.an_order(0)
    gateway = desk.gateway(market=described_as(desk, order.con_id, lot=100))
    request = a_request(desk, quantity=150, con_id=order.con_id)
    with pytest.raises(DataError, match="lots of 100 shares, and 150"):
        preview(desk, request, gateway)
    assert preview(desk, replace(request, quantity=200), gateway).order.quantity == 200


def in_pounds(desk, con_id, magnifier):
    """A gateway that describes one contract as London's, its prices in pence or in pounds."""
    return described_as(desk, con_id, currency="GBP", price_magnifier=magnifier)


def described_as(desk, con_id, **changes):
    """A gateway that describes one contract as something else."""
    market = desk.gateway().market

    def describe(con_ids):
        found = market.describe(con_ids)
        return replace(
            found,
            contracts={
                each: replace(contract, **changes) if each == con_id else contract
                for each, contract in found.contracts.items()
            },
        )

    def asked(tool):
        # The simulator's exchange has the name in dollars: only its unit is made up here.
        def ask(contracts, **options):
            plain = [replace(c, currency="USD") for c in contracts]
            return getattr(market, tool)(plain, **options)

        return ask

    tools = {tool: asked(tool) for tool in ("bulk_quote", "history")}
    return Faulty(market, describe=describe, **tools)


@pytest.mark.parametrize(("magnifier", "times"), [(100, 0.0134), (1, 1.34)])
def test_pence_are_weighed_as_pence_and_the_limit_price_is_held_against_pence(
    desk, magnifier, times
):
    order = desk.an_order(0)
    plain = preview(desk)
    gateway = desk.gateway(
        market=in_pounds(desk, order.con_id, magnifier),
        portfolio=kept_in(desk, "EUR", rates={"EUR": 1.0, "GBP": 1.34 / 1.17}).portfolio,
    )
    found = preview(desk, gateway=gateway)
    assert found.value.currency == "GBP"
    assert found.value.amount == pytest.approx(plain.value.amount / magnifier)
    before, after = weights_of(plain), weights_of(found)
    assert after["orders: price collar"] == before["orders: price collar"]
    for name in ("largest order", "orders: order value"):
        assert after[name] == pytest.approx(times * before[name], rel=1e-6)
