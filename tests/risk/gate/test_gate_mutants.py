"""Every mistake that could be made in a limit is noticed: one changed line at a time.

Each mutant is the gate's own source with one text replaced, loaded beside the real one and asked
the same cases. It is killed when its answer is not the oracle's. Some mistakes are written down in
`gate_mutants`; that a limit is not held at all is made from the source, for each place that holds
one, so a limit that is added has its mutant from then on.
"""

import re
import sys
import types
from functools import cache
from pathlib import Path

import pytest

from risk.limits import Limits
from tests.fixtures.tiers import every
from tests.risk.gate import gate_asked
from tests.risk.gate.gate_asked import KINDS, ask_portfolio, compared, real_gate
from tests.risk.gate.gate_cases import SETTINGS
from tests.risk.gate.gate_decisive import decisive
from tests.risk.gate.gate_draws import limit_case
from tests.risk.gate.gate_mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[3]
# In the order in which they import each other.
MODULES = (
    "risk.limits", "risk.measures", "risk.order", "risk.account", "risk.outcomes", "risk.batch",
    "risk.exposure_limits", "risk.loss_limits", "risk.gate",
    "desk.gate.desk_gate",
)  # fmt: skip
# A place that holds a number against a limit, with its whole line: that is unique in its module.
HELD = re.compile(r"^.*\brules\.(\w+)\b.*$", re.MULTILINE)


def lifted():
    """Return a mutant for each place that holds a limit, where nothing is too much any more."""
    found = {}
    for module in MODULES:
        for line in HELD.finditer(source_of(module)):
            old, limit = line.group(), f"rules.{line[1]}"
            new = old.replace(limit, f"type({limit})(float('inf'), '', '')")
            found[f"{module}: {old.strip()}"] = (module, old, new)
    return found


def source_of(module):
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text()


def load(file="", old="", new=""):
    """Load the gate's modules under other names, one of them with a text replaced.

    What comes before that one imports nothing of it, and is shared with every other mutant.
    """
    changed = f"risk.{file}" if file and "." not in file else file
    if not changed:
        return load_all(dict.fromkeys(MODULES, ""))
    source = source_of(changed)
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {changed}"
    before = MODULES[: MODULES.index(changed)]
    rest = dict.fromkeys(MODULES[len(before) :], "") | {changed: source.replace(old, new)}
    return load_all(rest, {name: unchanged()[name] for name in before})


@cache
def unchanged():
    return load_all(dict.fromkeys(MODULES, ""))


def load_all(sources, shared=()):
    """Load modules in the order of their imports; an empty source is the module's own."""
    sys.modules["mutant"] = types.ModuleType("mutant")
    package = sys.modules["mutant.risk"] = types.ModuleType("mutant.risk")
    loaded = dict(shared)
    for name in MODULES:
        if name in sources:
            loaded[name] = types.ModuleType(f"mutant.{name}")
        sys.modules[f"mutant.{name}"] = loaded[name]
        if name in sources:
            exec(compiled(name, sources[name]), loaded[name].__dict__)
        setattr(package, name.split(".")[-1], loaded[name])
    return loaded


@cache
def compiled(name, source):
    source = source or source_of(name)
    source = source.replace("from risk import measures", "from mutant.risk import measures")
    for other in MODULES:
        source = re.sub(
            rf"^from {other} import", f"from mutant.{other} import", source, flags=re.MULTILINE
        )
    return compile(source, f"mutant {name}", "exec")


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


def test_every_limit_that_the_gate_holds_has_a_mutant_without_it():
    held = {HELD.match(old)[1] for _, old, _ in lifted().values()}
    # What an option strategy may lose is held in risk/strategies, which has tests of its own.
    assert held == set(Limits.__dataclass_fields__) - {"trade_risk"}


@pytest.mark.parametrize("name", every(5, MUTANTS))
def test_a_changed_limit_is_noticed(name):
    assert not survives(gate_of(load(*MUTANTS[name])), MUTANTS[name][0]), f"nobody noticed: {name}"


@pytest.mark.parametrize(("module", "old", "new"), lifted().values(), ids=lifted())
def test_a_limit_that_is_not_held_is_noticed(module, old, new):
    assert not survives(gate_of(load(module, old, new)), module.removeprefix("risk."))


def test_every_kind_of_case_is_asked():
    assert len(in_order("gate")) > 500
    assert {ask for ask, _, _ in in_order("gate")} == {ask for _, ask in gate_asked.KINDS.values()}
