"""From symbols to contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ib_async

from core.errors import DataError
from core.text.untrusted import one_line
from core.types import Contract
from core.types.sought import Sought
from ibkr.contracts.details import lot_of
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import is_printable, price
from ibkr.wire.requests import Requests

AT_ONCE = 45


@dataclass(frozen=True, slots=True)
class Resolved:
    """The contracts found, sorted by symbol, and why the other symbols have none."""

    contracts: tuple[Contract, ...]
    refused: dict[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """The contracts of what was sought, and why the rest has none."""

    contracts: dict[Sought, Contract]
    refused: dict[Sought, str]


@dataclass(frozen=True, slots=True)
class Described:
    """The contracts of conIds, and why the other conIds have none."""

    contracts: dict[int, Contract]
    refused: dict[int, str]


async def resolve(
    requests: Requests,
    symbols: Sequence[str],
    *,
    currency: str,
    within: float,
    progress: Progress | None = None,
) -> Resolved:
    """Look up each symbol as a stock in one currency. Symbols are spelt as IBKR spells them."""
    askable, odd = checked_symbols(symbols)

    async def ask(symbol: str) -> Contract:
        query = ib_async.Stock(symbol, "SMART", currency)
        details = await requests.by_id(
            lambda request: requests.client.reqContractDetails(request, query),
            what=f"contract {symbol}",
            within=within,
        )
        return only_listing(symbol, currency, details)

    found, failed = await ask_each(askable, ask, at_once=AT_ONCE, progress=progress)
    return resolved(found.values(), {**odd, **failed})


async def resolve_listings(
    requests: Requests,
    sought: Iterable[Sought],
    *,
    within: float,
    progress: Progress | None = None,
) -> Found:
    """Look up stocks by ISIN, or by symbol with what else was said of the listing."""

    async def ask(one: Sought) -> Contract:
        query = query_of(one)
        details = await requests.by_id(
            lambda request: requests.client.reqContractDetails(request, query),
            what=f"contract {one}",
            within=within,
        )
        return listing_of(one, details)

    found, failed = await ask_each(sorted(set(sought)), ask, at_once=AT_ONCE, progress=progress)
    return Found(found, failed)


def query_of(sought: Sought) -> ib_async.Contract:
    """Return what IBKR is asked. Raises `DataError` for what cannot go on the wire."""
    if not is_printable(f"{sought}"):
        raise DataError(f"{str(sought)!r} is not printable ASCII")
    return ib_async.Contract(
        secType="STK",
        symbol=sought.symbol,
        exchange="SMART",
        primaryExchange=sought.exchange,
        currency=sought.currency,
        secIdType="ISIN" if sought.isin else "",
        secId=sought.isin,
    )


def listing_of(sought: Sought, details: Sequence[ib_async.ContractDetails]) -> Contract:
    """Return the one stock that was meant. Raises `DataError` when there is none or several.

    An ISIN is that of every listing of a share: without a currency the one in USD is meant, where
    there is one.
    """
    meant = [
        d
        for d in details
        if d.contract
        and sought.exchange in {"", d.contract.primaryExchange}
        and sought.currency in {"", d.contract.currency}
    ]
    currencies = sorted({d.contract.currency for d in meant if d.contract})
    chosen = "USD" if "USD" in currencies and not sought.currency else "".join(currencies[:1])
    if not meant:
        raise DataError(f"IBKR lists no stock {sought}; it answered with {len(details)} contracts")
    if chosen != "USD" and len(currencies) > 1:
        raise DataError(f"{sought} is listed in {', '.join(currencies)}: name the currency")
    symbol = next(d.contract.symbol for d in meant if d.contract)
    return only_listing(symbol, chosen, meant)


def checked_symbols(symbols: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the symbols to ask for, sorted, each once; and why the others cannot be asked for."""
    wanted = sorted(set(symbols))
    odd = {s: f"{s!r} is not printable ASCII" for s in wanted if not is_printable(s)}
    return [symbol for symbol in wanted if symbol not in odd], odd


def resolved(contracts: Iterable[Contract], refused: Mapping[str, str]) -> Resolved:
    """Return what was found and what was not, each in its order."""
    return Resolved(
        contracts=tuple(sorted(contracts, key=lambda c: (c.symbol, c.con_id))),
        refused=dict(sorted(refused.items())),
    )


def only_listing(
    symbol: str, currency: str, details: Sequence[ib_async.ContractDetails]
) -> Contract:
    """Return the one stock that was meant. Raises `DataError` when there is none or several."""
    listings = {
        d.contract.conId: d
        for d in details
        if d.contract and d.contract.secType == "STK" and d.contract.currency == currency
    }
    if not listings:
        raise DataError(f"IBKR lists no stock {symbol} in {currency}")
    if len(listings) > 1:
        candidates = "; ".join(_described(listings[con_id]) for con_id in sorted(listings))
        raise DataError(f"{symbol} in {currency} is ambiguous: {candidates}")
    ((con_id, found),) = listings.items()
    tick = price(found.minTick)
    if con_id < 1 or tick is None:
        raise DataError(f"{symbol}: conId {con_id} or price increment {found.minTick} is unusable")
    return Contract(
        con_id=con_id,
        symbol=symbol,
        primary_exchange=found.contract.primaryExchange if found.contract else "",
        currency=currency,
        name=one_line(found.longName),
        min_tick=tick,
        stock_type=found.stockType,
        price_magnifier=max(1, found.priceMagnifier),  # 0: the gateway did not say
        lot=lot_of(found),
    )


def _described(details: ib_async.ContractDetails) -> str:
    contract = details.contract or ib_async.Contract()
    return f"conId {contract.conId} at {contract.primaryExchange} ({one_line(details.longName)})"
