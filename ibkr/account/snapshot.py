"""The account at one moment: positions and figures, both whole, both fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from core.errors import GatewayError
from core.text.counts import count
from core.types import Position, Snapshot
from core.types.account import Figure
from ibkr.wire.convert import number, price
from ibkr.wire.messages import AccountValue, Held, Valued
from ibkr.wire.request_types import ACCOUNT, POSITIONS
from ibkr.wire.requests import Requests

_FIGURES = {
    "NetLiquidation": "net_asset_value",
    "TotalCashValue": "cash",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
    "ExcessLiquidity": "excess_liquidity",
}
# A fill between the two questions makes their answers differ once; twice is something else.
_ATTEMPTS = 2
_BASE = "BASE"  # stands for the base currency where all currencies are summed up
# Converting currency, by hand or by IBKR itself, leaves a "virtual" position in the list of
# positions that the account page need not show; the money is in the balances.
_PAIR = "CASH"


class _Disagreement(GatewayError):
    """The list of positions and the account page tell different quantities."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Everything the gateway says of an account at one moment, as sent."""

    account: str
    as_of: datetime
    positions: Mapping[int, tuple[Held, Valued]]  # by conId; none is zero
    values: tuple[AccountValue, ...]
    pairs: tuple[Held, ...] = ()  # currency pairs, by conId; the page may show them or not


async def take_snapshot(requests: Requests, account: str, *, within: float) -> Snapshot:
    """Ask for positions and account figures anew and join them; see `read_account`."""
    return snapshot_of(await read_account(requests, account, within=within))


async def read_account(requests: Requests, account: str, *, within: float) -> AccountPage:
    """Ask for positions and account figures anew.

    Each is confirmed by its end marker. Raises `GatewayError` when one is missing, unreadable or
    inconsistent with the other: an account that could not be read is never a flat account.
    """
    attempt = 1
    while True:
        held = await _positions(requests, account, within=within)
        page = await _account_page(requests, account, within=within)
        as_of = await requests.current_time(within=within)
        try:
            return _matched(account, as_of, held, page)
        except _Disagreement:
            if attempt == _ATTEMPTS:
                raise
            attempt += 1


async def _positions(requests: Requests, account: str, *, within: float) -> list[Held]:
    client = requests.client
    held: list[Held] = await requests.by_kind(
        POSITIONS,
        client.reqPositions,
        what="positions",
        within=within,
        withdraw=client.cancelPositions,
    )
    return [row for row in held if row.account == account]


async def _account_page(requests: Requests, account: str, *, within: float) -> list[Any]:
    client = requests.client
    page = await requests.by_kind(
        ACCOUNT,
        lambda: client.reqAccountUpdates(True, account),  # noqa: FBT003 - ib_async's signature
        what="account values",
        within=within,
        withdraw=lambda: client.reqAccountUpdates(False, account),  # noqa: FBT003 - the same
    )
    return [row for row in page if row.account == account]


def join(
    account: str, as_of: datetime, held: Sequence[Held], page: Sequence[AccountValue | Valued]
) -> Snapshot:
    """Join positions and account page into a snapshot, or say everything that is wrong."""
    return snapshot_of(_matched(account, as_of, held, page))


def snapshot_of(page: AccountPage) -> Snapshot:
    """Return the snapshot that a page shows. Raises `GatewayError`."""
    currency, figures = account_figures(page.values)
    rates = exchange_rates(page.values)
    rows = [row for row in page.positions.values() if row[0].contract.secType != _PAIR]
    return Snapshot(
        account=page.account,
        as_of=page.as_of,
        currency=currency,
        positions=tuple(
            sorted(
                (_position(held, valued, rates) for held, valued in rows),
                key=lambda position: (position.symbol, position.con_id),
            )
        ),
        rates=rates,
        currency_pairs=tuple(_pair(held) for held in page.pairs),
        **figures,
    )


def exchange_rates(values: Sequence[AccountValue]) -> dict[str, float]:
    """Return what one unit of each currency is worth in the base currency, by currency."""
    stated = {row.currency: price(row.value) for row in values if row.tag == "ExchangeRate"}
    rates = {name: rate for name, rate in sorted(stated.items()) if rate is not None}
    rates.pop(_BASE, None)  # the sum of all is no currency
    return rates | {base_currency(values): 1.0}


def base_currency(values: Sequence[AccountValue]) -> str:
    """Return the account's base currency. Raises `GatewayError` when it is not clear."""
    # Figures exist once per currency and once in the base currency, which NetLiquidation names.
    currencies = sorted({row.currency for row in values if row.tag == "NetLiquidation"} - {_BASE})
    if len(currencies) != 1:
        raise GatewayError(f"the account's base currency is not clear: {currencies or 'none'}")
    return currencies[0]


def _matched(
    account: str, as_of: datetime, held: Sequence[Held], page: Sequence[AccountValue | Valued]
) -> AccountPage:
    # The last word about a contract counts: it may have changed while the list was being sent.
    latest = {row.contract.conId: row for row in held}
    shown = {row.contract.conId: row for row in page if isinstance(row, Valued)}
    positions = {con_id: row for con_id, row in latest.items() if row.quantity}
    valued = {con_id: row for con_id, row in shown.items() if row.quantity}
    _compare(_without_pairs(positions), _without_pairs(valued))
    return AccountPage(
        account=account,
        as_of=as_of,
        positions={
            con_id: (row, valued[con_id]) for con_id, row in positions.items() if con_id in valued
        },
        values=tuple(row for row in page if isinstance(row, AccountValue)),
        pairs=tuple(row for _, row in sorted(positions.items()) if row.contract.secType == _PAIR),
    )


Row = TypeVar("Row", Held, Valued)


def _without_pairs(rows: Mapping[int, Row]) -> dict[int, Row]:
    return {con_id: row for con_id, row in rows.items() if row.contract.secType != _PAIR}


def _compare(positions: dict[int, Held], valued: dict[int, Valued]) -> None:
    quantities = {con_id: row.quantity for con_id, row in positions.items()}
    shown = {con_id: row.quantity for con_id, row in valued.items()}
    if quantities != shown:
        odd = sorted(
            con_id
            for con_id in {*quantities, *shown}
            if quantities.get(con_id) != shown.get(con_id)
        )
        told = ", ".join(
            f"conId {con_id}: {quantities.get(con_id, 0):g} and {shown.get(con_id, 0):g}"
            for con_id in odd[:5]
        )
        raise _Disagreement(
            f"the gateway's positions and its account page disagree about "
            f"{count(len(odd), 'contract')}: {told}; fills may be under way, ask again in a moment"
        )


def account_figures(values: Sequence[AccountValue]) -> tuple[str, dict[str, float]]:
    """Return the base currency and the figures of a `Snapshot` in it, by name.

    Raises `GatewayError` when one is missing or being reset.
    """
    if any(row.tag == "AccountReady" and row.value == "false" for row in values):
        raise GatewayError("IBKR says that the account's figures are being reset; ask again later")
    currency = base_currency(values)
    texts = {row.tag: row.value for row in values if row.currency == currency}
    numbers = {name: number(texts.get(tag)) for tag, name in _FIGURES.items()}
    missing = [tag for tag, name in _FIGURES.items() if numbers[name] is None]
    if missing:
        told = ", ".join(f"{tag} = {texts.get(tag, 'absent')}" for tag in missing)
        raise GatewayError(f"the account's figures are incomplete: {told}")
    return currency, {name: value for name, value in numbers.items() if value is not None}


def _position(held: Held, valued: Valued, rates: Mapping[str, float]) -> Position:
    contract, quantity = held.contract, number(held.quantity)
    if quantity is None:
        raise GatewayError(f"position {contract.symbol}: quantity {held.quantity}")
    rate, worth = rates.get(contract.currency), number(valued.market_value)
    figures: dict[Figure, float | None] = {
        "average cost": number(held.average_cost),
        "market price": number(valued.market_price),
        # In a currency that the page states no rate of, a value says nothing.
        "market value": None if rate is None or worth is None else worth * rate,
    }
    return Position(
        con_id=contract.conId,
        symbol=contract.symbol,
        quantity=quantity,
        average_cost=figures["average cost"] or 0.0,
        market_price=figures["market price"] or 0.0,
        market_value=figures["market value"] or 0.0,
        sec_type=contract.secType,
        currency=contract.currency,
        unstated=tuple(name for name, figure in figures.items() if figure is None),
    )


def _pair(held: Held) -> Position:
    contract = held.contract
    return Position(
        con_id=contract.conId,
        symbol=contract.localSymbol or f"{contract.symbol}.{contract.currency}",
        quantity=number(held.quantity) or 0.0,
        average_cost=0.0,
        market_price=0.0,
        market_value=0.0,
        sec_type=contract.secType,
        currency=contract.currency,
        unstated=("average cost", "market price", "market value"),
    )
