"""What the broker says of a contract, from an instrument of the market in this process."""

from __future__ import annotations

from datetime import datetime

import ib_async

from core.types import Contract, Increment, Increments, TradingTerms
from ibkr.contracts.details import details_of
from ibkr.contracts.trading_terms import terms_of
from ibkr.replay.received import received
from simulator.instruments.market_rules import RULES, rule_of
from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.prices.trading_hours import hours
from simulator.tws.messages import times


def contract_of(instrument: Instrument) -> Contract:
    """Return an instrument as a look-up by conId tells of it."""
    return details_of(details(instrument)).contract


def details(instrument: Instrument) -> ib_async.ContractDetails:
    """Return an instrument as it arrives in contract details, without hours."""
    return ib_async.ContractDetails(
        contract=ib_async.Contract(
            conId=instrument.con_id,
            symbol=instrument.symbol,
            secType=instrument.sec_type,
            exchange=instrument.routed_to,
            currency=instrument.currency,
            primaryExchange=instrument.primary_exchange,
        ),
        longName=instrument.name,
        minTick=received(instrument.min_tick),
        stockType=instrument.stock_type,
        validExchanges=instrument.routed_to,
        marketRuleIds=str(rule_of(instrument)),
        minSize=instrument.lot,
        sizeIncrement=instrument.lot,
    )


def trading_terms(instrument: Instrument, view: MarketView, now: datetime) -> TradingTerms:
    """Return how an instrument trades, read as it is from the wire."""
    told = details(instrument)
    told.timeZoneId = times.ZONE_NAME
    told.liquidHours = hours(
        phase(now).day, view.announced, sec_type=instrument.sec_type, extended=False
    )
    rule = rule_of(instrument)
    steps = (Increment(received(low), received(step)) for low, step in RULES[rule])
    return terms_of(details_of(told), {rule: Increments.of(steps)}, {})
