"""Order books, and the exchanges that have them."""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.prices.market_depth import MOST_ROWS, Book, rows_of
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import market_depth as frames
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.market_data import EXCHANGE_MAP
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED

TOO_MANY_BOOKS, NOT_SUPPORTED, UNKNOWN_BOOK = 309, 10092, 310
MOST_BOOKS = 3
WITH_BOOKS = frozenset({"STK", "OPT", "FUT", "CASH"})
DEPTH_EXCHANGES = (
    ("ARCA", "STK", "Deep"), ("BATS", "STK", "Deep"), ("IEX", "STK", "Deep"),
    ("NASDAQ", "STK", "Deep2"), ("NYSE", "STK", "Deep"), ("CBOE", "OPT", "Deep"),
    ("CME", "FUT", "Deep"), ("IDEALPRO", "CASH", "Deep"),
)  # fmt: skip
COMPONENTS = (
    ("NYSE", "N"), ("NASDAQ", "Q"), ("ARCA", "P"), ("BATS", "Z"), ("IEX", "V"), ("AMEX", "A"),
)  # fmt: skip


def market_depth(client: ClientSession, fields: Fields) -> None:
    """Send the rows of a book, and again when prices move, until it is cancelled."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    rows = fields.whole("numRows")
    is_smart = fields.flag("isSmartDepth")
    fields.skip("mktDepthOptions")
    fields.end()
    instrument = client.gateway.directory.one(query)
    # Beyond the assumed quote no real book is known.
    if instrument.sec_type not in WITH_BOOKS or client.gateway.view.is_real:
        raise RequestRefused(
            "Deep market data is not supported for this combination of security type/exchange",
            code=NOT_SUPPORTED,
        )
    if rows < 1:
        raise RequestRefused(
            "Error validating request.-'bM' : cause - Number of rows must be positive",
            code=VALIDATION_FAILED,
        )
    if len(client.market_streams.books) >= MOST_BOOKS:
        raise RequestRefused(
            f"Max number ({MOST_BOOKS}) of market depth requests has been reached",
            code=TOO_MANY_BOOKS,
        )
    book = Book(instrument.con_id, min(rows, MOST_ROWS), is_smart)
    client.market_streams.books[request_id] = book
    _send(client, request_id, book, operation=frames.INSERT)


def send_book(client: ClientSession, request_id: int, book: Book) -> None:
    """Send every row of a book that is being watched again."""
    _send(client, request_id, book, operation=frames.UPDATE)


def _send(client: ClientSession, request_id: int, book: Book, *, operation: int) -> None:
    gateway = client.gateway
    rows = rows_of(gateway.view, book, gateway.clock.now())
    client.send(
        *(
            frames.depth_row(request_id, row, operation=operation, is_smart=book.is_smart)
            for row in rows
        )
    )


def cancel_market_depth(client: ClientSession, fields: Fields) -> None:
    """End a book."""
    fields.skip("version")
    request_id = fields.identify("tickerId")
    fields.flag("isSmartDepth")
    fields.end()
    if client.market_streams.books.pop(request_id, None) is None:
        raise RequestRefused(
            f"Can't find the subscribed market depth with tickerId:{request_id}", code=UNKNOWN_BOOK
        )


def depth_exchanges(client: ClientSession, fields: Fields) -> None:
    """Name the exchanges with order books."""
    fields.end()
    client.send(frames.depth_exchanges(DEPTH_EXCHANGES))


def smart_components(client: ClientSession, fields: Fields) -> None:
    """Name the exchanges behind the letters of smart quotes."""
    request_id = fields.identify()
    asked = fields.text("bboExchange")
    fields.end()
    if asked != EXCHANGE_MAP:
        raise RequestRefused(
            f"Error validating request.-'b3' : cause - {asked!r} is no exchange map",
            code=VALIDATION_FAILED,
        )
    client.send(frames.smart_components(request_id, COMPONENTS))


HANDLERS = {
    Request.MARKET_DEPTH: market_depth,
    Request.CANCEL_MARKET_DEPTH: cancel_market_depth,
    Request.DEPTH_EXCHANGES: depth_exchanges,
    Request.SMART_COMPONENTS: smart_components,
}
