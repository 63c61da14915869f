"""Starting a session, ids, accounts and the time."""

from __future__ import annotations

from datetime import timedelta

from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import session as frames
from simulator.tws.messages.numbers import Request
from simulator.tws.permissions import NOTICES
from simulator.tws.protocol.frames import Fields

ID_IN_USE = 326


def start_api(client: ClientSession, fields: Fields) -> None:
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
    gateway = client.gateway
    client.send(
        frames.managed_accounts(gateway.broker.accounts),
        frames.next_valid_id(gateway.next_order_id),
    )
    odd = NOTICES if "notices" in gateway.view.untidy else ()
    for code, text in (*frames.FARMS_OK, *odd):
        client.error(frames.NOT_A_REQUEST, code, text)


def ids(client: ClientSession, fields: Fields) -> None:
    """Answer with the next order id."""
    fields.skip("version", "numIds")
    fields.end()
    client.send(frames.next_valid_id(client.gateway.next_order_id))


def managed_accounts(client: ClientSession, fields: Fields) -> None:
    """Answer with the accounts."""
    fields.skip("version")
    fields.end()
    client.send(frames.managed_accounts(client.gateway.broker.accounts))


def current_time(client: ClientSession, fields: Fields) -> None:
    """Answer with the simulated time, by a clock that a fault may have put wrong."""
    fields.skip("version")
    fields.end()
    gateway = client.gateway
    skew = gateway.faults.standing("skew")
    wrong_by = timedelta(seconds=skew.seconds or 0.0 if skew else 0.0)
    client.send(frames.current_time(gateway.clock.now() + wrong_by))


HANDLERS = {
    Request.START_API: start_api,
    Request.IDS: ids,
    Request.MANAGED_ACCOUNTS: managed_accounts,
    Request.CURRENT_TIME: current_time,
}
