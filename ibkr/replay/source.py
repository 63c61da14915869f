"""What a replay runs on: the market, and the files that its vendors serve from."""

from __future__ import annotations

from datetime import date

from core.calendar import Session, previous_session
from core.canonical import canonical_json, sha256_of
from core.settings import SimulatorSettings
from simulator.market.scenarios import data_id, describe, find_files, open_market, unknown_of
from simulator.prices.exchange_rates import refuse_unknown_base
from simulator.prices.market_view import MarketView
from simulator.untidy.market import untidied, untidiness_of


class ReplaySource:
    """The past of one world.

    Attributes
    ----------
    settings
        Which world, the cash that the account begins with, and its base currency.
    """

    def __init__(self, settings: SimulatorSettings) -> None:
        """Open the files.

        Raises `ConfigurationError` for a file that is not there and `DataError` for one that is
        not what it should be.
        """
        self.settings = settings
        self.files = find_files(settings)
        self.market = untidied(open_market(settings), settings)
        self._members = [i for i in self.market.instruments if i.member_since is not None]

    @property
    def world_id(self) -> str:
        """Twelve digits that name everything the source holds: same id, same answers."""
        files, seed = data_id(self.files), self.settings.seed
        told = [untidiness_of(self.market).digest] if self.settings.untidy != "0" else []
        return sha256_of(canonical_json([self.market.world_id, files, seed, *told]))[:12]

    @property
    def title(self) -> str:
        """The market, in one line for people: what is real, assumed and unknown."""
        return describe(self.market, self.files)

    @property
    def caveat(self) -> str:
        """What is missing from the bars, in a sentence; empty for a synthetic market."""
        if self.files.bars is None:
            return ""
        return (
            f"Nothing about a real company is synthetic: without {', '.join(self.unknown)} every "
            "score rests on the other features alone. Quotes, spreads and what can be borrowed "
            "are assumptions. The bars hold the index members of their last day and no dividends: "
            "names that failed or left are missing, which flatters portfolio and equal weight "
            "alike."
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """What no file tells of the companies; nothing of a synthetic market."""
        return unknown_of(self.files)

    def refuse_unknown_base(self, session: Session) -> None:
        """Raise `ConfigurationError` where the base currency has no rate before a session."""
        view = MarketView(self.market, base=self.settings.base_currency)
        refuse_unknown_base(view, previous_session(session.day).close)

    @property
    def first_session(self) -> date:
        """Day of the first bar."""
        return self.market.first_session

    @property
    def last_session(self) -> date:
        """Day of the last bar."""
        return self.market.last_session

    def traded(self, day: date) -> int:
        """Return how many constituents have a bar of this day."""
        return sum(self.market.bar(i.con_id, day) is not None for i in self._members)
