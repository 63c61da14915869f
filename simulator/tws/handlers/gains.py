"""Profit and loss of accounts and positions: once, and again after every change."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.broker.profit_and_loss import Gain, gains, total
from simulator.broker.valuation import value
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers.account import account_named
from simulator.tws.messages import account as frames
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields

NOTHING = Gain(0.0, 0.0, 0.0, 0.0, 0.0)


def gain(client: ClientSession, fields: Fields) -> None:
    """State the gain of an account and subscribe to changes."""
    request_id = fields.identify()
    account = account_named(client, fields.text("account"), "cb")
    fields.skip("modelCode")
    fields.end()
    client.account_streams.gains[request_id] = account
    send_gains(client, account, _gains(client, account), only=request_id)


def cancel_gain(client: ClientSession, fields: Fields) -> None:
    """End the subscription."""
    client.account_streams.gains.pop(fields.identify(), None)
    fields.end()


def gain_of_one(client: ClientSession, fields: Fields) -> None:
    """State the gain of one position and subscribe to changes."""
    request_id = fields.identify()
    account = account_named(client, fields.text("account"), "cd")
    fields.skip("modelCode")
    con_id = fields.whole("conId")
    fields.end()
    client.account_streams.gains_of_one[request_id] = account, con_id
    send_gains(client, account, _gains(client, account), only=request_id)


def cancel_gain_of_one(client: ClientSession, fields: Fields) -> None:
    """End the subscription."""
    client.account_streams.gains_of_one.pop(fields.identify(), None)
    fields.end()


def send_gains(
    client: ClientSession,
    account: str,
    of_positions: Mapping[int, Gain],
    *,
    only: int | None = None,
) -> None:
    """Send the gains of an account to those requests that follow it, or to one of them."""
    streams = client.account_streams
    for request_id, followed in sorted(streams.gains.items()):
        if followed == account and only in {None, request_id}:
            client.send(frames.gain(request_id, total(of_positions)))
    for request_id, (followed, con_id) in sorted(streams.gains_of_one.items()):
        if followed == account and only in {None, request_id}:
            client.send(frames.gain_of_one(request_id, of_positions.get(con_id, NOTHING)))


def _gains(client: ClientSession, account: str) -> Mapping[int, Gain]:
    exchange = client.gateway.broker.exchanges[account]
    return gains(exchange, value(exchange))


HANDLERS = {
    Request.PNL: gain,
    Request.CANCEL_PNL: cancel_gain,
    Request.PNL_SINGLE: gain_of_one,
    Request.CANCEL_PNL_SINGLE: cancel_gain_of_one,
}
