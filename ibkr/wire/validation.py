"""What may leave, and what may come in: ib_async's client and decoder check neither.

A request leaves with printable ASCII and finite numbers only; a message that cannot be read is
reported to the request it was part of.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

from ib_async.client import Client
from ib_async.contract import Contract
from ib_async.decoder import Decoder

from core.errors import DataError, GatewayError
from core.text.untrusted import one_line
from ibkr.wire.callbacks import Callbacks
from ibkr.wire.request_types import (
    ACCOUNT,
    ACCOUNTS,
    COMPLETED_ORDERS,
    CURRENT_TIME,
    NEWS_PROVIDERS,
    OPEN_ORDERS,
    POSITIONS,
    SCANNER_PARAMETERS,
    market_rule,
)
from ibkr.wire.times import UNKNOWN, moment

_CONTRACT_FIELDS = (
    "conId", "symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier",
    "exchange", "primaryExchange", "currency", "localSymbol", "tradingClass",
)  # fmt: skip


class StrictClient(Client):
    """ib_async's client, except that it refuses what would be read as something else.

    ib_async checks nothing: a NUL inside a text shifts every later field of its message, NaN
    leaves as "nan" and infinity as "Infinite". This is the last gate, behind the checks that each
    tool makes of its own arguments.
    """

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:  # noqa: N803 - ib_async's name
        """Send one message. Raises `DataError`, with nothing sent, when a field is unfit."""
        unfit = [problem for field in fields for problem in _unsendable(field)]
        if unfit:
            raise DataError(f"message {fields[0]} was not sent: {'; '.join(unfit)}")
        super().send(*fields, makeEmpty=makeEmpty)  # type: ignore[no-untyped-call]


def is_sendable(text: str) -> bool:
    """Tell whether a text may be a field: printable ASCII, or empty, which means "not set"."""
    return not text or (text.isascii() and text.isprintable())


def _unsendable(field: Any) -> Iterator[str]:
    if isinstance(field, str):
        if not is_sendable(field):
            yield f"{field!r} is not printable ASCII"
    elif isinstance(field, float):
        if not math.isfinite(field):
            yield f"{field} is not a finite number"
    elif isinstance(field, Contract):
        for name in _CONTRACT_FIELDS:
            yield from _unsendable(getattr(field, name))
    elif isinstance(field, list):
        for pair in field:
            yield from _unsendable(pair.tag)
            yield from _unsendable(pair.value)


# Where an unreadable message leaves a gap: the kind of answer it was part of, or the place of the
# request's id among its fields.
_KIND_OF_MESSAGE = {
    3: OPEN_ORDERS, 5: OPEN_ORDERS, 6: ACCOUNT, 7: ACCOUNT, 15: ACCOUNTS, 19: SCANNER_PARAMETERS,
    49: CURRENT_TIME, 53: OPEN_ORDERS, 54: ACCOUNT, 61: POSITIONS, 62: POSITIONS,
    85: NEWS_PROVIDERS, 101: COMPLETED_ORDERS, 102: COMPLETED_ORDERS,
}  # fmt: skip
_MARKET_RULE = 93  # carries the number of its rule where others carry a request's id
_PLACE_OF_ID = {
    1: 2, 2: 2, 4: 2, 5: 1, 10: 1, 11: 1, 12: 2, 13: 2, 17: 1, 18: 1, 20: 2, 21: 1, 45: 2, 46: 2,
    52: 2, 55: 2, 57: 2, 58: 2, 63: 2, 64: 2, 75: 1, 76: 1, 79: 1, 83: 1, 86: 1, 87: 1, 88: 1,
    93: 1, 94: 1, 95: 1, 106: 1,
}  # fmt: skip
_EXPIRATIONS = 6  # place of their number in message 75
_EXECUTION_ID, _EXECUTED_AT = 14, 15  # places in message 11
_SHOWN_FIELDS = 20

_log = logging.getLogger(__name__)


class StrictDecoder(Decoder):
    """ib_async's decoder, except that an unreadable message fails the request it answers.

    ib_async logs it and goes on: a list would come out one line shorter, or wait for ever.
    """

    def __init__(self, callbacks: Callbacks) -> None:
        super().__init__(callbacks, 0)  # type: ignore[arg-type]
        self._replies = callbacks.replies
        self._requests = callbacks.requests
        self._fields: list[str] = []
        self.logger = self  # type: ignore[assignment]

    def interpret(self, fields: list[str]) -> None:
        """Decode one message and call its method."""
        self._fields = fields[:_SHOWN_FIELDS]
        super().interpret(fields)  # type: ignore[no-untyped-call]

    def securityDefinitionOptionParameter(self, fields: list[str]) -> None:  # noqa: N802
        """Check the number of strikes, which ib_async does not: a short list would pass."""
        expirations = int(fields[_EXPIRATIONS])
        place = _EXPIRATIONS + 1 + expirations
        if len(fields) != place + 1 + int(fields[place]):
            raise ValueError("the number of strikes is not the number announced")
        super().securityDefinitionOptionParameter(fields)  # type: ignore[no-untyped-call]

    def execDetails(self, fields: list[str]) -> None:  # noqa: N802
        """Read the time ourselves: ib_async puts one without a zone, and UTC, in the host's.

        A time that cannot be read costs itself, not the execution.
        """
        try:
            at = moment(fields[_EXECUTED_AT], local=self._requests.time_zone)
        except DataError as error:
            _log.warning("execution %s: %s", fields[_EXECUTION_ID], one_line(str(error)))
            at = UNKNOWN
        told = [*fields[:_EXECUTED_AT], f"{at:%Y%m%d %H:%M:%S} UTC", *fields[_EXECUTED_AT + 1 :]]
        super().execDetails(told)  # type: ignore[no-untyped-call]

    def exception(self, *_arguments: Any) -> None:
        """Take the place of the logger, whose one use is to log what could not be read."""
        fields = self._fields
        message = int(fields[0]) if fields and fields[0].isdigit() else -1
        error = GatewayError(
            f"message {message} from {self._requests.address} cannot be read, so the answer has a "
            f"gap; nothing of it is used: {fields}"
        )
        if message in _KIND_OF_MESSAGE:
            self._replies.fail(_KIND_OF_MESSAGE[message], error)
        place = _PLACE_OF_ID.get(message, len(fields))
        if place < len(fields) and fields[place].isdigit():
            number = int(fields[place])
            self._replies.refuse(market_rule(number) if message == _MARKET_RULE else number, error)
        _log.debug("%s", error)
