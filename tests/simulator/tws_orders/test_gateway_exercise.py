"""Exercising options and letting them lapse, over the socket. ACME opens at 100, closes at 102."""

import pytest
from ib_async import Contract, MarketOrder

from core.calendar import session
from simulator.faults.request import FaultRequest
from simulator.market.benchmarks import INDEX
from tests.conformance.field_client import FieldClient
from tests.simulator.derivatives import JULY, THURSDAY, option
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, OPEN, TinyMarket, split

EXERCISE, LAPSE = 1, 2
LAST_OPEN, LAST_CLOSE = session(THURSDAY).open, session(THURSDAY).close


async def own(ib, con_id, quantity=2):
    side = "BUY" if quantity > 0 else "SELL"
    trade = ib.placeOrder(
        Contract(conId=con_id, exchange="SMART"), MarketOrder(side, abs(quantity), tif="DAY")
    )
    await settle()
    assert trade.orderStatus.status == "Filled"
    (held,) = [p.contract for p in ib.positions() if p.contract.conId == con_id]
    return held


async def exercise(ib, contract, action=EXERCISE, quantity=1, *, account=None, override=0):
    # As it comes back from positions(), which has no exchange (erdewit/ib_insync 152).
    account = ib.managedAccounts()[0] if account is None else account
    ib.exerciseOptions(contract, action, quantity, account, override)
    await settle()


def held(ib):
    return {p.contract.conId: p.position for p in ib.positions()}


def cash_of(harness):
    return harness.gateway.broker.exchange.cash


@pytest.mark.parametrize(
    ("strike", "right", "shares", "paid"),
    [(90, "C", 100, 9_000.0), (110, "P", -100, -11_000.0)],
)
def test_an_exercised_option_becomes_shares_at_its_strike_at_once(
    tmp_path, strike, right, shares, paid
):
    async def scenario(harness):
        ib = await harness.connect()
        one = option(strike, right)
        contract = await own(ib, one)
        before = cash_of(harness)
        premium = ib.positions()[0].avgCost
        await exercise(ib, contract)
        assert held(ib) == {one: 1, ACME: shares}
        assert before - cash_of(harness) == pytest.approx(paid)
        (row,) = [p for p in ib.positions() if p.contract.conId == ACME]
        sign = 1 if shares > 0 else -1
        assert row.avgCost == pytest.approx(strike + sign * premium / 100)
        assert harness.codes() == []

    run_scenario(tmp_path, scenario, at=OPEN)


def test_no_more_is_exercised_than_is_held(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90), 2)
        await exercise(ib, contract, quantity=5)
        assert held(ib) == {ACME: 200}
        await exercise(ib, contract)
        assert harness.codes() == [322]
        account = ib.managedAccounts()[0]
        assert harness.text(322) == (
            "Error processing request:No unlapsed position exists in this option in account "
            f"{account}."
        )

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize(
    ("strike", "action", "said"),
    [
        (110, EXERCISE, "Exercise ignored because option is not in-the-money."),
        (90, LAPSE, "Lapse ignored because option is in-the-money."),
    ],
)
def test_what_works_against_oneself_needs_an_override(tmp_path, strike, action, said):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(strike))
        await exercise(ib, contract, action)
        assert harness.codes() == [322]
        assert said in harness.text(322)
        assert held(ib) == {option(strike): 2}
        await exercise(ib, contract, action, override=1)
        assert harness.codes() == [322]
        exercised = {option(strike): 1, ACME: 100}
        assert held(ib) == (exercised if action == EXERCISE else {option(strike): 2})

    run_scenario(tmp_path, scenario, at=OPEN)


def test_what_is_to_lapse_expires_worthless_and_cannot_be_exercised_any_more(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90, "C", THURSDAY), 3)
        await exercise(ib, contract, LAPSE, 2, override=1)
        await exercise(ib, contract, LAPSE, 2, override=1)  # one is left, so one it is
        await exercise(ib, contract, EXERCISE)
        assert harness.codes() == [322]
        before = cash_of(harness)
        await harness.advance(LAST_CLOSE)
        assert held(ib) == {}
        assert cash_of(harness) == before

    run_scenario(tmp_path, scenario, at=LAST_OPEN)


def test_what_was_exercised_and_what_lapses_is_known_after_a_restart(tmp_path):
    async def before(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90, "C", THURSDAY), 4)
        await exercise(ib, contract, EXERCISE, 1)
        await exercise(ib, contract, LAPSE, 1, override=1)
        assert held(ib) == {option(90, "C", THURSDAY): 3, ACME: 100}

    async def after(harness):
        ib = await harness.connect()
        assert {p.contract.conId: p.position for p in await ib.reqPositionsAsync()} == {
            option(90, "C", THURSDAY): 3, ACME: 100,
        }  # fmt: skip
        await harness.advance(LAST_CLOSE)
        assert held(ib) == {ACME: 300}  # two more by the clearing house, the third lapsed

    run_scenario(tmp_path, before, at=OPEN)
    run_scenario(tmp_path, after, at=OPEN)


def test_an_adjusted_option_delivers_the_shares_of_its_split(tmp_path):
    market = TinyMarket(splits={ACME: (split(2.0),)})

    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90))
        await harness.advance(OPEN.replace(day=16))
        await exercise(ib, contract)
        assert held(ib) == {option(90): 1, ACME: 200}

    run_scenario(tmp_path, scenario, market=market, at=OPEN)


def test_an_option_on_the_index_is_paid_out_on_its_last_day_only(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        call = option(900, "C", THURSDAY, INDEX)
        contract = await own(ib, call)
        await exercise(ib, contract)
        assert harness.codes() == [322]
        assert "European" in harness.text(322)
        await harness.advance(LAST_OPEN)
        level = harness.gateway.view.mark(INDEX, LAST_OPEN)
        before = cash_of(harness)
        await exercise(ib, contract)
        assert held(ib) == {call: 1}
        assert cash_of(harness) - before == pytest.approx(round(level - 900, 2) * 100)

    run_scenario(tmp_path, scenario, at=OPEN)


def test_written_options_and_foreign_accounts_exercise_nothing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90), -1)
        await exercise(ib, contract)
        await exercise(ib, contract, account="U7654321")
        assert harness.codes() == [322, 322]
        assert "in account U7654321." in harness.text(322)
        assert held(ib) == {option(90): -1}

    run_scenario(tmp_path, scenario, at=OPEN)


REFUSED = [
    (Contract(conId=option(90)), 3, 1, 321),
    (Contract(conId=option(90)), EXERCISE, 0, 321),
    (Contract(conId=option(90)), EXERCISE, 1.0, 320),  # erdewit/ib_insync 152
    (stock(), EXERCISE, 1, 321),
    (Contract(conId=999_999), EXERCISE, 1, 200),
]


def test_a_request_that_makes_no_sense_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for contract, action, quantity, _ in REFUSED:
            await exercise(ib, contract, action, quantity)
        assert harness.codes() == [code for *_, code in REFUSED]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize("version", [157, 178])
def test_a_client_of_either_version_exercises_by_description(tmp_path, version):
    async def scenario(harness):
        ib = await harness.connect()
        await own(ib, option(90))
        client = await FieldClient.open(harness, version)
        described = ["0", "ACME", "OPT", f"{JULY:%Y%m%d}", 90.0, "C", "100", "SMART", "USD", "", ""]
        client.send(21, 2, 5, *described, EXERCISE, 2, "", 0)
        await settle()
        assert client.frames[4][3:] == []  # the farms' greetings, and no error
        assert held(ib) == {ACME: 200}
        await client.close()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_fault_refuses_an_exercise_under_its_own_number(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await own(ib, option(90))
        refuse = FaultRequest(fault="refuse", code=322, message=21, times=1)
        harness.gateway.gateway_faults.switch(refuse)
        ib.client.exerciseOptions(77, contract, EXERCISE, 1, "", 0)
        await settle()
        assert harness.errors[-1][:2] == (77, 322)
        assert held(ib) == {option(90): 2}

    run_scenario(tmp_path, scenario, at=OPEN)
