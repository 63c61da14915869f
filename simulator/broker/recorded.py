"""Whether what was recorded of an account can be replayed in this market."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.errors import DataError
from core.text.counts import count
from simulator.exchange.order_log import Event, Exercised, Modified, Placed
from simulator.prices.market_view import MarketView


def refuse_unlisted(events: Iterable[Event], view: MarketView, folder: Path) -> None:
    """Raise `DataError` when an order on record is of something that this market does not list."""
    traded = {con_id for event in events for con_id in _named(event)}
    absent = sorted(con_id for con_id in traded if view.securities.find(con_id) is None)
    if absent:
        raise DataError(
            f"the account in {folder} holds orders of {count(len(absent), 'instrument')} that are "
            f"not in {view.market.title}, such as conId {absent[0]}; open the files it traded "
            "on, or move the folder away to begin with an empty account"
        )


def _named(event: Event) -> Iterable[int]:
    """Return the conIds that an event is about."""
    match event:
        case Placed() | Modified():
            return [con_id for con_id, _ in event.terms.trades]
        case Exercised():
            return [event.con_id]
    return []
