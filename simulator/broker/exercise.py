"""What TWS refuses of the wish to exercise options, or to let them lapse (322).

The texts are those of a gateway, as deepentropy/ibx records them.
"""

from __future__ import annotations

from core.errors import RequestRefused
from simulator.exchange.exchange import Exchange
from simulator.prices.market_view import phase

NOT_PROCESSED = 322


def refuse_to_exercise(exchange: Exchange, con_id: int, *, lapse: bool, override: bool) -> None:
    """Refuse without contracts to exercise, and what works against oneself without override.

    An option on the index is European: exercised on its last day only.
    """
    if exchange.positions.unlapsed(con_id) == 0:
        raise nothing_to_exercise(exchange.account)
    option = exchange.view.instrument(con_id)
    assert option.underlying is not None
    of_an_index = exchange.view.instrument(option.underlying).sec_type == "IND"
    if of_an_index and not lapse and phase(exchange.now).day != option.expiry:
        raise not_processed("European style option, it can only be exercised on its last day.")
    in_the_money = exchange.view.intrinsic(con_id, exchange.now) > 0
    if override:
        return
    if lapse and in_the_money:
        raise not_processed("Lapse ignored because option is in-the-money.")
    if not lapse and not in_the_money:
        raise not_processed("Exercise ignored because option is not in-the-money.")


def nothing_to_exercise(account: str) -> RequestRefused:
    """Return the refusal where an account holds none of an option, or is another's."""
    return not_processed(f"No unlapsed position exists in this option in account {account}.")


def not_processed(reason: str) -> RequestRefused:
    """Return the refusal of a request that could be read but not be done."""
    return RequestRefused(f"Error processing request:{reason}", code=NOT_PROCESSED)
