"""Executions with their commissions, each counted once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from core.money import Money
from core.types import Fill, oldest_first
from ibkr.orders.combinations import BAG
from ibkr.wire.convert import side
from ibkr.wire.messages import Executed


def fills_by_order(
    executed: Sequence[Executed], commissions: Mapping[str, Money | None], *, account: str
) -> dict[int, tuple[Fill, ...]]:
    """Return the fills of each order of one account by permId, oldest first.

    An execution and its corrections differ in the last part of their id; only the last counts.
    A combination is told of as a whole and leg by leg: its legs are what was traded.
    """
    latest: dict[str, Executed] = {}
    for row in executed:
        if row.execution.acctNumber != account or row.contract.secType == BAG:
            continue
        name, correction = _execution_name(row.execution.execId)
        known = latest.get(name)
        if known is None or correction >= _execution_name(known.execution.execId)[1]:
            latest[name] = row
    fills: defaultdict[int, list[Fill]] = defaultdict(list)
    for name, row in latest.items():
        fills[row.execution.permId].append(_fill(row, _commission(name, row, commissions)))
    return {perm_id: tuple(sorted(rows, key=oldest_first)) for perm_id, rows in fills.items()}


def _fill(row: Executed, commission: Money | None) -> Fill:
    execution = row.execution
    return Fill(
        execution_id=execution.execId,
        order_ref=execution.orderRef,
        con_id=row.contract.conId,
        symbol=row.contract.symbol,
        side=side(execution.side),
        quantity=float(execution.shares),
        price=execution.price,
        time=row.time,
        commission=commission,
    )


def _commission(name: str, row: Executed, commissions: Mapping[str, Money | None]) -> Money | None:
    """Return the commission of an execution; a correction may have none of its own."""
    own = commissions.get(row.execution.execId)
    if own is not None:
        return own
    related = [value for key, value in commissions.items() if _execution_name(key)[0] == name]
    return next((value for value in reversed(related) if value is not None), None)


def _execution_name(execution_id: str) -> tuple[str, str]:
    """Split an id into what it names and the number of the correction, which comes last."""
    parts = re.fullmatch(r"(.+\.\d+)\.(\d+)", execution_id)
    return (parts[1], parts[2]) if parts else (execution_id, "")
