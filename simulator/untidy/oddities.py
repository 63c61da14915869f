"""The oddities that a simulated world can have, by name, with where each was seen.

``docs/untidy-world.md`` is written from this list (``make docs``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from core.errors import ConfigurationError

LEVELS = {
    0: "a tidy world",
    1: "texts, notices and times as they come",
    2: "damaged rows, missing permissions and odd increments as well",
    3: "accounts and calendars beyond what a specification says as well",
}


@dataclass(frozen=True, slots=True)
class Oddity:
    """One way in which the real world differs from a specification."""

    name: str
    level: int  # from which on it is there
    what: str
    source: str  # public reports: project and number
    one_in: int = 1  # of the worlds of such a level one in so many has it; a list always has it


ODDITIES = (
    Oddity("capitals", 1, "IBKR writes company names in capitals, shortened", "ib_async #46"),
    Oddity(
        "newspapers", 1,
        "headlines have short names, possessives, no tickers, or the tags of other exchanges",
        "OpenBB #769; StockTicker #439; tradingview-mcp #33",
    ),
    Oddity(
        "feed-damage", 1,
        "feeds with bare ampersands, HTML entities, control characters, a script behind their end",
        "feedparser #117, #121; brief #184; reader #270",
    ),
    Oddity(
        "notices", 1,
        "part of the data is not subscribed (10090, 10091) and ticks come all the same; warnings",
        "rust-ibapi #768, #805, #804",
    ),
    Oddity(
        "execution-times", 1,
        "executions in UTC, in Windows' and Java's names of zones, and some that cannot be read",
        "ib_async #230; ib_insync #287, #671; rust-ibapi #233, #364; Jib.jl #6; rib #5",
    ),
    Oddity(
        "bars", 2,
        "a close a cent outside the range, a day twice, a volume of -1, days that are missing",
        "IEX-API #1197, #1448, #1620; longbridge developers #1020",
    ),
    Oddity(
        "missed-split", 2, "bars from before a split that are still in the shares of then",
        "IEX-API #480, #485, #1696; polygon-io issues #19, #238", one_in=4,
    ),
    Oddity(
        "vendor-rows", 2,
        "a row of a bulk file that cannot be read: words for numbers, another encoding, too long",
        "polygon-io issues #226; watchman #379",
    ),
    Oddity(
        "no-live-data", 2, "the account sees delayed data only", "ib_insync #198; node-ib #21",
        one_in=4,
    ),
    Oddity(
        "increments", 2,
        "half of the shares have wider increments at higher prices; other limits are refused (110)",
        "stoqey ib #230; pysystemtrade #1196; ib_async #55; nautilus_trader #1026; ib_nope #25",
    ),
    Oddity(
        "sizes", 2, "a quarter of the shares trades in tens; other sizes are refused (355)",
        "vnpy_ib #75; rqalpha #550; Lean #3986", one_in=2,
    ),
    Oddity(
        "session-closed", 3,
        "one session in three does not take place: the calendar has it, the broker says closed",
        "exchange_calendars #439, #464; BusinessDays.jl #67; pandas_market_calendars #361",
        one_in=8,
    ),
    Oddity(
        "session-shortened", 3, "one session in three ends at 13:00, which no calendar knows",
        "Lean #2783, #7217; IEX-API #596", one_in=8,
    ),
    Oddity(
        "session-silent", 3, "on one day in three no contract says when it trades",
        "ib-re-actor #8", one_in=8,
    ),
    Oddity(
        "late-split", 3,
        "a share was split overnight: its quote is in new shares, its bars are in old ones",
        "IEX-API #490; Equibles #2879, #4347; client-jvm #287", one_in=4,
    ),
    Oddity(
        "fractions", 3, "the account holds 10.5 shares, which cost nothing",
        "ib_insync #433; QuantConnect Documentation #1106; interactive_brokers_tax #34", one_in=2,
    ),
    Oddity(
        "short-holding", 3, "the account is short 37 shares, less than a lot",
        "poptimizer #138 for positions of less than a lot; Lean #3986 for such orders", one_in=2,
    ),
    Oddity(
        "spin-off", 3, "a holding that came to market ten sessions ago",
        "revolut-stocks #19 for holdings under new symbols", one_in=2,
    ),
    Oddity(
        "foreign-listing", 3, "both listings of a company are held: one symbol, two currencies",
        "ib-edavki #53; deephaven-ib #33; LEAN-IB #221", one_in=2,
    ),
    Oddity(
        "dividends", 3, "a share and a fund that pay dividends are held; no vendor knows them",
        "IEX-API #173, #229, #423", one_in=3,
    ),
    Oddity(
        "renamed", 3, "a holding whose symbol changes and whose conId stays; no vendor knows it",
        "cdump investments #74; investments #29; tastyworks-pnl #26", one_in=3,
    ),
    Oddity(
        "dead-holdings", 3,
        "delisted stocks that nothing else knows: of price 0 or 0.0001, of no cost or none stated",
        "robin_stocks #554; vectorbt #83; catalyst #530; Lean #6790", one_in=2,
    ),
    Oddity(
        "unpriced-holding", 3, "a holding of which the broker states neither price nor value",
        "Qubx #319", one_in=8,
    ),
    Oddity(
        "currency-pair", 3, "conversions of currency are in the list of positions",
        "SumZeroTrading #1; portfolio #4831", one_in=2,
    ),
    Oddity(
        "odd-instruments", 3, "an option, a future, a bond, a warrant, a fund and a coin are held",
        "ibkr-steuer #22; SumZeroTrading #1", one_in=2,
    ),
    Oddity(
        "second-account", 3, "the list of positions has those of another account of the login",
        "portfolio #4701", one_in=2,
    ),
    Oddity(
        "minus-zero", 3, "a position that was closed is still listed, with a quantity of -0",
        "lumibot #177, marketcetera #471 for positions of zero", one_in=2,
    ),
)  # fmt: skip

BY_NAME = {oddity.name: oddity for oddity in ODDITIES}


@dataclass(frozen=True, slots=True)
class Untidiness:
    """Which oddities a world has, and the seed of where they strike."""

    names: frozenset[str] = frozenset()
    seed: int = 0

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def digest(self) -> str:
        """Name this untidiness; empty for a tidy world."""
        return f"{sorted(self.names)} {self.seed}" if self.names else ""

    def draw(self, name: str, *key: object) -> float:
        """Return a number in [0, 1) that belongs to an oddity and to what it may strike."""
        told = "/".join(map(str, (self.seed, name, *key)))
        return int.from_bytes(sha256(told.encode()).digest()[:6], "big") / 2**48

    def strikes(self, name: str, *key: object, one_in: float) -> bool:
        """Tell whether an oddity strikes something, which happens to one in so many."""
        return name in self.names and self.draw(name, *key) < 1.0 / one_in


TIDY = Untidiness()


def untidiness(asked: str, seed: int) -> Untidiness:
    """Return what a level, or a list of names, asks for. Raises `ConfigurationError`."""
    if asked.isdigit() and int(asked) in LEVELS:
        return Untidiness(frozenset(_of_level(int(asked), seed)), seed)
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = sorted(set(names) - set(BY_NAME))
    if unknown or not names:
        raise ConfigurationError(
            f"{', '.join(unknown) or 'an empty list'} names no oddity; there are the levels "
            f"{', '.join(map(str, LEVELS))} and {', '.join(BY_NAME)}"
        )
    return Untidiness(frozenset(names), seed)


def _of_level(level: int, seed: int) -> Iterator[str]:
    """Yield the oddities that the world of a seed has at a level."""
    every = Untidiness(frozenset(BY_NAME), seed)
    for oddity in ODDITIES:
        if oddity.level <= level and every.strikes(oddity.name, "world", one_in=oddity.one_in):
            yield oddity.name


def reference() -> str:
    """Return the page of all oddities as Markdown."""
    levels = "\n".join(f"| {level} | {what} |" for level, what in LEVELS.items())
    rows = "\n".join(
        f"| `{one.name}` | {one.level} | {one.what}{_share(one)} | {one.source} |"
        for one in ODDITIES
    )
    return f"""# The untidy world

<!-- Written by `make docs` from simulator/untidy/oddities.py; edit that. -->

`daybook simulator --untidy 2`, or the setting `simulator.untidy`, makes the simulated world as
untidy as real ones are: a level, or a list of names such as `capitals,bars`. What strikes where
comes from `simulator.seed`. `make untidy` runs whole days in such worlds. A client that fails here
would fail at a real gateway: ib_async 2.1, for example, loses an execution whose zone it cannot
read.

| level | what there is |
|---|---|
{levels}

| oddity | from level | what happens | where it was seen |
|---|---|---|---|
{rows}
"""


def _share(oddity: Oddity) -> str:
    return f" (one world in {oddity.one_in})" if oddity.one_in > 1 else ""


if __name__ == "__main__":
    sys.stdout.write(reference())
