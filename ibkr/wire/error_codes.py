"""TWS error codes: which end a request, which are only news, and what a person can do about some.

Meanings from IBKR's message code list and from what was measured with ib_async 2.1.0.
"""

from __future__ import annotations

from core.errors import RequestRefused
from core.text.untrusted import PARAGRAPH, one_line

CLIENT_ID_TAKEN = 326
UNKNOWN_CONTRACT = 200
NOTHING_FOUND_BY_SCAN = 165
ORDER_CANCELLED = 202

UPSTREAM_LOST = frozenset({1100, 2110})
UPSTREAM_RESTORED_WITHOUT_DATA = 1101  # what was subscribed to is gone
UPSTREAM_BACK = frozenset({UPSTREAM_RESTORED_WITHOUT_DATA, 1102})

# About IBKR's data farms. A farm that flaps is no reason to give up the connection.
FARM_BROKEN = frozenset({2103, 2105, 2157})
FARM_READY = frozenset({2104, 2106, 2158})
FARM_IDLE = frozenset({2107, 2108, 2119})

# Said about a request or an order that lives on. 10349 ("TIF was set to DAY by a preset"), 399
# (held until the open) and 404 (looking for shares to borrow) arrive for orders that then fill.
_NEWS = frozenset({399, 404, 10167, 10349})

# Only these say for certain that an order was not taken. Any other error may be about an order
# that lives on: then the broker's own lists decide.
_REFUSED_ORDERS = frozenset(
    {103, 109, 110, 111, 200, 201, 203, 320, 321, 322, 383, 387, 388, 411, 412, 434, 460}
)

# Said about a change of an order: the order lives on, or is over, with its old terms.
REFUSED_CHANGES = frozenset({104, 105})

# A validation error may arrive without the id of the request it is about.
UNADDRESSED_REFUSALS = frozenset({320, 321, 322, 505})

_REMEDIES = {
    200: "check the symbol, its exchange and its currency",
    354: "subscribe to this market's data in IBKR's account management",
    10089: "subscribe to this market's data in IBKR's account management",
    10197: "another session of this user takes the market data: log it off",
}


def is_news(code: int) -> bool:
    """Tell whether a code ends neither the request nor the order it names."""
    return code in _NEWS or 2100 <= code < 2200


def is_refused_order(code: int) -> bool:
    """Tell whether a code, said about an order just sent, means that it was not taken."""
    return code in _REFUSED_ORDERS


def refusal(code: int, text: str) -> RequestRefused:
    """Return the error for a request that the gateway answered with an error."""
    remedy = f"; {_REMEDIES[code]}" if code in _REMEDIES else ""
    return RequestRefused(f"IBKR error {code}: {one_line(text, PARAGRAPH)}{remedy}", code=code)
