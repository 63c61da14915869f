"""How each name of a target is quoted, and what a share of it is worth in the base currency."""

from __future__ import annotations

from collections.abc import Mapping

from core.money import Price
from core.types import Contract, Position, Snapshot
from optimiser.lots.lot_sizes import Listing, base_price


def listings_of(
    prices: Mapping[int, float],
    contracts: Mapping[int, Contract],
    quoted: Mapping[int, float],
    snapshot: Snapshot,
) -> dict[int, Listing]:
    """Return how every name of a target is quoted, by conId.

    A holding without a price of its own today, one that is not ``quoted``, is worth what the
    account page says, in the base currency.

    Parameters
    ----------
    prices
        What the target was made at, in each market's own units, pence for example.
    contracts
        What can be traded.
    quoted
        The prices of today.
    """
    held = {position.con_id: position for position in snapshot.positions}
    found = {}
    for con_id, price in prices.items():
        if con_id in contracts and con_id in quoted:
            contract = contracts[con_id]
            found[con_id] = Listing(contract.quoted(price), contract.lot)
        elif con_id in held:
            found[con_id] = _as_held(held[con_id], snapshot.currency)
    return found


def _as_held(position: Position, base: str) -> Listing:
    # Not market_price: in which unit the page quotes a share of London is not documented.
    return Listing(Price(abs(position.market_value / position.quantity), base))


def worth_of(listings: Mapping[int, Listing], snapshot: Snapshot) -> dict[int, float]:
    """Return what one share of each name is worth in the base currency, by conId.

    Raises `DataError` naming a currency without a rate.
    """
    rates = snapshot.exchange_rates
    return {con_id: base_price(listing, rates) for con_id, listing in listings.items()}
