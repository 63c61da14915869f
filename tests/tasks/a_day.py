"""A day without a gateway, for the parts of stages that only read and write."""

from dataclasses import replace
from datetime import date

from core.calendar import session
from core.types import Order, OrderType, Position, Side, Snapshot
from desk.tickets.order_ticket import Ticket, TicketLine, TicketStatus
from tasks.day import Day
from tests.flows.days.days import settings_for

MONDAY = date(2026, 6, 15)


def a_day(home, **sections):
    found = session(MONDAY)
    return Day(
        settings=settings_for(home, **sections),
        session=found,
        account="DU1",
        run_key="a-key",
        as_of=found.decision_time,
        started_at=found.decision_time,
    )


def a_position(**changes):
    plain = Position(
        con_id=1, symbol="ABC", quantity=100.0, average_cost=9.5, market_price=10.0,
        market_value=1000.0,
    )  # fmt: skip
    return replace(plain, **changes)


def a_snapshot(*positions, **changes):
    plain = Snapshot(
        account="DU1",
        as_of=session(MONDAY).decision_time,
        currency="USD",
        net_asset_value=100_000.0,
        cash=99_000.0,
        initial_margin=0.0,
        maintenance_margin=0.0,
        excess_liquidity=99_000.0,
        positions=positions,
    )
    return replace(plain, **changes)


def an_order(**changes):
    plain = Order(
        con_id=1,
        symbol="ABC",
        side=Side.BUY,
        quantity=200,
        order_type=OrderType.LIMIT,
        limit_price=10.1,
        time_in_force="DAY",
        order_ref="ref",
    )
    return replace(plain, **changes)


def a_ticket(*orders, **changes):
    found = session(MONDAY)
    plain = Ticket(
        account="DU1",
        mode="sim",
        session=MONDAY,
        run_key="a-key",
        status=TicketStatus.PROPOSED,
        decided_at=found.decision_time,
        finish_line=found.finish_line,
        net_asset_value=100_000.0,
        lines=tuple(
            TicketLine(order, 10.0, 2000.0, 0.0, 0.02, None, None, None, None) for order in orders
        ),
    )
    return replace(plain, **changes)
