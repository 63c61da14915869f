"""Every code that TWS sends with its errors and notices: classified once, here.

Meanings from IBKR's message code list, from public reports and from what was measured with
ib_async 2.1.0. ``python -m ibkr.wire.error_codes > docs/ibkr-notices.md``, or ``make docs``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum

from core.errors import RequestRefused
from core.text.untrusted import PARAGRAPH, one_line


class Effect(StrEnum):
    """What a code means for the request or the order whose id it carries."""

    NOTICE = "nothing ends"
    REQUEST = "ends the request"
    LIVE = "ends a request for live data; where delayed data was asked for it follows"
    ORDER = "ends the request; of an order: it was not taken"
    CHANGE = "of an order: the change was not taken, the order is as it was"
    LINK = "nothing ends; about the gateway's own links"
    RESET = "nothing ends; what was sent so far is void"


@dataclass(frozen=True, slots=True)
class Code:
    """One code: what it says, what it ends, and what daybook or a person does about it."""

    effect: Effect
    meaning: str
    action: str = ""  # what daybook does, where the effect does not say it
    remedy: str = ""  # what a person can do; part of the error


_NOTICE, _REQUEST, _ORDER, _LINK = Effect.NOTICE, Effect.REQUEST, Effect.ORDER, Effect.LINK
_NO_DATA = "subscribe to this market's data in IBKR's account management"
_UPSTREAM = "stops sending; `doctor` and errors say so"
_FARM = "kept with the name of the farm; `doctor` shows it"

CODES: dict[int, Code] = {
    100: Code(_REQUEST, "more messages a second than allowed", "its pacer keeps below the limit"),
    101: Code(_REQUEST, "more market data lines than the account has", "asks for fewer at a time"),
    102: Code(_REQUEST, "the id of the request is in use"),
    103: Code(_ORDER, "the id of the order was used before"),
    104: Code(Effect.CHANGE, "a filled order cannot be changed"),
    105: Code(Effect.CHANGE, "the change does not match the order"),
    106: Code(_REQUEST, "the order cannot be transmitted"),
    107: Code(_REQUEST, "the order is incomplete"),
    109: Code(_ORDER, "the price is too far from the market, by a setting of TWS"),
    110: Code(_ORDER, "the price is no multiple of the smallest increment"),
    111: Code(_ORDER, "the order type does not go with its time in force"),
    113: Code(_REQUEST, "orders at the close have to be for the day"),
    116: Code(_REQUEST, "the exchange does not exist any more"),
    133: Code(_REQUEST, "the new order failed"),
    134: Code(Effect.CHANGE, "the change of the order failed"),
    135: Code(_REQUEST, "no order has this id"),
    136: Code(Effect.CHANGE, "the order cannot be cancelled"),
    161: Code(Effect.CHANGE, "the order cannot be cancelled as it is"),
    162: Code(_REQUEST, "an error of the historical data service"),
    165: Code(
        _REQUEST, "the scan found nothing, or a message of the data service", "an empty scan"
    ),
    200: Code(
        _ORDER,
        "no contract fits, or more than one",
        "",
        "check the symbol, its exchange and its currency",
    ),
    201: Code(_ORDER, "the order was rejected; the reason follows"),
    202: Code(_NOTICE, "the order was cancelled", "asks the broker's lists"),
    203: Code(_ORDER, "this account may not trade the security"),
    300: Code(_REQUEST, "there is no such request"),
    309: Code(_REQUEST, "more order books than the account may see at once"),
    310: Code(_REQUEST, "there is no such order book"),
    316: Code(_REQUEST, "the order book is halted; it has to be asked for again"),
    317: Code(Effect.RESET, "the order book starts again from nothing", "drops the rows before it"),
    320: Code(_ORDER, "the message could not be read"),
    321: Code(_ORDER, "the message is not valid; the reason follows"),
    322: Code(_ORDER, "the message could not be processed, for example a duplicate id"),
    326: Code(_REQUEST, "the client id is in use", "says so; `gateway.client_id`"),
    329: Code(Effect.CHANGE, "this field of an order cannot be changed"),
    354: Code(
        _REQUEST, "market data is not subscribed", "asks for the next kind of data", _NO_DATA
    ),
    355: Code(_REQUEST, "the size is no multiple of the round lot"),
    366: Code(_REQUEST, "there is no such request for history"),
    383: Code(_ORDER, "the size is above the limit that TWS is set to"),
    387: Code(_ORDER, "the exchange does not take this order type"),
    388: Code(_ORDER, "the size is below the smallest of the exchange"),
    399: Code(_NOTICE, "a remark on an order, such as held until the open", "shown with the order"),
    404: Code(
        _NOTICE, "shares to borrow are being looked for; the order is held", "shown with the order"
    ),
    411: Code(_ORDER, "the account may not trade on margin"),
    412: Code(_ORDER, "the contract is not available for trading"),
    420: Code(_REQUEST, "the request for real-time data is not valid, or too frequent"),
    430: Code(_REQUEST, "there are no fundamental data of this security"),
    434: Code(_ORDER, "the size of the order is zero"),
    436: Code(_REQUEST, "the order does not say to which account it belongs"),
    460: Code(_ORDER, "the account has no permission to trade this"),
    481: Code(_NOTICE, "the size of the order was reduced by TWS", "shown with the order"),
    492: Code(_REQUEST, "the data that the request needs is not available to this account"),
    502: Code(_REQUEST, "TWS cannot be reached"),
    504: Code(_REQUEST, "the client is not connected"),
    505: Code(_REQUEST, "the message is not known to this version of TWS"),
    1100: Code(_LINK, "TWS lost IBKR's servers", _UPSTREAM),
    1101: Code(_LINK, "the servers are back, what was subscribed to is lost", "subscribes again"),
    1102: Code(_LINK, "the servers are back, with what was subscribed to"),
    1300: Code(_LINK, "TWS moved to another port; this connection ends"),
    2100: Code(_NOTICE, "the account's figures are not sent any more"),
    2101: Code(_NOTICE, "the account's figures cannot be sent: another client has them"),
    2102: Code(_NOTICE, "the order is still being processed and cannot be changed yet"),
    2103: Code(_LINK, "a market data farm is broken", _FARM),
    2104: Code(_LINK, "a market data farm is ready", _FARM),
    2105: Code(_LINK, "a historical data farm is broken", _FARM),
    2106: Code(_LINK, "a historical data farm is ready", _FARM),
    2107: Code(_LINK, "a historical data farm is idle", _FARM),
    2108: Code(_LINK, "a market data farm is idle", _FARM),
    2109: Code(_NOTICE, "trading outside regular hours does not apply to this order"),
    2110: Code(_LINK, "TWS lost IBKR's servers and is restoring them", _UPSTREAM),
    2119: Code(_LINK, "a market data farm is being connected", _FARM),
    2137: Code(_NOTICE, "the order closes more than is held, and opens the rest"),
    2152: Code(_NOTICE, "the order book lacks exchanges that are not subscribed"),
    2157: Code(_LINK, "a security definition farm is broken", _FARM),
    2158: Code(_LINK, "a security definition farm is ready", _FARM),
    2161: Code(_NOTICE, "the order is split or re-routed by a preset of TWS"),
    2176: Code(_NOTICE, "fractional sizes are rounded for this version of the client"),
    2187: Code(_NOTICE, "generic ticks are not sent with delayed data"),
    10018: Code(_NOTICE, "orders use a currency price with a factor"),
    10019: Code(_NOTICE, "trades use a currency price with a factor"),
    10089: Code(
        Effect.LIVE,
        "market data needs a subscription for programs",
        "asks for the next kind of data",
        _NO_DATA,
    ),
    10090: Code(_NOTICE, "part of the market data is not subscribed", "uses the ticks that come"),
    10091: Code(
        _NOTICE, "part of the market data needs another subscription", "uses the ticks that come"
    ),
    10147: Code(Effect.CHANGE, "the order to be cancelled was not found"),
    10148: Code(Effect.CHANGE, "the order to be cancelled is already over or being cancelled"),
    10167: Code(
        _NOTICE, "market data is not subscribed; delayed data follows", "the quote says delayed"
    ),
    10168: Code(
        _REQUEST,
        "market data is not subscribed, and delayed data is not enabled",
        "asks for the next kind of data",
        _NO_DATA,
    ),
    10172: Code(_REQUEST, "the article is not available"),
    10186: Code(
        _REQUEST,
        "market data is not subscribed, and delayed data is not enabled",
        "asks for the next kind of data",
        _NO_DATA,
    ),
    10187: Code(_REQUEST, "historical ticks are not available"),
    10189: Code(_REQUEST, "tick-by-tick data is not available"),
    10190: Code(_REQUEST, "more tick-by-tick requests than the account may have"),
    10197: Code(
        _REQUEST,
        "no market data: another session of this user has them",
        "asks for the next kind of data",
        "another session of this user takes the market data: log it off",
    ),
    10225: Code(_REQUEST, "a bust event stops the stream; it has to be asked for again"),
    10243: Code(_REQUEST, "fractional sizes cannot be ordered through the API"),
    10268: Code(_REQUEST, "the order has an attribute that is not supported any more"),
    10276: Code(_REQUEST, "this news feed is not allowed"),
    10285: Code(_REQUEST, "this version of the client does not support fractional sizes"),
    10311: Code(
        _NOTICE, "the order goes to one exchange directly, at other fees", "shown with the order"
    ),
    10314: Code(_REQUEST, "a date or a time zone in the request is not valid"),
    10318: Code(_REQUEST, "the contract does not take orders of this kind"),
    10349: Code(_NOTICE, "the time in force was set by a preset of TWS", "shown with the order"),
    10358: Code(_REQUEST, "fundamental data are not allowed for this user"),
}

# Said of no request, or of one that lives on, whatever the last digits: IBKR's band of warnings.
_WARNINGS = range(2100, 2200)

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

# Said about a change of an order: the order lives on, or is over, with its old terms.
REFUSED_CHANGES = frozenset(code for code, what in CODES.items() if what.effect is Effect.CHANGE)

# A validation error may arrive without the id of the request it is about.
UNADDRESSED_REFUSALS = frozenset({320, 321, 322, 505})

# Another kind of market data may be had where this one was refused.
NO_MARKET_DATA = frozenset({354, 10089, 10168, 10186, 10197})


def ends_request(code: int, text: str, *, delayed: bool = False) -> bool:
    """Tell whether a code ends the request it names. ``delayed``: such data was asked for.

    A code that is not in the table ends it, unless it lies in IBKR's band of warnings or its text
    says that it is one: a request that waited for ever would be worse than one that is refused.
    """
    if what := CODES.get(code):
        return what.effect in {Effect.REQUEST, Effect.ORDER, Effect.CHANGE} or (
            what.effect is Effect.LIVE and not delayed
        )
    return code not in _WARNINGS and not text.lstrip().lower().startswith("warning:")


def voids_so_far(code: int) -> bool:
    """Tell whether what a request was told before this code has to be dropped."""
    return code in CODES and CODES[code].effect is Effect.RESET


def is_refused_order(code: int) -> bool:
    """Tell whether a code, said about an order just sent, means for certain that it was not taken.

    Any other may be about an order that lives on: then the broker's own lists decide.
    """
    return code in CODES and CODES[code].effect is Effect.ORDER


def refusal(code: int, text: str) -> RequestRefused:
    """Return the error for a request that the gateway answered with an error."""
    remedy = CODES[code].remedy if code in CODES else ""
    said = f"IBKR error {code}: {one_line(text, PARAGRAPH)}"
    return RequestRefused(f"{said}; {remedy}" if remedy else said, code=code)


def reference() -> str:
    """Return the page of all codes as Markdown."""
    head = """# Errors and notices of IBKR

<!-- Written by `make docs` from ibkr/wire/error_codes.py; edit that. -->

TWS sends errors, warnings and news alike as one kind of message with a code. A code that is not in
this table ends the request that it names, unless it lies between 2100 and 2199 or its text begins
with "Warning:"; said about an order it ends nothing, and the broker's lists decide.

| code | meaning | what it ends | what daybook does |
|---|---|---|---|
"""
    rows = (
        f"| {code} | {what.meaning} | {what.effect} | {what.action} |"
        for code, what in sorted(CODES.items())
    )
    return head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
