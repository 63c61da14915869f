"""What one client wants to be told of the accounts from now on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MultiRequest:
    """Which values of an account a client follows under a request id."""

    account: str
    ledger_only: bool  # the ledger and the net liquidation value, nothing else


@dataclass(slots=True)
class AccountStreams:
    """Subscriptions about accounts; those with a request id by that id."""

    positions: bool = False
    account: str | None = None  # whose values and portfolio it follows; one at a time
    multi: dict[int, MultiRequest] = field(default_factory=dict)
    summaries: dict[int, frozenset[str]] = field(default_factory=dict)  # their tags
    gains: dict[int, str] = field(default_factory=dict)  # of an account
    gains_of_one: dict[int, tuple[str, int]] = field(default_factory=dict)  # of a conId in it

    def end(self) -> None:
        """End them all."""
        self.positions, self.account = False, None
        for requests in (self.multi, self.summaries, self.gains, self.gains_of_one):
            requests.clear()
