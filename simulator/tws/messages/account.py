"""The account on the wire: values, positions, portfolio rows."""

from __future__ import annotations

from datetime import datetime

from simulator.broker.account_values import AccountValue
from simulator.broker.profit_and_loss import Gain
from simulator.broker.valuation import PortfolioRow
from simulator.clock import NEW_YORK
from simulator.tws.messages.contracts import block
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import message


def account_value(account: str, value: AccountValue) -> bytes:
    """State one value to a subscriber of account updates."""
    return message(Answer.ACCOUNT_VALUE, 2, value.key, value.value, value.currency, account)


def account_time(now: datetime) -> bytes:
    """State the time of the account values, in New York."""
    return message(Answer.ACCOUNT_TIME, 1, f"{now.astimezone(NEW_YORK):%H:%M}")


def account_download_end(account: str) -> bytes:
    """Say that the first download of account values is complete."""
    return message(Answer.ACCOUNT_DOWNLOAD_END, 1, account)


def portfolio_value(account: str, row: PortfolioRow) -> bytes:
    """State one position at market: exactly 20 fields."""
    instrument = row.instrument
    return message(
        Answer.PORTFOLIO_VALUE, 8,
        *block(instrument, right="0", exchange=instrument.primary_exchange),
        row.quantity, row.market_price, row.market_value, row.average_cost, row.unrealized,
        row.realized, account,
    )  # fmt: skip


def position(account: str, row: PortfolioRow) -> bytes:
    """State one position: exactly 16 fields. Quantity 0 says that it was closed."""
    contract = block(row.instrument, exchange=row.instrument.primary_exchange)
    owner = row.stated.account if row.stated and row.stated.account else account
    return message(Answer.POSITION, 3, owner, *contract, row.quantity, row.average_cost)


def position_end() -> bytes:
    """Say that all positions were stated."""
    return message(Answer.POSITION_END, 1)


def account_update_multi(request_id: int, account: str, value: AccountValue) -> bytes:
    """State one value to a subscriber of one account and model."""
    return message(
        Answer.ACCOUNT_UPDATE_MULTI, 1, request_id, account, "", value.key, value.value,
        value.currency,
    )  # fmt: skip


def account_update_multi_end(request_id: int) -> bytes:
    """Say that all values of the request were stated."""
    return message(Answer.ACCOUNT_UPDATE_MULTI_END, 1, request_id)


def account_summary(request_id: int, account: str, value: AccountValue) -> bytes:
    """State one value of an account summary."""
    return message(
        Answer.ACCOUNT_SUMMARY, 1, request_id, account, value.key, value.value, value.currency
    )


def account_summary_end(request_id: int) -> bytes:
    """Say that the summary is complete."""
    return message(Answer.ACCOUNT_SUMMARY_END, 1, request_id)


def gain(request_id: int, of_all: Gain) -> bytes:
    """State the gain of an account."""
    return message(Answer.PNL, request_id, of_all.daily, of_all.unrealized, of_all.realized)


def gain_of_one(request_id: int, of_one: Gain) -> bytes:
    """State the gain of one position."""
    return message(
        Answer.PNL_SINGLE, request_id, of_one.position, of_one.daily, of_one.unrealized,
        of_one.realized, of_one.value,
    )  # fmt: skip
