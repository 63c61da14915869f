"""Positions, account values and summaries: once, and again after every change."""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.account_values import AccountValue, account_values
from simulator.client import VALIDATION_FAILED, Client
from simulator.messages import account as frames
from simulator.messages.numbers import Request
from simulator.valuation import Valuation, value
from simulator.wire import Fields

MOST_SUMMARIES = 2
TOO_MANY_SUMMARIES = 322
LEDGER_TAGS = frozenset({"$LEDGER", "$LEDGER:ALL", "$LEDGER:BASE", "$LEDGER:USD"})


def positions(client: Client, fields: Fields) -> None:
    """State all positions and subscribe to changes."""
    fields.skip("version")
    fields.end()
    client.wants_positions = True
    broker = client.gateway.broker
    rows = value(broker.exchange).rows
    client.send(*(frames.position(broker.account, row) for row in rows), frames.position_end())


def cancel_positions(client: Client, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    fields.end()
    client.wants_positions = False


def account_updates(client: Client, fields: Fields) -> None:
    """State account values and portfolio and subscribe to changes, or end that."""
    fields.skip("version")
    subscribe = fields.flag("subscribe")
    account = fields.text("acctCode")
    fields.end()
    _check(client, account)
    client.wants_account = subscribe
    if subscribe:
        broker = client.gateway.broker
        valuation = value(broker.exchange)
        rows = (frames.portfolio_value(broker.account, row) for row in valuation.rows)
        send_account(client, valuation)
        client.send(*rows, frames.account_download_end(broker.account))


def account_updates_multi(client: Client, fields: Fields) -> None:
    """State account values under a request id and subscribe to changes."""
    fields.skip("version")
    request_id = fields.identify()
    account = fields.text("account")
    fields.skip("modelCode")
    fields.flag("ledgerAndNLV")
    fields.end()
    _check(client, account)
    client.account_multi.add(request_id)
    send_multi(client, request_id, value(client.gateway.broker.exchange))
    client.send(frames.account_update_multi_end(request_id))


def cancel_account_updates_multi(client: Client, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    client.account_multi.discard(fields.identify())
    fields.end()


def account_summary(client: Client, fields: Fields) -> None:
    """State the chosen account values and subscribe to changes; two such at a time."""
    fields.skip("version")
    request_id = fields.identify()
    fields.skip("group")
    tags = frozenset(tag.strip() for tag in fields.text("tags").split(",") if tag.strip())
    fields.end()
    if len(client.summaries) >= MOST_SUMMARIES and request_id not in client.summaries:
        raise RequestRefused(
            "Error processing request.-'bW' : cause - Maximum number of account summary requests "
            "exceeded",
            code=TOO_MANY_SUMMARIES,
        )
    client.summaries[request_id] = tags
    send_summary(client, request_id, value(client.gateway.broker.exchange))
    client.send(frames.account_summary_end(request_id))


def cancel_account_summary(client: Client, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    client.summaries.pop(fields.identify(), None)
    fields.end()


def send_account(client: Client, valuation: Valuation) -> None:
    """Send all account values with their time."""
    account = client.gateway.broker.account
    client.send(
        *(frames.account_value(account, item) for item in account_values(valuation, account)),
        frames.account_time(client.gateway.broker.now),
    )


def send_multi(client: Client, request_id: int, valuation: Valuation) -> None:
    """Send all account values under a request id."""
    account = client.gateway.broker.account
    client.send(
        *(
            frames.account_update_multi(request_id, account, item)
            for item in account_values(valuation, account)
        )
    )


def send_summary(client: Client, request_id: int, valuation: Valuation) -> None:
    """Send the account values a summary asks for."""
    account, tags = client.gateway.broker.account, client.summaries[request_id]
    client.send(
        *(
            frames.account_summary(request_id, account, item)
            for item in account_values(valuation, account)
            if _is_wanted(item, tags)
        )
    )


def _is_wanted(item: AccountValue, tags: frozenset[str]) -> bool:
    if item.key in tags:
        return True
    return bool(tags & LEDGER_TAGS) and item.is_ledger


def _check(client: Client, account: str) -> None:
    if account not in {"", client.gateway.broker.account}:
        raise RequestRefused(
            f"Error validating request.-'bS' : cause - Invalid account code {account!r}",
            code=VALIDATION_FAILED,
        )


HANDLERS = {
    Request.POSITIONS: positions,
    Request.CANCEL_POSITIONS: cancel_positions,
    Request.ACCOUNT_UPDATES: account_updates,
    Request.ACCOUNT_UPDATES_MULTI: account_updates_multi,
    Request.CANCEL_ACCOUNT_UPDATES_MULTI: cancel_account_updates_multi,
    Request.ACCOUNT_SUMMARY: account_summary,
    Request.CANCEL_ACCOUNT_SUMMARY: cancel_account_summary,
}
