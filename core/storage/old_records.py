"""Records in run books of earlier versions, brought to the form they have today.

What a field held then and is nowhere now is left out; what was not recorded is said to be so. Each
change of a result that books on disk do not follow has its entry here. One has none on purpose: the
binding limits of `optimise` were sentences, so such a record is not read, and is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Plain = Mapping[str, Any]

# How stages were called in books written before they had one name each.
OLD_NAMES: Mapping[str, str] = {
    "override": "overlay",
    "check": "risk_gate",
    "rehearse": "what_if",
    "propose": "order_ticket",
    "register": "desk",
    "state": "standing",
    "seal": "journal",
    "seal_execution": "execution",
    "seal_close": "close_journal",
}
# How checks were called in books and tickets of earlier versions.
OLD_CHECKS: Mapping[str, str] = {
    "emergency stop": "kill switch",
    "finish line": "order cut-off",
}
_OLD_RESULT = "facts"
_NOT_RECORDED = "not recorded"


def as_today(stored: Plain) -> dict[str, Any]:
    """Return a stored record under the names, and with the fields, of this version."""
    record = _typed(stored)
    result = record.get("result")
    if not isinstance(result, Mapping) or "checks" not in result:
        return record
    checks = [{**one, "name": check_name(one["name"])} for one in result["checks"]]
    return record | {"result": {**result, "checks": checks}}


def check_name(stored: str) -> str:
    """Return the name that a check has today."""
    return OLD_CHECKS.get(stored, stored)


def _typed(stored: Plain) -> dict[str, Any]:
    if _OLD_RESULT not in stored:
        return dict(stored)
    stage = OLD_NAMES.get(stored["stage"], stored["stage"])
    result = stored[_OLD_RESULT]
    if stage in _RESULTS and isinstance(result, Mapping):
        result = _RESULTS[stage](result)
    rest = {name: value for name, value in stored.items() if name != _OLD_RESULT}
    return rest | {"stage": stage, "result": result}


def _market(result: Plain) -> Plain:
    return {name: value for name, value in result.items() if name != "newest_bar"}


def _risk_gate(result: Plain) -> Plain:
    return {"optimised": {"status": _NOT_RECORDED, "relaxations": {}}, **result}


def _with_actions(result: Plain) -> Plain:
    # Sales were not told from short sales: their side is what is known of them.
    states = [{"action": one["side"], **one} for one in result.get("states", ())]
    return {**result, "states": states}


_RESULTS: Mapping[str, Callable[[Plain], Plain]] = {
    "market": _market,
    "risk_gate": _risk_gate,
    "submit": _with_actions,
    "fills": _with_actions,
}
