# ruff: noqa: D102, N802, N815 - ib_async calls these methods by their TWS names, documented there
"""What the gateway says of the market, handed to those who wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ib_async

from ibkr.wire.messages import (
    Computed,
    DataType,
    DepthRow,
    Generic,
    Headlined,
    OptionClass,
    Ranked,
    Scheduled,
    Text,
    Tick,
)
from ibkr.wire.replies import Replies
from ibkr.wire.request_types import NEWS_PROVIDERS, SCANNER_PARAMETERS, market_rule


class MarketCallbacks:
    """The receiver of messages about contracts, prices, options, scans and news."""

    replies: Replies

    # Contracts

    def contractDetails(self, request: int, details: ib_async.ContractDetails) -> None:
        self.replies.add(request, details)

    bondContractDetails = contractDetails

    def contractDetailsEnd(self, request: int) -> None:
        self.replies.finish(request)

    def symbolSamples(self, request: int, found: list[ib_async.ContractDescription]) -> None:
        self._answer(request, found)

    def marketRule(self, rule: int, increments: list[ib_async.PriceIncrement]) -> None:
        self._answer(market_rule(rule), increments)

    # Bars

    def historicalData(self, request: int, bar: ib_async.BarData) -> None:
        self.replies.add(request, bar)

    def historicalDataEnd(self, request: int, _start: str, _end: str) -> None:
        self.replies.finish(request)

    def headTimestamp(self, request: int, moment: str) -> None:
        self._answer(request, moment)

    def historicalSchedule(
        self,
        request: int,
        _start: str,
        _end: str,
        zone: str,
        sessions: list[ib_async.HistoricalSession],
    ) -> None:
        self._answer(request, Scheduled(zone, tuple(sessions)))

    # Ticks

    def priceSizeTick(self, request: int, kind: int, price: float, size: float) -> None:
        self.replies.add(request, Tick(kind, price, size))

    def tickSize(self, request: int, kind: int, size: float) -> None:
        self.replies.add(request, Tick(kind, None, size))

    def tickGeneric(self, request: int, kind: int, value: float) -> None:
        self.replies.add(request, Generic(kind, value))

    def tickString(self, request: int, kind: int, value: str) -> None:
        self.replies.add(request, Text(kind, value))

    def tickOptionComputation(self, request: int, kind: int, _basis: int, *figures: float) -> None:
        self.replies.add(request, Computed(kind, *figures))

    def marketDataType(self, request: int, kind: int) -> None:
        self.replies.add(request, DataType(kind))

    def tickSnapshotEnd(self, request: int) -> None:
        self.replies.finish(request)

    # Order book

    def updateMktDepth(self, request: int, *row: Any) -> None:
        place, operation, side, price, size = row
        self.replies.add(request, DepthRow(place, operation, side, price, size))

    def updateMktDepthL2(self, request: int, *row: Any) -> None:
        place, maker, operation, side, price, size, _smart = row
        self.replies.add(request, DepthRow(place, operation, side, price, size, maker))

    # Options

    def securityDefinitionOptionParameter(
        self, request: int, exchange: str, underlying: str, *terms: Any
    ) -> None:
        trading_class, multiplier, expirations, strikes = terms
        self.replies.add(
            request,
            # ib_async hands on the underlying's conId as a text.
            OptionClass(
                exchange,
                int(underlying),
                trading_class,
                multiplier,
                tuple(expirations),
                tuple(strikes),
            ),
        )

    def securityDefinitionOptionParameterEnd(self, request: int) -> None:
        self.replies.finish(request)

    # Scans

    def scannerParameters(self, document: str) -> None:
        self._answer(SCANNER_PARAMETERS, document)

    def scannerData(
        self, request: int, rank: int, details: ib_async.ContractDetails, *_rest: str
    ) -> None:
        self.replies.add(request, Ranked(rank, details.contract or ib_async.Contract()))

    def scannerDataEnd(self, request: int) -> None:
        self.replies.finish(request)

    # News

    def newsProviders(self, providers: Sequence[ib_async.NewsProvider]) -> None:
        self._answer(NEWS_PROVIDERS, providers)

    def historicalNews(self, request: int, *headline: str) -> None:
        self.replies.add(request, Headlined(*headline))

    def historicalNewsEnd(self, request: int, _more: bool) -> None:  # noqa: FBT001 - TWS's
        self.replies.finish(request)

    def newsArticle(self, request: int, kind: int, text: str) -> None:
        self._answer(request, Text(kind, text))

    def _answer(self, key: int | str, whole: Any) -> None:
        """Take an answer that is a single message."""
        self.replies.add(key, whole)
        self.replies.finish(key)
