"""What the gateway does with each request: one file per topic, one function per message."""

from __future__ import annotations

from simulator.tws.handler_context import Handler
from simulator.tws.handlers import (
    account,
    contracts,
    exercise,
    fundamentals,
    gains,
    historical_ticks,
    history,
    market_data,
    market_depth,
    news,
    options,
    order_reports,
    orders,
    real_time_bars,
    scanner,
    session,
    tick_by_tick,
    wall_street_horizon,
)

HANDLERS: dict[int, Handler] = {
    int(number): handler
    for topic in (
        session.HANDLERS,
        contracts.HANDLERS,
        market_data.HANDLERS,
        history.HANDLERS,
        historical_ticks.HANDLERS,
        real_time_bars.HANDLERS,
        tick_by_tick.HANDLERS,
        market_depth.HANDLERS,
        options.HANDLERS,
        news.HANDLERS,
        fundamentals.HANDLERS,
        wall_street_horizon.HANDLERS,
        account.HANDLERS,
        gains.HANDLERS,
        orders.HANDLERS,
        order_reports.HANDLERS,
        exercise.HANDLERS,
        scanner.HANDLERS,
    )
    for number, handler in topic.items()
}
