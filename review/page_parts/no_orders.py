"""Why a day has no orders, in words: a portfolio where it should be is one reason of many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core.settings import Settings
from core.untraded import Cause, Untraded
from desk.tickets.order_ticket import Ticket
from review.states import some_of
from risk.gate import OPTIMAL, RELAXED

SHOWN = 3  # names that are listed


def no_orders(
    ticket: Ticket,
    targets: Iterable[Mapping[str, Any]],
    settings: Settings,
    *,
    status: str,
    left_alone: Mapping[str, Untraded],
) -> str:
    """Return why a ticket has no orders; empty where it has some.

    ``targets`` are the rows of the table of targets, ``status`` the optimiser's, ``left_alone``
    the symbols that rounding left as they are.
    """
    if ticket.lines:
        return ""
    if ticket.removed:
        named = "; ".join(f"{each.symbol}: {each.reason}" for each in ticket.removed[:SHOWN])
        return f"The what-if removed every order ({named})."
    if status not in {OPTIMAL, RELAXED}:
        return f"The optimiser found no target (status {status}): holdings are kept."
    if left_alone:
        return _left_alone(left_alone, ticket, settings)
    return _nothing_to_change(list(targets))


def _nothing_to_change(targets: Collection[Mapping[str, Any]]) -> str:
    if held := [row for row in targets if row["weight_before"]]:
        return f"The portfolio is already at its target, in {_names(len(held))}."
    if all(row["alpha_score"] is None for row in targets):
        return f"No score of {_names(len(targets))} is known, so the target is empty."
    if taken := [row["symbol"] for row in targets if row["weight_optimal"] and row["override"]]:
        return f"Overrides removed every position from the target: {some_of(sorted(taken), SHOWN)}."
    return "The target is empty: no expected return is worth its cost and its risk."


def _left_alone(names: Mapping[str, Untraded], ticket: Ticket, settings: Settings) -> str:
    wanted = sum(abs(each.change) for each in names.values())
    parts = []
    for cause in Cause:
        of_cause = {name: each for name, each in names.items() if each.cause is cause}
        if of_cause:
            told = _explained(cause, of_cause, ticket, settings)
            parts.append(f"{len(of_cause)} {cause}{told}")
    return (
        f"The target changes {_names(len(names))} by {wanted:.2%} of net asset value in all, "
        f"and none makes an order: {'; '.join(parts)}."
    )


def _explained(
    cause: Cause, names: Mapping[str, Untraded], ticket: Ticket, settings: Settings
) -> str:
    """Return the figures of a cause, to be read behind its name."""
    limit = settings.limits.max_single
    if cause is Cause.BAND:
        band = settings.orders.no_trade_band
        narrow = f"; limits.max_single is narrower, {limit:.2%}" if limit < band else ""
        return f" of {band:.2%} (orders.no_trade_band{narrow})"
    if cause is Cause.VALUE:
        return f" of {settings.orders.min_trade_value:,.2f} (orders.min_trade_value)"
    if cause is not Cause.LOT:
        return f" ({some_of(sorted(names), SHOWN)})"
    largest = max(abs(each.change) for each in names.values())
    lot = min(each.lot for each in names.values())
    too_large = sum(each.lot > limit for each in names.values())
    told = (
        f" (the largest change is {largest:.2%}, the smallest lot {lot:.2%} or "
        f"{lot * ticket.net_asset_value:,.0f}"
    )
    if too_large:
        told += f"; of {too_large} one lot is more than limits.max_single allows, {limit:.2%}"
    return f"{told}; orders.even_lots = false trades single shares)"


def _names(count: int) -> str:
    return f"{count} name{'' if count == 1 else 's'}"
