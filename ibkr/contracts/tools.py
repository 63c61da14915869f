"""Instruments of every kind: looked up, described, with hours and price increments."""

from __future__ import annotations

from core.types import Increment
from ibkr.contracts.details import Details
from ibkr.contracts.increments import price_increments
from ibkr.contracts.search import ContractQuery, Match, find, matching, resolve_one
from ibkr.wire.connection import Connection
from ibkr.wire.requests import Requests


class ContractTools:
    """Looks up one instrument at a time; many stocks at once: `MarketData.resolve`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, query: ContractQuery) -> tuple[Details, ...]:
        """Return every contract that fits; none: an empty tuple, which IBKR has confirmed."""
        return self._connection.run(find(self._requests, query, within=self._within))

    def resolve(self, query: ContractQuery) -> Details:
        """Return the only contract that fits.

        Raises `ibkr.contracts.search.Ambiguous`, which carries the candidates, when there are
        several, and `NoData` when there is none.
        """
        return self._connection.run(resolve_one(self._requests, query, within=self._within))

    def details(self, con_id: int, *, exchange: str = "") -> Details:
        """Describe the contract of a conId. Raises `NoData` when there is none.

        Without an exchange IBKR answers with the one it routes to, whatever the instrument.
        """
        return self.resolve(ContractQuery(con_id=con_id, exchange=exchange))

    def search(self, pattern: str) -> tuple[Match, ...]:
        """Return instruments whose symbol begins with, or whose name contains, the pattern."""
        return self._connection.run(matching(self._requests, pattern, within=self._within))

    def market_rule(self, rule: int) -> tuple[Increment, ...]:
        """Return the price increments of a rule that `Details.market_rules` names."""
        return self._connection.run(price_increments(self._requests, rule, within=self._within))

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout
