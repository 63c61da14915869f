import ast
import inspect
import math
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.limits import LIMITS, UTILITY, Where
from core.settings import LimitSettings, OptimiserSettings, Settings
from optimiser.target import mean_variance_cvar
from risk.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
TERMS = {term.setting: term for term in (*UTILITY, *LIMITS)}
NAMES = {term.name for term in TERMS.values()}
DEFINITION = "core/limits.py"
# What a module that reads a limit does with it.
ENFORCING = {
    "tasks/ingest/universe.py": {Where.UNIVERSE},
    "tasks/ingest/vendor_staging.py": {Where.SOURCE},
    "tasks/ingest/market.py": {Where.SOURCE},
    "tasks/decide/optimise.py": {Where.TARGET},
    "tasks/decide/targets.py": {Where.LOTS},
    "risk/optimiser_limits.py": {Where.TARGET, Where.LOTS},
    "tasks/decide/overlay.py": {Where.OVERLAY},
    "risk/data_quality.py": {Where.SOURCE},
    "risk/gate.py": {Where.GATE},
    "risk/exposure_limits.py": {Where.GATE},
    "risk/loss_limits.py": {Where.GATE},
    "risk/batch.py": {Where.GATE},
    "risk/order.py": {Where.ORDER},
    "risk/strategies/checks.py": {Where.STRATEGY},
    "risk/account.py": {Where.ACCOUNT},
    "desk/gate/account_state.py": {Where.ACCOUNT},
    "desk/gate/desk_gate.py": {Where.DESK},
    "desk/records/session_limits.py": {Where.SESSION},
    "tasks/record/day_page.py": set(),  # these two show limits, and hold nothing against them
    "review/page_parts/no_orders.py": set(),
}


def of(setting, settings=None):
    section, name = setting.split(".")
    return getattr(getattr(settings or Settings(), section), name)


def modules():
    """Return the path of every tracked module."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    return [path for path in tracked if (ROOT / path).exists()]


def numbers_given_to_terms(source):
    """Yield each place where a name of a term is given a plain value."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arguments):
            usual = node.args[len(node.args) - len(node.defaults) :]
            pairs = [*zip(usual, node.defaults, strict=True)]
            pairs += zip(node.kwonlyargs, node.kw_defaults, strict=True)
            yield from (a.arg for a, value in pairs if a.arg in NAMES and is_plain(value))
        elif isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                name.id
                for name in targets
                if isinstance(name, ast.Name) and name.id.lower() in NAMES and is_plain(node.value)
            )


def is_plain(value):
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, int | float | str)
        and value.value != 0  # no amount of it at all: not what anybody is held to
    ) or (isinstance(value, ast.UnaryOp) and is_plain(value.operand))


@pytest.mark.world
def test_no_other_place_states_a_default():
    elsewhere = ("tests/", "simulator/", "review/")  # review counts the rows it shows
    sources = [each for each in modules() if not each.startswith(elsewhere)]
    found = {
        f"{path}: {name}"
        for path in sources
        if path != DEFINITION
        for name in numbers_given_to_terms((ROOT / path).read_text())
    }
    assert found == set()


def test_the_search_sees_a_default_in_a_class_and_in_a_signature():
    assert list(numbers_given_to_terms("class A:\n    max_gross: float = 1.2\n")) == ["max_gross"]
    assert list(numbers_given_to_terms("def f(*, cvar_level=0.95): ...")) == ["cvar_level"]
    assert not list(numbers_given_to_terms("def f(*, max_gross=MAX_GROSS.default): ..."))


def test_every_setting_of_the_two_sections_is_defined_and_nothing_else_is():
    fields = {f"limits.{name}" for name in LimitSettings.model_fields}
    fields |= {f"optimiser.{name}" for name in OptimiserSettings.model_fields}
    assert fields | {"signals.information_coefficient"} == set(TERMS)


@pytest.mark.parametrize("setting", TERMS)
def test_a_setting_has_the_default_and_the_range_of_its_definition(setting):
    term = TERMS[setting]
    assert of(setting) == term.default
    section, name = setting.split(".")
    kind = type(getattr(Settings(), section))
    for end, is_open, beyond in (
        (term.range.low, term.range.low_open, -1),
        (term.range.high, term.range.high_open, 1),
    ):
        if math.isfinite(end):
            with pytest.raises(ValidationError):
                kind(**{name: end + beyond})
            if is_open:
                with pytest.raises(ValidationError):
                    kind(**{name: end})
            else:
                assert getattr(kind(**{name: end}), name) == end


def test_the_optimiser_called_by_itself_has_the_defaults_of_a_day():
    parameters = inspect.signature(mean_variance_cvar).parameters
    no_cap = {"max_turnover", "max_net", "impact"}  # a caller of its own asks for none
    for term in TERMS.values():
        if term.name in parameters:
            expected = None if term.name in no_cap else term.default
            assert parameters[term.name].default == expected, term.name


def test_what_an_account_may_be_set_to_the_optimiser_can_solve():
    for term in TERMS.values():
        if math.isfinite(term.solvable.low):
            assert term.solvable.high >= term.range.high or term.range.high_open, term.name


def test_what_the_gate_is_said_to_enforce_it_has_a_limit_for():
    limits = Limits.of(LimitSettings())
    gated = {getattr(limits, name).setting.split()[0] for name in Limits.__dataclass_fields__}
    said = {
        term.setting
        for term in LIMITS
        if {Where.GATE, Where.ORDER, Where.ACCOUNT, Where.STRATEGY} & set(term.enforced)
    }
    # The restricted list, the day records begin on and the least prices are no numbers to exceed.
    others = {"restricted", "account_since", "min_option_price", "min_spread_width"}
    assert said - {f"limits.{name}" for name in others} == gated


def limits_read(source):
    """Return the settings of the limits that a module reads, itself or as `risk.limits.Limits`."""
    limits = Limits.of(LimitSettings())
    settings = {term.name: term.setting for term in LIMITS}
    for name in Limits.__dataclass_fields__:
        settings[name] = getattr(limits, name).setting.split()[0]
    read = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    holders = re.compile(r"(.+\.)?(limits|rules)|Limits\.of\(.*\)")
    return {
        settings[node.attr]
        for node in read
        if node.attr in settings and holders.fullmatch(ast.unparse(node.value))
    }


def test_the_search_sees_a_limit_that_is_read():
    assert limits_read("day.settings.limits.max_net + rules.missing + settings.orders") == {
        "limits.max_net",
        "limits.min_coverage",
    }
    assert limits_read("Limits.of(limits).beta") == {"limits.max_beta"}


@pytest.mark.world
def test_a_limit_is_enforced_where_its_definition_says_and_nowhere_else():
    # The optimiser is handed its limits by name, by the stages; risk/limits.py only converts them.
    elsewhere = ("tests/", "benchmarks/", "core/", "optimiser/", "risk/limits.py")
    found = {term.setting: set() for term in LIMITS}
    for path in modules():
        if not path.startswith(elsewhere):
            for setting in limits_read((ROOT / path).read_text()):
                assert path in ENFORCING, f"{path} reads {setting}: say here what it does with it"
                found[setting] |= ENFORCING[path]
    assert found == {term.setting: set(term.enforced) for term in LIMITS}


def test_the_readme_shows_the_defaults():
    blocks = (ROOT / "README.md").read_text().split("```toml")[1:]
    shown = "".join(block.split("```")[0] for block in blocks)
    found, section = 0, ""
    for line in shown.splitlines():
        section = (re.match(r"\[(\w+)\]", line) or [None, section])[1]
        value = re.match(r"(\w+) = ([-\d.e]+)\b", line)
        if value and (term := TERMS.get(f"{section}.{value[1]}")):
            assert float(value[2]) == term.default, line
            found += 1
    assert found >= 5
