"""Tools about market scans."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.market_arguments import Bound, ScanBounds
from core.settings import Effect
from ibkr.market.scanner import Scan
from ibkr.market.scanner_codes import Code

CodeName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.@%-]{1,60}$", description="see scanner_codes")
]
Part = Annotated[str, Field(max_length=40)]
Kind = Literal["instruments", "locations", "scans", "filters"]
Filters = Annotated[dict[CodeName, Bound], Field(max_length=20)]
Rows = Annotated[int, Field(ge=1, le=50)]
MOST_CODES = 300


@tool(Effect.READ, Scope.MARKET)
def scanner_codes(
    context: ToolContext, kind: Kind, instrument: CodeName | None = None, contains: Part = ""
) -> Answer:
    """List the codes that a scan can be asked by, at most 300.

    ``kind``: instruments (such as STK), locations (STK.US.MAJOR), scans (TOP_PERC_GAIN) or
    filters (priceAbove). ``instrument`` keeps those for one instrument, ``contains`` those whose
    code or name has this text in it. ``total`` says how many fit.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.scanner.codes()
    codes: tuple[Code, ...] = getattr(found, kind)
    fitting = [code for code in codes if _fits(code, instrument, contains)]
    listed = [{"code": code.code, "name": code.name} for code in fitting[:MOST_CODES]]
    data = {"total": len(fitting), "codes": listed}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def run_scan(
    context: ToolContext,
    scan: CodeName,
    instrument: CodeName = "STK",
    location: CodeName = "STK.US.MAJOR",
    rows: Rows = 20,
    bounds: ScanBounds | None = None,
    stock_type: Literal["ALL", "STOCK", "ETF"] | None = None,
    filters: Filters | None = None,
) -> Answer:
    """Run one of the broker's market scans.

    Returns ``rows``, best first: rank (0 is first), con_id, symbol, sec_type, exchange, currency;
    none when nothing passes the bounds. ``filters`` takes
    any filter code with its bound, such as {"avgVolumeAbove": 1000000}. Company names are not
    included: contract_details has them.
    """
    wanted = Scan(
        code=scan,
        instrument=instrument,
        location=location,
        rows=rows,
        **(bounds.model_dump() if bounds else {}),
        stock_type=stock_type or "",
        filters=filters or {},
    )
    with context.connect() as gateway:
        found = gateway.scanner.run(wanted)
    return Answer(as_of=found.as_of, source=context.broker, data={"rows": found.rows})


def _fits(code: Code, instrument: str | None, contains: str) -> bool:
    text = contains.casefold()
    named = not code.instruments or instrument is None or instrument in code.instruments
    return named and (text in code.code.casefold() or text in code.name.casefold())
