"""The account of an exchange in this process."""

from __future__ import annotations

import ib_async

from core.types import Snapshot
from ibkr.account.snapshot import join
from ibkr.replay.received import received, whole_seconds
from ibkr.wire.messages import AccountValue, Held, Valued
from simulator.broker.account_values import account_values
from simulator.broker.broker import Broker
from simulator.broker.valuation import PortfolioRow, value
from simulator.market.market import Instrument


class ReplayPortfolio:
    """The `ibkr.gateway.PortfolioTools` of one moment."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def snapshot(self) -> Snapshot:
        """Return positions and account figures, whole, as of the gateway's time."""
        account = self._broker.account
        valuation = value(self._broker.exchange)
        page: list[AccountValue | Valued] = [
            AccountValue(account, item.key, item.value, item.currency)
            for item in account_values(valuation, account)
        ]
        page += [_valued(account, row) for row in valuation.on_page()]
        held = [_held(account, row) for row in valuation.listed()]
        own = [row for row in held if row.account == account]
        return join(account, whole_seconds(self._broker.now), own, page)


def _held(account: str, row: PortfolioRow) -> Held:
    contract = _contract(row.instrument)
    owner = row.stated.account if row.stated and row.stated.account else account
    return Held(owner, contract, received(row.quantity), received(row.average_cost))


def _valued(account: str, row: PortfolioRow) -> Valued:
    return Valued(
        account,
        _contract(row.instrument),
        received(row.quantity),
        received(row.market_price),
        received(row.market_value),
        received(row.average_cost),
        received(row.unrealized),
        received(row.realized),
    )


def _contract(instrument: Instrument) -> ib_async.Contract:
    return ib_async.Contract(
        conId=instrument.con_id,
        symbol=instrument.symbol,
        secType=instrument.sec_type,
        currency=instrument.currency,
    )
