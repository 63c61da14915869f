"""Positions, account values and summaries: once, and again after every change."""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.broker.account_values import AccountValue, account_values
from simulator.broker.valuation import Valuation, value
from simulator.tws.handler_context import ClientSession, MultiRequest
from simulator.tws.messages import account as frames
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED

MOST_SUMMARIES = 2
TOO_MANY_SUMMARIES = 322
LEDGER, ALL_CURRENCIES = "$LEDGER", "ALL"


def positions(client: ClientSession, fields: Fields) -> None:
    """State the positions of all accounts and subscribe to changes."""
    fields.skip("version")
    fields.end()
    client.account_streams.positions = True
    for account, exchange in client.gateway.broker.exchanges.items():
        client.send(*(frames.position(account, row) for row in value(exchange).listed()))
    client.send(frames.position_end())


def cancel_positions(client: ClientSession, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    fields.end()
    client.account_streams.positions = False


def account_updates(client: ClientSession, fields: Fields) -> None:
    """State account values and portfolio of one account and follow them, or end that."""
    fields.skip("version")
    subscribe = fields.flag("subscribe")
    account = account_named(client, fields.text("acctCode"), "bS")
    fields.end()
    client.account_streams.account = account if subscribe else None
    if subscribe:
        valuation = _value(client, account)
        send_account(client, account, valuation)
        client.send(
            *(frames.portfolio_value(account, row) for row in valuation.on_page()),
            frames.account_download_end(account),
        )


def account_updates_multi(client: ClientSession, fields: Fields) -> None:
    """State account values under a request id and subscribe to changes."""
    fields.skip("version")
    request_id = fields.identify()
    account = account_named(client, fields.text("account"), "bS")
    fields.skip("modelCode")
    client.account_streams.multi[request_id] = MultiRequest(account, fields.flag("ledgerAndNLV"))
    fields.end()
    send_multi(client, request_id, _value(client, account))
    client.send(frames.account_update_multi_end(request_id))


def cancel_account_updates_multi(client: ClientSession, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    client.account_streams.multi.pop(fields.identify(), None)
    fields.end()


def account_summary(client: ClientSession, fields: Fields) -> None:
    """State the chosen account values and subscribe to changes; two such at a time."""
    fields.skip("version")
    request_id = fields.identify()
    fields.skip("group")
    tags = frozenset(tag.strip() for tag in fields.text("tags").split(",") if tag.strip())
    fields.end()
    summaries = client.account_streams.summaries
    if len(summaries) >= MOST_SUMMARIES and request_id not in summaries:
        raise RequestRefused(
            "Error processing request.-'bW' : cause - Maximum number of account summary requests "
            "exceeded",
            code=TOO_MANY_SUMMARIES,
        )
    summaries[request_id] = tags
    for account in client.gateway.broker.accounts:
        send_summary(client, request_id, account, _value(client, account))
    client.send(frames.account_summary_end(request_id))


def cancel_account_summary(client: ClientSession, fields: Fields) -> None:
    """End the subscription."""
    fields.skip("version")
    client.account_streams.summaries.pop(fields.identify(), None)
    fields.end()


def account_named(client: ClientSession, account: str, request: str) -> str:
    """Return the account a request is about; none means the first."""
    broker = client.gateway.broker
    if account not in {"", *broker.accounts}:
        raise RequestRefused(
            f"Error validating request.-'{request}' : cause - Invalid account code {account!r}",
            code=VALIDATION_FAILED,
        )
    return account or broker.account


def send_account(client: ClientSession, account: str, valuation: Valuation) -> None:
    """Send all values of an account with their time."""
    client.send(
        *(frames.account_value(account, item) for item in account_values(valuation, account)),
        frames.account_time(client.gateway.broker.now),
    )


def send_multi(client: ClientSession, request_id: int, valuation: Valuation) -> None:
    """Send the values of an account under a request id."""
    request = client.account_streams.multi[request_id]
    client.send(
        *(
            frames.account_update_multi(request_id, request.account, item)
            for item in account_values(valuation, request.account)
            if not request.ledger_only or item.is_ledger or item.key == "NetLiquidation"
        )
    )


def send_summary(
    client: ClientSession, request_id: int, account: str, valuation: Valuation
) -> None:
    """Send the values of an account that a summary asks for."""
    tags = client.account_streams.summaries[request_id]
    client.send(
        *(
            frames.account_summary(request_id, account, item)
            for item in account_values(valuation, account)
            if _is_wanted(item, tags)
        )
    )


def _is_wanted(item: AccountValue, tags: frozenset[str]) -> bool:
    """Return whether tags ask for a value.

    ``$LEDGER`` asks for the sum of all currencies, ``$LEDGER:EUR`` for one, ``$LEDGER:ALL`` for
    all of them and their sum.
    """
    if item.key in tags:
        return True
    if not item.is_ledger:
        return False
    asked = {tag.partition(":")[2] or "BASE" for tag in tags if tag.partition(":")[0] == LEDGER}
    return bool(asked & {item.currency, ALL_CURRENCIES})


def _value(client: ClientSession, account: str) -> Valuation:
    return value(client.gateway.broker.exchanges[account])


HANDLERS = {
    Request.POSITIONS: positions,
    Request.CANCEL_POSITIONS: cancel_positions,
    Request.ACCOUNT_UPDATES: account_updates,
    Request.ACCOUNT_UPDATES_MULTI: account_updates_multi,
    Request.CANCEL_ACCOUNT_UPDATES_MULTI: cancel_account_updates_multi,
    Request.ACCOUNT_SUMMARY: account_summary,
    Request.CANCEL_ACCOUNT_SUMMARY: cancel_account_summary,
}
