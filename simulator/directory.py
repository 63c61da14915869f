"""Finding instruments by what a client says of them."""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.market import Instrument, Market
from simulator.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery

MOST_SAMPLES = 16  # TWS lists no more matching symbols


class Directory:
    """The instruments of a market by conId and by symbol."""

    def __init__(self, market: Market) -> None:
        self._all = market.instruments
        self._by_id = {item.con_id: item for item in self._all}
        self._by_symbol: dict[str, list[Instrument]] = {}
        for item in self._all:
            self._by_symbol.setdefault(item.symbol, []).append(item)

    def find(self, query: ContractQuery) -> list[Instrument]:
        """Return all instruments the query fits: none, one, or several when it is ambiguous."""
        if query.con_id:
            found = self._by_id.get(query.con_id)
            return [found] if found else []
        candidates = self._by_symbol.get(query.symbol or query.local_symbol, [])
        return [item for item in candidates if query.matches(item)]

    def one(self, query: ContractQuery) -> Instrument:
        """Return the only instrument the query fits. Raises `RequestRefused` (200) otherwise."""
        found = self.find(query)
        if not found:
            raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
        if len(found) > 1:
            raise RequestRefused(
                f"The contract description specified for {query.symbol} is ambiguous.",
                code=UNKNOWN_CONTRACT,
            )
        return found[0]

    def samples(self, pattern: str) -> list[Instrument]:
        """Return instruments whose symbol begins with, or whose name contains, the pattern."""
        wanted = pattern.strip().upper()
        if not wanted:
            return []
        by_symbol = [item for item in self._all if item.symbol.startswith(wanted)]
        by_name = [item for item in self._all if wanted in item.name.upper()]
        return list(dict.fromkeys(by_symbol + by_name))[:MOST_SAMPLES]
