"""How every check is written, passed or failed, whatever its number is."""

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.money import Rates
from core.settings import LimitSettings
from desk.gate.desk_gate import Exposure, Market, capital_check, judge
from review.page import usage
from review.page_parts.checks import gate_lines
from review.text import UNKNOWN, bounds, failure
from risk.account import AccountState, History, Valuation
from risk.limits import Limit, check
from risk.order import check_order_cutoff
from risk.strategies.checks import check_closing, check_opening
from tests.risk.gate.gate_verdicts import ORDER, account, in_dollars, returns_of, verdict
from tests.risk.test_strategy_checks import ALL

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
DOLLARS = Rates("USD")
ODD = (None, math.nan, math.inf, -math.inf, 0.0)
# Words of a program, and answers that say nothing.
NONSENSE = re.compile(
    r"\b(nan|None|inf)\b|not known, limit|limit 0\.00 %"
    rf"|is (\d+|{UNKNOWN}), limit 0\b|is {UNKNOWN}"
)

A_HAIR = (
    "gross is 1.2000001, limit 1.2000000 (1.2000001 above 1.2 of net asset value "
    "(limits.max_gross))"
)


def hostile():
    """Yield verdicts over which something is not a number, right at its limit, or just beyond."""
    history = History((Valuation(NOON.date() - timedelta(days=1), NOON, 1e6),))
    for odd in ODD:
        yield from (
            verdict(targets={1: odd}),
            verdict(net_asset_value=odd),
            verdict(coverage=odd),
            verdict(adv={1: odd}, prices={1: odd}, orders=[ORDER]),
            verdict(orders=[replace(ORDER, quantity=odd, limit_price=odd)]),
            verdict(foreign=[(1, odd)]),
            verdict(relaxations={"gross": odd}, optimiser_status="optimal_relaxed"),
            verdict(returns=returns_of(days=20)),
            verdict(account=account(odd)),
            verdict(account=AccountState(odd, history, odd)),
        )
        yield judge(
            [replace(ORDER, quantity=odd)],
            Exposure({1: odd}, {}, odd, {}, rates=DOLLARS),
            Market(in_dollars({1: odd}), {1: odd}, returns_of(), 1.0, rates=DOLLARS),
            limits=LimitSettings(),
            account=account(),
            decided=in_dollars({1: odd}),
        )
        yield [capital_check(odd, 1e6, limits=LimitSettings())]
        for trade in ALL:
            broken = replace(trade, limit_price=odd, leg_prices=(odd,) * len(trade.leg_prices))
            terms = {"net_asset_value": odd, "rates": DOLLARS, "exposure": odd, "adv": odd}
            yield check_opening(broken, **terms, limits=LimitSettings())
            held = [odd or 0.0] * len(trade.strategy.legs)
            yield check_closing(broken, held=held, limits=LimitSettings())
    for stop in ("halted", "reducing", "", 7):
        yield verdict(account=account(stop=stop))
    yield verdict(limits=LimitSettings(restricted=("ACME",)), orders=[ORDER], names={1: "ACME"})
    yield verdict(targets={1: 0.12, 2: 0.05, 3: -0.02})  # right at its limit
    yield verdict(targets={1: 0.1200001, 2: 0.05, 3: -0.02})
    for minutes in (0, 1, -1):
        yield [check_order_cutoff(NOON + timedelta(minutes=minutes), NOON)]


def lines(checks):
    """Return checks as the page, the terminal and the message are given them."""
    return gate_lines(checks, judged_again=False)


def test_every_failed_check_is_a_sentence_with_a_reason_and_without_nonsense():
    seen = set()
    for found in hostile():
        checks = getattr(found, "checks", found)
        for line in lines(checks):
            seen.add(line.name)
            value, limit = bounds(line)
            assert not NONSENSE.search(f"{line.detail} {value} {limit}"), line
            assert 0.0 <= usage(line) <= 100.0
            assert not (line.passed and value == "not measured"), line
            if not line.passed:
                told = failure(line)
                assert not NONSENSE.search(told), told
                assert len(told) > len(line.name) + 8, told
                assert value != limit or not limit, told
    names = {check.name for check in verdict().checks}
    assert names <= seen
    assert len(seen) > 45  # the gate, the desk, and strategies


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (verdict(account=account(stop="halted")), "kill switch: halted: nothing may be sent"),
        (
            verdict(account=account(stop=None)),
            "kill switch: its state is not known: nothing may be sent",
        ),
        (
            [check_order_cutoff(NOON + timedelta(minutes=1), NOON)],
            "order cut-off: decided 1 minute after the order cut-off, 15:00 Bucharest",
        ),
        (
            verdict(targets={1: math.nan}, names={1: "ACME"}),
            "finite weights: what is held or ordered of ACME is not a finite number",
        ),
        (
            [check("gross", 1.2000001, Limit(1.2, "of net asset value", "limits.max_gross"))],
            A_HAIR,
        ),
        (
            [check("net", -0.5, Limit(0.4, "of value", "limits.max_net"), either_way=True)],
            "net is \N{MINUS SIGN}0.50, limit ±0.40 (-0.5 beyond ±0.4 of value (limits.max_net))",
        ),
    ],
)
def test_a_failed_check_says_what_happened(found, said):
    failed = [failure(line) for line in lines(getattr(found, "checks", found)) if not line.passed]
    assert said in failed
