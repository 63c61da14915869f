"""What an order costs: IBKR's published fixed schedule for US accounts.

Source: interactivebrokers.com, "Commissions", pages stocks, options, futures and spot currencies:

- shares: 0.005 USD each, at least 1.00 USD and at most 1 % of the trade value an order; where the
  maximum is below the minimum it applies; exchange fees included,
- options: 0.65 USD a contract, at least 1.00 USD an order; none for exercise and assignment,
- US futures: 0.85 USD a contract, without the fees that the exchange adds,
- currencies: 0.2 basis points of the trade value, at least 2.00 USD an order.
"""

from __future__ import annotations

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
