# ruff: noqa: E501 - a mutation is read in one line
"""Every mistake that could be made in a limit is noticed: one changed line at a time.

Each mutant is the gate's own source with one text replaced, loaded beside the real one and asked
the same cases. It is killed when its answer is not the oracle's.
"""

import re
import sys
import types
from functools import cache
from pathlib import Path

import pytest

from tests.risk import gate_cases
from tests.risk.gate_cases import KINDS, SETTINGS, ask_portfolio, compared, limit_case, real_gate
from tests.risk.gate_decisive import decisive

ROOT = Path(__file__).resolve().parents[2]
# In the order in which they import each other.
MODULES = (
    "risk.limits", "risk.measures", "risk.order", "risk.account", "risk.portfolio", "risk.batch",
    "risk.gate", "desk.gate.desk_gate",
)  # fmt: skip

MUTANTS = {
    # What "within" means, and which setting holds what.
    "a limit may not be reached": ("limits", "value <= limit + TOLERANCE", "value < limit"),
    "a limit holds from below": ("limits", "value <= limit + TOLERANCE", "value >= limit"),
    "the tolerance is a thousandth": ("limits", "TOLERANCE = 1e-9", "TOLERANCE = 1e-3"),
    "the tolerance is taken off": ("limits", "limit + TOLERANCE", "limit - TOLERANCE"),
    "what is not finite is measured": (
        "limits",
        "if not math.isfinite(value):\n        shown",
        "if False:\n        shown",
    ),
    "true is a number": ("limits", "isinstance(value, bool) or not", "not"),
    "text is a number": ("limits", ' or not hasattr(value, "__float__")', ""),
    "cash buffer with the wrong sign": (
        "limits",
        "1.0 - settings.cash_buffer",
        "1.0 + settings.cash_buffer",
    ),
    "one name may have the gross": ("limits", "(terms.MAX_SINGLE, settings.max_single", "(terms.MAX_SINGLE, settings.max_gross"),
    "net held to gross": ("limits", "(terms.MAX_NET, settings.max_net", "(terms.MAX_NET, settings.max_gross"),
    "CVaR held to VaR": ("limits", "(terms.MAX_CVAR, settings.max_cvar", "(terms.MAX_CVAR, settings.max_var"),
    "sector held to the unknown": (
        "limits",
        "(terms.MAX_SECTOR, settings.max_sector",
        "(terms.MAX_SECTOR, settings.max_unknown_sector",
    ),
    "drawdown held to the daily loss": (
        "limits",
        "(terms.MAX_DRAWDOWN, settings.max_drawdown",
        "(terms.MAX_DRAWDOWN, settings.max_daily_loss",
    ),
    "short beta with the wrong sign": ("limits", "-settings.min_beta", "settings.min_beta"),
    "coverage the wrong way round": (
        "limits",
        "1.0 - settings.min_coverage",
        "settings.min_coverage",
    ),
    "change of gross held to gross": (
        "limits",
        "(terms.MAX_GROSS_CHANGE, settings.max_gross_change",
        "(terms.MAX_GROSS_CHANGE, settings.max_gross",
    ),
    # what is measured
    "gross without sizes": ("measures", "sum((abs(w) for w in weights), 0.0)", "sum(weights, 0.0)"),
    "shorts are invested": ("measures", "if not w <= 0.0", "if True"),
    "turnover counts once": (
        "measures",
        "sum((abs(change) for change in changes(current, targets).values()), 0.0)",
        "sum((abs(change) for change in changes(current, targets).values()), 0.0) / 2.0",
    ),
    "turnover nets": (
        "measures",
        "sum((abs(change) for change in changes",
        "sum((change for change in changes",
    ),
    "what is sold out is no change": ("measures", "sorted({*current, *targets})", "sorted(targets)"),
    "a missing day is a calm one": (
        "measures",
        "known = np.isfinite(held).all(axis=1)",
        "held = np.nan_to_num(held, posinf=0.0, neginf=0.0)\n    known = np.isfinite(held).all(axis=1)",
    ),
    "a name without returns is calm": (
        "measures",
        "if any(name not in returns.columns for name in positions):\n        return",
        "if positions and all(name not in returns.columns for name in positions):\n        return",
    ),
    "losses are profits": (
        "measures",
        "float(np.sort(-profits)[::-1][_whole_tail",
        "float(np.sort(profits)[::-1][_whole_tail",
    ),
    "one more day in the tail": ("measures", "(1.0 - level) + 1e-9)", "(1.0 - level) + 1.0)"),
    "CVaR without its last part": ("measures", "max(size - whole, 0.0) * losses[whole]", "0.0"),
    "the volatility of a population": ("measures", "ddof=1", "ddof=0"),
    "the quantile of the other tail": ("measures", "inv_cdf(level) * np", "inv_cdf(1.0 - level) * np"),
    "parametric CVaR is the VaR": (
        "measures",
        "/ quantile * normal.pdf(quantile) / (1.0 - level)",
        "",
    ),
    "beta upside down": (
        "measures",
        "float(x @ (y - y.mean())) / spread",
        "spread / float(x @ (y - y.mean()))",
    ),
    "beta of few days": ("measures", "if len(x) < min_days", "if len(x) < 2"),
    "a still market has a beta": ("measures", "spread > len(x) * LEAST_MOVE**2", "spread >= 0.0"),
    "an unknown volume is no volume": (
        "measures",
        "average_daily_volume > 0.0):\n        return math.nan",
        "average_daily_volume > 0.0):\n        return 0.0",
    ),
    "sectors net": ("measures", "totals.get(sector, 0.0) + abs(weight)", "totals.get(sector, 0.0) + weight"),
    "the largest long only": ("measures", "[(abs(w), -name)", "[(w, -name)"),
    # one order
    "half a share": ("order", " and quantity == math.floor(quantity)", ""),
    "no shares at all": ("order", "and quantity > 0.0 and", "and quantity >= 0.0 and"),
    "the cheaper price": ("order", "max(limit, reference)", "min(limit, reference)"),
    "a collar on one side": ("order", "abs(number(order.limit_price) / reference - 1.0)", "number(order.limit_price) / reference - 1.0"),
    "the collar of the limit price": (
        "order",
        "number(order.limit_price) / reference - 1.0",
        "reference / number(order.limit_price) - 1.0",
    ),
    "no limit price is no trouble": ("order", " if math.isfinite(limit) and limit > 0.0 else math.nan", ""),
    "a negative reference": ("order", "math.isfinite(reference) and reference > 0.0", "math.isfinite(reference)"),
    "a negative account": ("order", "if 0.0 < value < math.inf", "if value < math.inf"),
    "the value of a share": ("order", "rates.in_base(dearest * quantity)", "rates.in_base(dearest * 1.0)"),
    # the account
    "a loss of the present value": ("account", "1.0 - present / values[-1]", "values[-1] / present - 1.0"),
    "a loss since the first day": ("account", "present / values[-1]", "present / values[0]"),
    "a gain is a loss": ("account", "return 1.0 - present / values[-1]", "return present / values[-1] - 1.0"),
    "the high of the mornings": (
        "account",
        "drawdown(valuations, present)",
        "drawdown(valuations[:1], present)",
    ),
    "flat days lose": ("account", "days[-1 - count] < days[-2 - count]", "days[-1 - count] <= days[-2 - count]"),
    "the last of a day": ("account", "first.setdefault(one.session, number(one.net_asset_value))", "first[one.session] = number(one.net_asset_value)"),
    "records in any order": (
        "account",
        "sorted(valuations, key=lambda each: (each.session, each.as_of))",
        "valuations",
    ),
    "an unreadable history is a first day": ("account", "if not values and not trouble:", "if not values:"),
    "a worthless record counts": ("account", "if bad and not trouble:", "if False:"),
    "halted reduces": ("account", "(state == REDUCING and reduces)", "(state != ACTIVE and reduces)"),
    "reducing opens": ("account", "(state == REDUCING and reduces)", "state == REDUCING"),
    "nobody asks the emergency stop": (
        "account",
        "    yield _emergency_stop(account.emergency_stop, reduces=reduces)\n",
        "",
    ),
    "earlier orders do not count": ("account", "number(account.orders_before) + orders", "float(orders)"),
    # what is held against what
    "weights may be anything": ("gate", "passed=not odd, detail=shown", "passed=True, detail=shown"),
    "only targets are looked at": ("gate", "[*portfolio.current.items(), *portfolio.targets.items(), *portfolio.foreign]", "[*portfolio.targets.items()]"),
    "an account below zero": ("gate", "good = math.isfinite(value) and value > 0.0", "good = math.isfinite(value)"),
    "a coverage of two": ("gate", "inside = 0.0 <= coverage <= 1.0", "inside = 0.0 <= coverage"),
    "any status": ("gate", "passed = status == OPTIMAL and not amounts", "passed = not amounts"),
    "a relaxation without an amount": ("gate", "passed = bool(amounts) and all(", "passed = all("),
    "a relaxation by less than nothing": (
        "gate",
        "math.isfinite(amount) and amount >= 0.0 for",
        "math.isfinite(amount) for",
    ),
    "gross of what was held": (
        "gate",
        'yield check("gross", portfolio.worst(lambda w: measures.gross(w.values())), rules.gross)',
        'yield check("gross", before, rules.gross)',
    ),
    "only growing gross is a change": ("gate", "abs(measures.gross(w.values()) - before)", "measures.gross(w.values()) - before"),
    "net short passes": ("gate", "abs(measures.net(w.values()))", "measures.net(w.values())"),
    "nobody looks at the largest name": (
        "gate",
        'yield check("largest single", size, rules.single, portfolio.name(name))',
        'yield check("largest single", 0.0 * size, rules.single, portfolio.name(name))',
    ),
    "the best outcome": ("portfolio", "for value in values) else max(values)\n\n    def traded", "for value in values) else min(values)\n\n    def traded"),
    "others never fill": ("portfolio", "    if not foreign:\n        return (targets,)", "    return (targets,)"),
    "others always fill": ("portfolio", "    outcomes = [targets]\n", "    outcomes = []\n"),
    "sales of others make room": ("portfolio", "for fills in (buys, sells, foreign):", "for fills in (sells, foreign):"),
    "purchases of others never fill": ("portfolio", "for fills in (buys, sells, foreign):", "for fills in (buys, foreign):"),
    "one sector is another": ("gate", "max(before, size)\n", "min(before, size)\n"),
    "the smallest sector": ("gate", "largest = ordered[-1] if", "largest = ordered[0] if"),
    "unknown sectors are free": ("gate", 'yield check("unknown sector", unknown, rules', 'yield check("unknown sector", 0.0, rules'),
    "risk of few days": ("gate", "MIN_DAYS = 60", "MIN_DAYS = 40"),
    "the 90 % level": ("measures", "VAR_LEVEL = 0.95", "VAR_LEVEL = 0.90"),
    "risk of one outcome": ("gate", "for days, any_ in zip(profits, held, strict=True)\n        ]", "for days, any_ in list(zip(profits, held, strict=True))[:1]\n        ]"),
    "short beta is beta": ("gate", "lambda days: -slope(days)", "slope"),
    "the market given is not used": ("gate", "if market is None else market\n", "if True else market\n"),
    "others trade for nothing": ("portfolio", "sizes[name] = sizes.get(name, 0.0) + abs(weight)", "pass"),
    "others' sales are no trades": ("portfolio", "sizes.get(name, 0.0) + abs(weight)", "sizes.get(name, 0.0) + weight"),
    "liquidity in money": ("batch", "size * portfolio.net_asset_value / price if", "size * portfolio.net_asset_value if"),
    "an unknown price is no trade": ("batch", "if math.isnan(share):\n            return name, share", "if math.isnan(share):\n            continue"),
    "the least of the illiquid": ("batch", "if share > worst[1]:", "if share < worst[1]:"),
    "turnover of others is free": (
        "batch",
        "    amount += measures.gross(weight for _, weight in portfolio.foreign)\n",
        "",
    ),
    "orders are not counted": ("batch", 'check("order count", float(len(orders))', 'check("order count", 0.0'),
    "the best order counts": ("batch", 'passed=not failed, detail=f"{more}', 'passed=failed < len(found), detail=f"{more}'),
    "collars are not looked at": (
        "batch",
        '("quantity", "order value", "price collar", "share of volume")',
        '("quantity", "order value", "share of volume", "share of volume")',
    ),
    "restricted by conId only": ("limits", " or (symbol.strip().casefold() or None) in listed", ""),
    "restricted by symbol only": ("limits", "str(con_id) in listed or ", ""),
    "restricted as it is spelt": ("limits", "{entry.strip().casefold() for entry in restricted}", "set(restricted)"),
    "nameless names pass": ("batch", "count = len(hit) + len(nameless)", "count = len(hit)"),
    "turning a position over reduces it": ("portfolio", "weight * self.current.get(name, 0.0) >= 0.0", "True"),
    "opening reduces": ("portfolio", "within(abs(weight), abs(self.current.get(name, 0.0)))", "True"),
    # orders in front of the desk
    "sales buy": ("desk.gate.desk_gate", "(o.con_id, o.side.sign * number(o.quantity))", "(o.con_id, number(o.quantity))"),
    "working orders are forgotten": ("desk.gate.desk_gate", "        *held.pending.items(),\n", ""),
    "others are forgotten": (
        "desk.gate.desk_gate",
        "        foreign=weighed(held.foreign, prices, held.net_asset_value),\n",
        "",
    ),
    "the prices of the decision are forgotten": ("desk.gate.desk_gate", "market.prices | dict(decided or {})", "market.prices"),
    "a price may fall": ("desk.gate.desk_gate", "return abs(now / was - 1.0)", "return (now / was - 1.0)"),
    "a price from nothing": ("desk.gate.desk_gate", "known = 0.0 < was < math.inf and 0.0 < now < math.inf", "known = was < math.inf and now < math.inf"),
    "single orders are not looked at": ("desk.gate.desk_gate", "        *verdict.orders,\n", ""),
}  # fmt: skip


def load(file="", old="", new=""):
    """Load the gate's modules under other names, one of them with a text replaced."""
    changed = f"risk.{file}" if file and "." not in file else file
    loaded = {}
    for name in MODULES:
        source = ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text()
        if name == changed:
            assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {name}"
            source = source.replace(old, new)
        source = source.replace("from risk import measures", "from mutant.risk import measures")
        for other in MODULES:
            source = re.sub(
                rf"^from {other} import", f"from mutant.{other} import", source, flags=re.MULTILINE
            )
        module = types.ModuleType(f"mutant.{name}")
        sys.modules[module.__name__] = module
        loaded[name] = module
        package = sys.modules.setdefault("mutant.risk", types.ModuleType("mutant.risk"))
        sys.modules.setdefault("mutant", types.ModuleType("mutant"))
        exec(compile(source, f"mutant {name}", "exec"), module.__dict__)
        setattr(package, name.split(".")[-1], module)
    return loaded


def gate_of(modules):
    """Return the gate that these modules make."""
    gate = real_gate()
    gate.check_constraints = modules["risk.gate"].check_constraints
    gate.check_order = modules["risk.order"].check_order
    gate.judge = modules["desk.gate.desk_gate"].judge
    for name in ("AccountState", "History", "Valuation"):
        setattr(gate, name, getattr(modules["risk.account"], name))
    for name in ("Exposure", "Market"):
        setattr(gate, name, getattr(modules["desk.gate.desk_gate"], name))
    return gate


@cache
def cases():
    """Return the cases by hand, each limit from all sides, and a sample of everything, by group."""
    groups = {
        group: [(KINDS[kind][1], case, expected) for kind, case, expected in found]
        for group, found in decisive().items()
    }
    single = {"order value", "price collar", "share of volume"}  # of one order
    groups["limits"] = [
        (ask_portfolio, *limit_case(1, name, aside))
        for name in sorted(SETTINGS.keys() - single)
        for aside in (0, 1, -1)
    ]
    for kind, count in (("order", 200), ("portfolio", 60), ("desk", 30)):
        case_of, ask = KINDS[kind]
        groups[f"any {kind}"] = [(ask, *case_of(seed)) for seed in range(count)]
    return groups


# Where a mistake in a module shows first: most mutants are killed within a few cases.
FIRST = {
    "order": ("any order", "orders"),
    "account": ("account",),
    "desk.gate.desk_gate": ("desk", "any desk"),
    "measures": ("weights", "limits"),
    "limits": ("limits", "names", "numbers"),
    "gate": ("limits", "weights", "names"),
    "portfolio": ("limits", "weights", "names"),
    "batch": ("limits", "weights", "names"),
}


def in_order(file):
    """Return every case, those first that are about a module."""
    groups, first = cases(), FIRST.get(file, ())
    ordered = [*first, *(group for group in groups if group not in first)]
    return [case for group in ordered for case in groups[group]]


def survives(gate, file=""):
    """Return whether a gate gives the oracle's answer to every case; one that breaks does not."""
    for ask, case, expected in in_order(file):
        try:
            answer = compared(ask(case, gate), expected)
        except Exception:  # noqa: BLE001 - a gate that raises over numbers is noticed as well
            return False
        if not answer.agrees:
            return False
    return True


@pytest.fixture(autouse=True)
def no_mutant_stays():
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "mutant"]:
        del sys.modules[name]


def test_the_gate_loaded_the_same_way_survives():
    assert survives(gate_of(load()))


def test_there_are_more_than_a_hundred_mutants():
    assert len(MUTANTS) > 100
    assert len(set(MUTANTS.values())) == len(MUTANTS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_changed_limit_is_noticed(name):
    assert not survives(gate_of(load(*MUTANTS[name])), MUTANTS[name][0]), f"nobody noticed: {name}"


def test_every_kind_of_case_is_asked():
    assert len(in_order("gate")) > 500
    assert {ask for ask, _, _ in in_order("gate")} == {ask for _, ask in gate_cases.KINDS.values()}
