"""The prices and exchange rates that a ticket was decided at, read from what it says."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from core.errors import DataError
from core.money import Price, Rates
from core.types import Contract, Snapshot
from desk.gate.desk_gate import held_price
from desk.tickets.ticket_store import TicketRecord


def prices_decided(
    record: TicketRecord, snapshot: Snapshot, contracts: Mapping[int, Contract]
) -> dict[int, Price]:
    """Return what a share cost at the decision: of what is still held, and of every line.

    A ticket writes amounts only; ``contracts`` tell the units of its lines. A line whose contract
    is not known is left out, and its order fails without a price. Raises `DataError` without the
    rate of a currency that something held trades in.
    """
    rates = snapshot.exchange_rates
    positions = {position.con_id: position for position in snapshot.stocks.positions}
    decided = {
        holding.con_id: held_price(positions[holding.con_id], holding.price, rates)
        for holding in record.holdings
        if holding.con_id in positions
    }
    return decided | {
        line.order.con_id: contracts[line.order.con_id].quoted(line.reference_price)
        for line in record.ticket.lines
        if line.order.con_id in contracts
    }


def rates_decided(
    record: TicketRecord, snapshot: Snapshot, contracts: Mapping[int, Contract]
) -> Rates:
    """Return the exchange rates of the decision where its lines tell them, else those of now.

    What was decided right at a limit must not fail over the next tick of a rate.
    """
    known = dict(snapshot.rates)
    for line in record.ticket.lines:
        contract = contracts.get(line.order.con_id)
        if contract is not None and contract.currency != snapshot.currency:
            cost = contract.quoted(line.reference_price) * line.order.quantity
            known[contract.currency] = line.notional / cost.amount
    return Rates(snapshot.currency, known)


def units_decided(
    record: TicketRecord, snapshot: Snapshot, contracts: Mapping[int, Contract]
) -> dict[int, float]:
    """Return what one unit of each name's prices is worth in the base currency, by conId.

    Of the ticket's names at the rate of the decision, which its lines tell; of ``contracts``
    beside them at the account's present one. A name without a rate is left out.
    """
    units = {
        line.order.con_id: line.notional / (line.order.quantity * line.reference_price)
        for line in record.ticket.lines
    }
    for con_id, contract in contracts.items():
        if con_id not in units:
            with suppress(DataError):  # the account is closed all the same, without this figure
                one = snapshot.exchange_rates.per_share(contract.quoted(1.0))
                units[con_id] = one * contract.multiplier
    return units
