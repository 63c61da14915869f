"""What an order costs: IBKR's published fixed schedule for US accounts.

Source: interactivebrokers.com, "Commissions", pages stocks, options, futures and spot currencies:

- shares: 0.005 USD each, at least 1.00 USD and at most 1 % of the trade value an order; where the
  maximum is below the minimum it applies; exchange fees included,
- options: 0.65 USD a contract, at least 1.00 USD an order; none for exercise and assignment,
- US futures: 0.85 USD a contract, without the fees that the exchange adds,
- currencies: 0.2 basis points of the trade value, at least 2.00 USD an order.
"""

from __future__ import annotations

from datetime import datetime

from simulator.exchange.orders import OrderTerms
from simulator.prices.exchange_rates import in_dollars, rate
from simulator.prices.market_view import MarketView

PER_SHARE = 0.005
MINIMUM = 1.00
MAXIMUM_SHARE = 0.01
PER_OPTION, OPTIONS_MINIMUM = 0.65, 1.00
PER_FUTURE = 0.85
OF_CURRENCIES, CURRENCIES_MINIMUM = 0.2e-4, 2.00


def order_commission(quantity: float, value: float, *, sec_type: str = "STK") -> float:
    """Return what an order costs in USD.

    ``quantity`` counts shares or contracts, ``value`` is what they are worth in USD, both without
    sign. The schedule is per order: several executions of one order pay it once.
    """
    if not quantity:
        return 0.0
    match sec_type:
        case "OPT":
            cost = max(OPTIONS_MINIMUM, PER_OPTION * quantity)
        case "FUT":
            cost = PER_FUTURE * quantity
        case "CASH":
            cost = max(CURRENCIES_MINIMUM, OF_CURRENCIES * value)
        case _:
            cost = min(max(MINIMUM, PER_SHARE * quantity), MAXIMUM_SHARE * value)
    return round(cost, 6)


def commission_of(
    terms: OrderTerms, quantity: int, notional: float, view: MarketView, now: datetime
) -> float:
    """Return what so much of an order costs in base currency.

    ``notional`` is quantity times price; what the legs of a combination are worth is looked up
    instead. The options of a combination are one lot, not one each.
    """
    if not terms.legs:
        instrument = view.instrument(terms.con_id)
        value = notional * instrument.multiplier * in_dollars(view, instrument.currency, now)
        cost = order_commission(quantity, value, sec_type=instrument.sec_type)
        return _in_base(cost, view, now)
    lots: dict[str, tuple[int, float]] = {}
    for con_id, signed in terms.trades:
        instrument = view.instrument(con_id)
        size = abs(signed) * quantity // terms.quantity
        value = size * (view.mark(con_id, now) or 0.0) * instrument.multiplier
        before = lots.get(instrument.sec_type, (0, 0.0))
        lots[instrument.sec_type] = before[0] + size, before[1] + value
    costs = (order_commission(*lot, sec_type=kind) for kind, lot in sorted(lots.items()))
    return _in_base(round(sum(costs), 6), view, now)


def _in_base(dollars: float, view: MarketView, now: datetime) -> float:
    """Return a commission, which the schedule states in dollars, in base currency."""
    return dollars if view.base == "USD" else round(dollars * rate(view, "USD", now), 6)
