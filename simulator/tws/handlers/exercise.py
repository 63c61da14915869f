"""Exercising options, and letting them lapse."""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.broker.exercise import nothing_to_exercise
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.order_request import account_of

EXERCISE, LAPSE = 1, 2


def exercise_options(client: ClientSession, fields: Fields) -> None:
    """Exercise options or note that they shall lapse; there is no answer but the new positions.

    What is exercised is settled at once, as in a TWS that is set to make exercises final
    (erdewit/ib_insync #465).
    """
    fields.skip("version")
    fields.identify()
    option = ContractQuery.read(fields, primary=False)
    action, quantity = fields.whole("exerciseAction"), fields.whole("exerciseQuantity")
    account = fields.text("account")
    override = fields.flag("override")
    fields.end()
    broker, directory = client.gateway.broker, client.gateway.directory
    if action not in {EXERCISE, LAPSE}:
        raise _invalid(f"Invalid exercise action {action}: 1 exercises, 2 lets lapse")
    if quantity <= 0:
        raise _invalid(f"Invalid exercise quantity {quantity}")
    if account not in {"", *broker.accounts}:
        raise nothing_to_exercise(account)
    found = directory.one(option)
    if found.sec_type != "OPT":
        raise _invalid(f"{found.local_symbol} is no option")
    broker.exercise(
        found.con_id,
        quantity,
        account=account_of(account, broker.accounts),
        lapse=action == LAPSE,
        override=override,
    )


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bE' : cause - {cause}", code=VALIDATION_FAILED
    )


HANDLERS = {Request.EXERCISE_OPTIONS: exercise_options}
