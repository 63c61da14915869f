"""Starting a session, ids, accounts and the time."""

from __future__ import annotations

from simulator.client import ID_IN_USE, Client
from simulator.messages import session as frames
from simulator.messages.numbers import Request
from simulator.wire import Fields


def start_api(client: Client, fields: Fields) -> None:
    """Admit a client under its id; an id in use is refused and the connection closed."""
    fields.skip("version")
    client_id = fields.whole("clientId")
    fields.skip("optionalCapabilities")
    fields.end()
    if not client.gateway.admit(client, client_id):
        client.error(
            frames.NOT_A_REQUEST,
            ID_IN_USE,
            "Unable to connect as the client id is already in use. Retry with a unique client id.",
        )
        client.hang_up()
        return
    broker = client.gateway.broker
    client.send(frames.managed_accounts(broker.account), frames.next_valid_id(broker.next_order_id))
    for code, text in frames.FARMS_OK:
        client.error(frames.NOT_A_REQUEST, code, text)


def ids(client: Client, fields: Fields) -> None:
    """Answer with the next order id."""
    fields.skip("version", "numIds")
    fields.end()
    client.send(frames.next_valid_id(client.gateway.broker.next_order_id))


def managed_accounts(client: Client, fields: Fields) -> None:
    """Answer with the account."""
    fields.skip("version")
    fields.end()
    client.send(frames.managed_accounts(client.gateway.broker.account))


def current_time(client: Client, fields: Fields) -> None:
    """Answer with the simulated time."""
    fields.skip("version")
    fields.end()
    client.send(frames.current_time(client.gateway.clock.now()))


HANDLERS = {
    Request.START_API: start_api,
    Request.IDS: ids,
    Request.MANAGED_ACCOUNTS: managed_accounts,
    Request.CURRENT_TIME: current_time,
}
