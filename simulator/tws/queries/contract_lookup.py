"""Finding instruments by what a client says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from core.errors import RequestRefused
from simulator.instruments import futures
from simulator.instruments.dense_options import SECOND_CLASS
from simulator.instruments.expirations import expirations, futures_listed, quarterly, trading_days
from simulator.instruments.options import RIGHTS
from simulator.instruments.security_ids import SecurityIds
from simulator.market.benchmarks import FUND, INDEX, INDEX_SYMBOL
from simulator.market.market import Instrument, Market
from simulator.prices.market_view import MarketView, phase
from simulator.tws.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery
from simulator.tws.messages.times import day as day_text
from simulator.tws.queries.option_chains import Chain, chains_of

CUSIP_SIGNS = 9
MOST_SAMPLES = 16  # TWS lists no more matching symbols
CLASSES = {SECOND_CLASS: INDEX_SYMBOL}  # whose options have another name than what they are on


class ContractLookup:
    """The instruments of a market as they are listed at the clock's moment.

    Without a clock only what has neither expiration nor end is found by its description.
    """

    def __init__(
        self,
        market: Market,
        *,
        view: MarketView | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._view = view or MarketView(market)
        self._now = now
        self._shares = market.instruments
        # A real company's number is in no file of bars.
        self.security_ids = SecurityIds(
            () if self._view.is_real else self._view.instruments.values()
        )
        self._by_symbol: dict[str, list[Instrument]] = {}
        for item in market.instruments:
            self._by_symbol.setdefault(item.symbol, []).append(item)

    def find(self, query: ContractQuery, *, expired: bool = False) -> list[Instrument]:
        """Return all instruments the query fits: none, one, or several when it is ambiguous.

        ``expired`` includes options and futures that trade no more.
        """
        if query.con_id:
            found = self._by_con_id(query.con_id, expired=expired)
            return [found] if found else []
        if query.sec_type == "BOND" and self.security_ids.listings(query.symbol):
            kind = "CUSIP" if len(query.symbol) == CUSIP_SIGNS else "ISIN"
            query = replace(query, symbol="", security_id=f"{kind}:{query.symbol}")
        if query.security_id:
            return self._by_security_id(query, expired=expired)
        if query.sec_type == "OPT":
            return [item for item in self._options(query, expired=expired) if query.matches(item)]
        if query.sec_type == "FUT":
            return [item for item in self._futures(expired=expired) if query.matches(item)]
        candidates = self._by_symbol.get(query.symbol or query.local_symbol, ())
        beside = [
            item
            for item in self._benchmarks()
            # A bond has its issuer's symbol: it is meant only where it is named.
            if query.matches(item) and (item.sec_type != "BOND" or query.sec_type == "BOND")
        ]
        return [item for item in candidates if query.matches(item)] + beside

    def one(self, query: ContractQuery, *, expired: bool = False) -> Instrument:
        """Return the only instrument the query fits. Raises `RequestRefused` (200) otherwise."""
        found = self.find(query, expired=expired)
        if not found:
            raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
        if len(found) > 1:
            raise RequestRefused(
                f"The contract description specified for {query.symbol} is ambiguous.",
                code=UNKNOWN_CONTRACT,
            )
        return found[0]

    def samples(self, pattern: str) -> list[tuple[Instrument, Sequence[str]]]:
        """Return instruments whose symbol begins with, or whose name contains, the pattern.

        Shares come first, and each with the kinds of derivatives listed on it.
        """
        wanted = pattern.strip().upper()
        if not wanted:
            return []
        found: list[Instrument] = []
        beside = [item for item in self._benchmarks() if item.sec_type != "BOND"]
        for known in (self._shares, beside):
            found += [item for item in known if item.symbol.startswith(wanted)]
            found += [item for item in known if wanted in item.name.upper()]
        found = list(dict.fromkeys(found))[:MOST_SAMPLES]
        return [(item, self._derivatives_on(item)) for item in found]

    def chains(self, underlying: Instrument) -> list[Chain]:
        """Return the chains of the options listed on an instrument, none when there are none."""
        return [] if self._now is None else chains_of(self._view, underlying, self._now())

    def underlyings(self, symbol: str, sec_type: str = "") -> list[Instrument]:
        """Return the instruments of a symbol that options are listed on."""
        candidates = [*self._by_symbol.get(symbol, ()), *self._benchmarks()]
        return [
            item
            for item in candidates
            if item.symbol == symbol
            and sec_type in {"", item.sec_type}
            and self._view.securities.has_options(item.con_id)
        ]

    def _by_con_id(self, con_id: int, *, expired: bool) -> Instrument | None:
        if self._now is None:
            return self._view.securities.find(con_id)
        now = self._now()
        found = self._view.securities.named(con_id, phase(now).day)
        if found is None or not (expired or self._view.is_listed(con_id, now)):
            return None
        return found

    def _by_security_id(self, query: ContractQuery, *, expired: bool) -> list[Instrument]:
        kind, _, number = query.security_id.partition(":")
        listed = (
            self._by_con_id(con_id, expired=expired)
            for con_id in self.security_ids.listings(number.upper())
        )
        return [
            item
            for item in listed
            if item is not None
            and query.matches(item)
            and self.security_ids.of(item).get(kind) == number.upper()
        ]

    def _benchmarks(self) -> list[Instrument]:
        found = self._view.securities.benchmarks.instruments
        if self._now is None:
            return [item for item in found.values() if item.listed_until is None]
        listed = (self._by_con_id(con_id, expired=False) for con_id in found)
        return [item for item in listed if item is not None]

    def _futures(self, *, expired: bool) -> Iterator[Instrument]:
        if self._now is None:
            return
        days = futures_listed(phase(self._now()).day)
        for day in quarterly() if expired else days:
            if day > days[-1]:
                return
            found = self._by_con_id(futures.con_id_of(day), expired=expired)
            if found is not None:
                yield found

    def _options(self, query: ContractQuery, *, expired: bool) -> Iterator[Instrument]:
        if query.local_symbol:
            root = query.local_symbol[:6].rstrip()
            query = replace(query, symbol=CLASSES.get(root, root))
        for underlying in self.underlyings(query.symbol):
            yield from self._options_on(underlying, query, expired=expired)

    def _options_on(
        self, underlying: Instrument, query: ContractQuery, *, expired: bool
    ) -> Iterator[Instrument]:
        for chain in self.chains(underlying):
            if query.trading_class not in {"", chain.trading_class}:
                continue
            yield from self._options_in(chain, underlying, query, expired=expired)

    def _options_in(
        self, chain: Chain, underlying: Instrument, query: ContractQuery, *, expired: bool
    ) -> Iterator[Instrument]:
        assert self._now is not None, "without a clock there are no chains"
        today, days = phase(self._now()).day, chain.expirations
        if expired and query.expiry and days:
            days = (*self._expired(underlying, chain, query.expiry, before=days[0]), *days)
        for day in days:
            if not day_text(day).startswith(query.expiry):
                continue
            for strike in chain.strikes:
                if query.strike not in {0.0, strike}:
                    continue
                for right in RIGHTS:
                    if query.right in {"", right}:
                        yield self._view.securities.option(
                            underlying.con_id, day, strike, right,
                            day=min(today, day), is_second=chain.is_second,
                        )  # fmt: skip

    def _expired(
        self, underlying: Instrument, chain: Chain, expiry: str, *, before: date
    ) -> list[date]:
        """Return past expirations that fit."""
        is_daily = chain.is_second or underlying.con_id == FUND
        known = trading_days() if is_daily else expirations()
        return [day for day in known if day < before and day_text(day).startswith(expiry)]

    def _derivatives_on(self, item: Instrument) -> Sequence[str]:
        if item.con_id == INDEX:
            return ("FUT", "OPT")
        return ("OPT",) if self._view.securities.has_options(item.con_id) else ()
