"""The desk weighs orders in the account's own currency, whatever the order's market counts in."""

from dataclasses import replace

import pytest

from desk.errors import GateRefused
from desk.tickets import approvals
from tests.desk.desk_harness import NOW, Faulty
from tests.desk.test_previews import a_request, failed, preview

RATES = {"EUR": 1 / 1.17, "RON": 4.35, "GBP": 1 / 1.34, "JPY": 155.0}


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


@pytest.mark.parametrize("base", RATES)
def test_a_single_order_has_the_weights_of_the_dollar_account(holding, base):
    plain = preview(holding)
    found = preview(holding, gateway=kept_in(holding, base))
    assert weights_of(found) == pytest.approx(weights_of(plain), rel=1e-6, abs=1e-9)
    of_the_broker = {"what-if"}  # which answers for the account as it is
    assert {*failed(found)} - of_the_broker == {*failed(plain)} == set()


@pytest.mark.parametrize("base", RATES)
def test_half_of_the_account_in_one_order_is_refused_in_any_currency(desk, base):
    found = preview(desk, a_request(desk, weight=0.5), gateway=kept_in(desk, base))
    assert {"largest single", "largest order", "orders: order value"} <= {*failed(found)}
    assert weights_of(found)["largest single"] == pytest.approx(0.5, rel=0.01)


def test_an_order_in_a_currency_without_a_rate_is_refused_and_the_currency_named(desk):
    found = preview(desk, gateway=kept_in(desk, "RON", rates={"RON": 1.0}))
    (value,) = (c for c in found.checks if c.name.endswith(" order value") and ":" not in c.name)
    assert found.token is None
    assert value.detail.startswith("the rate of USD in RON is not known")


@pytest.mark.parametrize("base", RATES)
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


def in_pounds(desk, con_id, magnifier):
    """A gateway that describes one contract as London's, its prices in pence or in pounds."""
    market = desk.gateway().market

    def describe(con_ids):
        found = market.describe(con_ids)
        london = {"currency": "GBP", "price_magnifier": magnifier}
        return replace(
            found,
            contracts={
                each: replace(contract, **london) if each == con_id else contract
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
    before, after = weights_of(plain), weights_of(found)
    assert after["orders: price collar"] == before["orders: price collar"]
    for name in ("largest order", "orders: order value"):
        assert after[name] == pytest.approx(times * before[name], rel=1e-6)
