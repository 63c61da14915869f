"""What the first account of an untidy world holds beside what it traded, each kind by its name.

Some of it is real here: shares of the market that the account began with. The rest the broker only
states. No contract, no bar and no quote is known of it, as of a stock that was delisted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from simulator.market.benchmarks import FUND, PAYER, RENAMED
from simulator.market.market import Instrument, Market
from simulator.untidy.oddities import Untidiness

UNSET = sys.float_info.max  # how TWS writes a number that it does not have
FIRST_CON_ID = 2_140_000_000  # of what nothing else knows
YOUNG = 10  # sessions of history of a spin-off
OTHER_ACCOUNT = "DU9999999"


@dataclass(frozen=True, slots=True)
class Stated:
    """A position that the broker states and that nothing else here knows.

    Prices and values in the contract's currency. One that is not on the account page is in the list
    of positions only.
    """

    instrument: Instrument
    quantity: float
    market_price: float
    average_cost: float = 1.0
    market_value: float | None = None  # None: quantity times price times multiplier
    is_on_page: bool = True
    account: str = ""  # empty: the account itself

    @property
    def value(self) -> float:
        """What the account page says it is worth."""
        if self.market_value is not None:
            return self.market_value
        return self.quantity * self.market_price * self.instrument.multiplier

    @property
    def counts(self) -> bool:
        """Whether its value is part of the account's."""
        is_worth = self.instrument.sec_type not in {"CASH", "FUT"} and abs(self.value) < UNSET
        return self.is_on_page and not self.account and is_worth


def opening_shares(market: Market, untidy: Untidiness) -> dict[int, float]:
    """Return the shares of this market that the account began with, signed, by conId."""
    found: dict[int, float] = {}
    for name, quantity in (("fractions", 10.5), ("short-holding", -37.0), ("spin-off", 20.0)):
        if name in untidy:
            found[picked(market, untidy, name)] = quantity
    if "foreign-listing" in untidy:
        found |= dict(zip(_listed_twice(market), (200.0, 300.0), strict=False))
    if market.assumed_spread is None:  # beside real companies none of these is
        found |= {PAYER: 150.0, FUND: 40.0} if "dividends" in untidy else {}
        found |= {RENAMED: 120.0} if "renamed" in untidy else {}
    return found


def picked(market: Market, untidy: Untidiness, name: str) -> int:
    """Return the conId of the member of the index that an oddity strikes."""
    members = [item for item in market.instruments if item.member_since is not None]
    # Each its own: the second that is drawn is the next one of the first's neighbours.
    order = sorted(members, key=lambda item: untidy.draw("held", item.con_id))
    # One may never have traded at all: it is a member of the index, and nobody can hold it.
    begins = market.first_session
    longest = [item for item in order if market.bar(item.con_id, begins) is not None] or order
    places = {"fractions": 0, "short-holding": 1, "spin-off": 2}
    return longest[places[name] % len(longest)].con_id


def spun_off(market: Market, untidy: Untidiness) -> int | None:
    """Return the conId of what came to market only a few sessions ago, whatever the day is."""
    return picked(market, untidy, "spin-off") if "spin-off" in untidy else None


def stated(untidy: Untidiness) -> tuple[Stated, ...]:
    """Return what the broker states beside the market's own instruments, by conId."""
    found = [one for name, some in STATED.items() if name in untidy for one in some]
    return tuple(sorted(found, key=lambda one: one.instrument.con_id))


def _listed_twice(market: Market) -> Iterator[int]:
    """Yield the listings, in dollars first, of a company that has one in another currency.

    All of them trade from the market's first day on: an account may begin on any.
    """
    by_symbol: dict[str, list[Instrument]] = {}
    for item in market.instruments:
        by_symbol.setdefault(item.symbol, []).append(item)
    for listings in by_symbol.values():
        old = all(market.bar(item.con_id, market.first_session) for item in listings)
        if old and len({item.currency for item in listings}) > 1:
            ordered = sorted(listings, key=lambda item: (item.currency != "USD", item.con_id))
            yield from (item.con_id for item in ordered)
            return


def _odd(place: int, symbol: str, name: str, **terms: object) -> Instrument:
    return Instrument(FIRST_CON_ID + place, symbol, name, **terms)  # type: ignore[arg-type]


STATED: Mapping[str, tuple[Stated, ...]] = {
    "dead-holdings": (
        Stated(_odd(1, "DEADQ", "Dead Steel Inc."), 500.0, 0.0, average_cost=0.0),
        Stated(_odd(2, "PENNQ", "Penny Coal Inc."), 500.0, 0.0001, average_cost=UNSET),
        Stated(_odd(5, "HALTQ", "Halted Copper Inc."), 100.0, 0.0, 2.0, market_value=55.0),
        Stated(_odd(3, "0451899D", "Escrow of Gone Inc."), 100.0, 0.0, average_cost=12.5),
    ),
    "unpriced-holding": (
        Stated(_odd(4, "NOPRC", "Unpriced Inc."), 3.0, UNSET, UNSET, market_value=UNSET),
    ),
    "currency-pair": (
        Stated(
            _odd(11, "EUR", "EUR against USD", sec_type="CASH", primary_exchange="IDEALPRO"),
            -2.2, 0.0, average_cost=1.1574, is_on_page=False,
        ),
        Stated(
            _odd(12, "GBP", "GBP against USD", sec_type="CASH", primary_exchange="IDEALPRO"),
            20_000.0, 1.27, average_cost=1.2687,
        ),
    ),
    "odd-instruments": (
        Stated(
            _odd(21, "SPY", "SPDR S&P 500", sec_type="OPT", primary_exchange="CBOE",
                 multiplier=100, expiry=date(2030, 12, 20), strike=900.0, right="C"),
            2.0, 1.25, average_cost=140.0,
        ),
        Stated(
            _odd(22, "MES", "Micro E-mini", sec_type="FUT", primary_exchange="CME", multiplier=5,
                 expiry=date(2030, 12, 20)),
            1.0, 180.0, average_cost=900.0,
        ),
        Stated(
            _odd(23, "US-T", "US Treasury 2 7/8 08/15/28", sec_type="BOND", multiplier=10,
                 primary_exchange="SMART"),
            1.0, 98.2, average_cost=990.0,
        ),
        Stated(
            _odd(24, "SPINW", "Warrant of Spun Inc.", sec_type="WAR", primary_exchange="NASDAQ"),
            500.0, 0.85, average_cost=0.0,
        ),
        Stated(
            _odd(25, "VFIAX", "Index Fund Admiral", sec_type="FUND", primary_exchange="FUNDSERV"),
            12.345, 21.5, average_cost=20.0,
        ),
        Stated(
            _odd(26, "BTC", "Bitcoin", sec_type="CRYPTO", primary_exchange="PAXOS"),
            0.01234567, 65_000.0, average_cost=60_000.0,
        ),
    ),
    "second-account": (
        Stated(_odd(31, "ELSE", "Held Elsewhere Inc."), 1000.0, 50.0, account=OTHER_ACCOUNT),
    ),
    "minus-zero": (Stated(_odd(41, "ZEROE", "Sold Out Inc."), -0.0, 10.0, average_cost=0.0),),
}  # fmt: skip
