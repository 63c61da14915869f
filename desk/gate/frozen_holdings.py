"""Which holdings a day leaves as they are: one odd holding costs that holding, never the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.types import Position, Snapshot, whole_shares
from core.types.frozen import FrozenHolding

KINDS = {
    "BAG": "a combination", "BILL": "a treasury bill", "BOND": "a bond", "CFD": "a contract for "
    "difference", "CMDTY": "a commodity", "CRYPTO": "a coin", "FOP": "an option on a future",
    "FUND": "a mutual fund", "FUT": "a future", "IND": "an index", "IOPT": "a structured product",
    "OPT": "an option", "WAR": "a warrant",
}  # fmt: skip
_IN_TWS = "keep it, or close it in TWS"
_PAIR = ("a conversion of currency; its money is in the cash", "nothing")


@dataclass(frozen=True, slots=True)
class Known:
    """What a day knows of the instruments that are held, by conId."""

    contracts: Collection[int]
    usable: Collection[int]  # with the data that a target rests on
    not_found: Mapping[int, str]  # why there is no contract
    unusable: Mapping[int, str]  # why there are no data


def frozen_holdings(account: Snapshot, known: Known) -> tuple[FrozenHolding, ...]:
    """Return every holding that cannot be traded today, by symbol, with why and a remedy.

    Last come fractions of a share: the whole shares beside them trade.
    """
    whole = [
        FrozenHolding(p.con_id, p.symbol, p.sec_type, p.quantity, _value(p), *reason)
        for p in account.positions
        if (reason := _reason(p, known)) is not None
    ]
    pairs = [
        FrozenHolding(p.con_id, p.symbol, p.sec_type, p.quantity, 0.0, *_PAIR)
        for p in account.currency_pairs
    ]
    named = {one.con_id for one in whole}
    parts = [_part(p) for p in account.positions if p.fraction and p.con_id not in named]
    return (*whole, *pairs, *parts)


def _reason(position: Position, known: Known) -> tuple[str, str] | None:
    """Return why a holding stays as it is, and what a person can do; None where it is traded."""
    if position.sec_type != "STK":
        kind = KINDS.get(position.sec_type, f"of the kind {position.sec_type}")
        return f"{kind}: a day trades stocks and funds of exchanges", _IN_TWS
    if not position.is_valued:
        return "the broker states no value of it", "look it up in TWS and ask IBKR what it is worth"
    if not position.is_worth_something:
        return "the broker values it at 0", "ask IBKR to take the worthless position away"
    return _unknown(position.con_id, known)


def _unknown(con_id: int, known: Known) -> tuple[str, str] | None:
    """Return why nothing can be decided about a stock; None where all that it takes is known."""
    if con_id in known.not_found:
        return f"no contract: {known.not_found[con_id]}", "sell it in TWS, if it trades at all"
    if con_id not in known.contracts:
        return "not in the universe", "set universe.include_holdings, or close it in TWS"
    if con_id not in known.usable:
        return known.unusable.get(con_id, "its data cannot be used"), _IN_TWS
    return None


def _part(position: Position) -> FrozenHolding:
    fraction = position.fraction
    worth = _value(position)
    return FrozenHolding(
        position.con_id,
        position.symbol,
        position.sec_type,
        fraction,
        None if worth is None else worth * fraction / position.quantity,
        f"a fraction: {whole_shares(position.quantity)} of {position.quantity:g} shares can be "
        "traded by the API",
        "keep it, or sell it in TWS or IBKR Mobile",
    )


def _value(position: Position) -> float | None:
    return position.market_value if position.is_valued else None
