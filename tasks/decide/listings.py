"""How each name of a target is quoted, and what a share of it is worth in the base currency."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from core.money import Price
from core.tables.columns import numbers
from core.types import Contract, Position, Snapshot
from optimiser.lots.lot_sizes import Listing, base_price
from tasks.day import Day
from tasks.ingest.ingested import Ingested
from tasks.ingest.universe import contracts_of


def listing_of(contract: Contract, price: float) -> Listing:
    """Return how a contract is quoted at a price in its own units, pence for example."""
    return Listing(contract.quoted(price), contract.lot)


def listings_of(
    day: Day, table: pd.DataFrame, ingested: Ingested, snapshot: Snapshot
) -> dict[int, Listing]:
    """Return how every name of a target is quoted, by conId.

    A holding without a price of its own today is worth what the account page says, in the base
    currency.
    """
    contracts = {one.con_id: one for one in contracts_of(ingested.universe_table(day))}
    quoted = numbers(ingested.feature_table(day)["price"])
    held = {position.con_id: position for position in snapshot.positions}
    found = {}
    for con_id, price in numbers(table["price"]).items():
        if con_id in contracts and con_id in quoted:
            found[con_id] = listing_of(contracts[con_id], price)
        elif con_id in held:
            found[con_id] = _as_held(held[con_id], snapshot.currency)
    return found


def _as_held(position: Position, base: str) -> Listing:
    # Not market_price: in which unit the page quotes a share of London is not documented.
    return Listing(Price(abs(position.market_value / position.quantity), base))


def base_prices(listings: Mapping[int, Listing], snapshot: Snapshot) -> dict[int, float]:
    """Return what one share of each name is worth in the base currency, by conId.

    Raises `DataError` naming a currency without a rate.
    """
    rates = snapshot.exchange_rates
    return {con_id: base_price(listing, rates) for con_id, listing in listings.items()}
