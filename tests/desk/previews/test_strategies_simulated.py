"""The whole path of a strategy against a simulated gateway, through the tools people call."""

from datetime import date, timedelta

import pytest

from core.calendar import session
from core.settings import Effect, SimulatorSettings, load_settings
from flows.commands.tool_services import dispatcher_of
from ibkr.socket_gateway import open_socket
from simulator import process
from simulator.market.scenarios import open_market
from tests.fixtures.pace import hurried

pytestmark = pytest.mark.world

MONDAY = session(date(2026, 6, 15))
TRADING = MONDAY.open + timedelta(minutes=30)
WORLD = SimulatorSettings(symbols=12)
MONTH_AWAY = timedelta(days=25)


class Town:
    """One simulated world, and a caller of the tools in it."""

    def __init__(self, home, world):
        self.world = world
        self.settings = load_settings(
            home=home, gateway={"port": world.tws_port}, agent={"allow": Effect.TRADE}
        )
        self._tools = dispatcher_of(self.settings)
        self.symbol, self.price = self._a_stock()
        (listing, *_) = self.answer("option_expirations", underlying={"symbol": self.symbol})[
            "listings"
        ]
        self.expiries = [
            day
            for day in listing["expirations"]
            if date.fromisoformat(day) >= MONDAY.day + MONTH_AWAY
        ]

    def _a_stock(self):
        """Return a stock whose options are neither cheap nor too much for one trade."""
        symbols = [i.symbol for i in open_market(WORLD).instruments if i.sec_type == "STK"]
        quotes = self.answer("quotes", symbols=symbols[:12])["quotes"]
        prices = {s: q["reference_price"] for s, q in quotes.items() if q["reference_price"]}
        return min(prices.items(), key=lambda item: abs(item[1] - 150.0))

    def call(self, name, **arguments):
        return self._tools.call(name, arguments, caller="ana")

    def answer(self, name, **arguments):
        reply = self.call(name, **arguments)
        assert reply.error is None, reply.body
        return reply.body["data"]

    def refusal(self, name, **arguments):
        reply = self.call(name, **arguments)
        assert reply.error is not None, reply.body
        return str(reply.error)

    def strikes(self, expiry):
        """Return the strikes of an expiry that have both a call and a put, by the chain."""
        options = self.answer("option_chain", underlying={"symbol": self.symbol}, expiry=expiry)[
            "options"
        ]
        return sorted({option["strike"] for option in options})

    def around(self, expiry, *shares):
        """Return the listed strikes nearest to these multiples of the price, each once."""
        strikes = self.strikes(expiry)
        found = [min(strikes, key=lambda s, x=x: abs(s - x * self.price)) for x in shares]
        assert len(set(found)) == len(found), found
        return found

    def snapshot(self):
        with open_socket(self.settings) as gateway:
            return gateway.portfolio.snapshot()

    def held(self):
        return {p.con_id: p.quantity for p in self.snapshot().positions}

    def preview(self, strategy, side, strikes, **more):
        given = {"quantity": 1, "expiry": self.expiries[0]} | more
        return self.answer(
            "preview_strategy",
            strategy=strategy,
            symbol=self.symbol,
            side=side,
            strikes=strikes,
            **given,
        )


@pytest.fixture(autouse=True)
def without_pace():
    """Tools that a test calls in this process do not wait for IBKR's pace."""
    with hurried():
        yield


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    home = tmp_path_factory.mktemp("strategies")
    with process.start(WORLD, day=MONDAY.day, state=home / "world") as world:
        world.advance_to(TRADING)
        yield Town(home, world)


def failed(preview):
    """Return why each check that failed did, by its name."""
    told = {text_of(c["name"]): text_of(c["detail"]) for c in preview["checks"] if not c["passed"]}
    return dict(sorted(told.items()))


def text_of(published):
    return published["text"] if isinstance(published, dict) else published


def tied_up(before, answer):
    """Return what the broker's rehearsal takes from the available funds, commission aside."""
    equity = before.excess_liquidity + before.maintenance_margin
    gained = answer["equity_with_loan_after"] - equity
    return answer["initial_margin_change"] - gained - answer["commission"]


def changes(preview):
    """Return what the previewed order does to the positions, by conId."""
    order = preview["order"]
    sign = {"BUY": 1, "SELL": -1}
    whole = sign[order["side"]] * order["quantity"]
    return {leg["con_id"]: sign[leg["side"]] * leg["ratio"] * whole for leg in order["legs"]}


CASES = {
    "iron_condor": ("SELL", (0.88, 0.94, 1.06, 1.12), {}),
    "vertical": ("BUY", (0.97, 1.03), {"right": "C"}),
    "straddle": ("BUY", (1.0,), {}),
    "strangle": ("BUY", (0.95, 1.05), {}),
    "calendar": ("BUY", (1.0,), {"right": "C"}),
    "covered_call": ("BUY", (1.05,), {}),
}


@pytest.mark.parametrize("strategy", CASES)
def test_a_strategy_goes_from_the_chain_to_a_position_and_back(town, strategy):
    side, shares, more = CASES[strategy]
    if strategy == "calendar":
        more = more | {"far_expiry": town.expiries[-1]}
    account = town.snapshot()
    before = {p.con_id: p.quantity for p in account.positions}
    preview = town.preview(strategy, side, town.around(town.expiries[0], *shares), **more)
    assert failed(preview) == {}
    # The broker rehearses at its marks, the estimate is at the limit.
    given_up = 100 * abs(preview["order"]["limit_price"] - preview["reference_price"])
    assert preview["funds_required"]["amount"] == pytest.approx(
        tied_up(account, preview["what_if"]), abs=given_up + 5.0
    )
    wanted = changes(preview)

    order = town.answer("place_order", token=preview["token"])["order"]
    trade_id = order["order_ref"]
    filled = town.answer("await_fills", order_refs=[trade_id], timeout=10.0)["orders"][0]
    assert (filled["status"], filled["filled"]) == ("filled", 1.0)
    assert {fill["con_id"] for fill in filled["fills"]} == set(wanted)
    assert all(fill["commission"] is not None for fill in filled["fills"])
    after = town.held()
    assert {c: after.get(c, 0.0) - before.get(c, 0.0) for c in wanted} == wanted

    (listed,) = [
        trade
        for trade in town.answer("list_strategies")["strategies"]
        if trade["trade_id"] == trade_id
    ]
    assert (listed["left"], listed["strategy"]) == (1.0, strategy)

    closing = town.answer("preview_close_strategy", trade_id=trade_id)
    assert failed(closing) == {}
    assert changes(closing) == {con_id: -change for con_id, change in wanted.items()}
    done = town.answer("place_order", token=closing["token"])["order"]
    town.answer("await_fills", order_refs=[done["order_ref"]], timeout=10.0)
    assert town.held() == before
    assert "nothing is left of trade" in town.refusal("preview_close_strategy", trade_id=trade_id)


def test_a_naked_straddle_is_never_sent(town):
    (strike,) = town.around(town.expiries[0], 1.0)
    preview = town.preview("straddle", "SELL", [strike])
    assert preview["token"] is None
    assert failed(preview)["max loss"] == "it has no bound"


def test_a_wrong_expiry_names_the_nearest_that_are_listed(town):
    wrong = str(date.fromisoformat(town.expiries[0]) + timedelta(days=1))
    told = town.refusal(
        "preview_strategy", strategy="straddle", symbol=town.symbol, side="BUY", quantity=1,
        expiry=wrong, strikes=[100.0],
    )  # fmt: skip
    assert town.expiries[0] in told


def test_a_wrong_strike_names_the_nearest_that_are_listed(town):
    strikes = town.strikes(town.expiries[0])
    below, above = strikes[len(strikes) // 2 : len(strikes) // 2 + 2]
    told = town.refusal(
        "preview_strategy", strategy="straddle", symbol=town.symbol, side="BUY", quantity=1,
        expiry=town.expiries[0], strikes=[(below + above) / 2 + 0.01],
    )  # fmt: skip
    assert f"{below:g}" in told
    assert f"{above:g}" in told


def test_stocks_can_still_be_ordered_beside_a_strategy(town):
    strikes = town.around(town.expiries[0], *CASES["iron_condor"][1])
    opened = town.answer(
        "place_order", token=town.preview("iron_condor", "SELL", strikes)["token"]
    )["order"]
    town.answer("await_fills", order_refs=[opened["order_ref"]], timeout=10.0)
    stock = town.answer("preview_order", symbol=town.symbol, side="BUY", quantity=10)
    assert failed(stock) == {}
    assert {p.sec_type for p in town.snapshot().positions} == {"OPT"}
    closing = town.answer("preview_close_strategy", trade_id=opened["order_ref"])
    town.answer("place_order", token=closing["token"])
