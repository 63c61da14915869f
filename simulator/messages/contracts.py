"""Contracts on the wire: the client's block of 12 fields, the server's of 11, and the details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.market import Instrument
from simulator.messages import times
from simulator.messages.numbers import Answer
from simulator.wire import Field, Fields, message

SMART = "SMART"
ORDER_TYPES = "ACTIVETIM,ADJUST,ALERT,BASKET,DAY,GTC,LMT,MKT,OPG,WHATIF"
VALID_EXCHANGES = "SMART,AMEX,NYSE,NASDAQ,ARCA,BATS,IEX"
PENNY_RULE = 26  # the market rule of US stocks: one cent at every price

UNKNOWN_CONTRACT = 200
NOT_FOUND = "No security definition has been found for the request"


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """A contract as a client describes it; whatever it left out is empty or 0."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str

    @classmethod
    def read(cls, fields: Fields) -> ContractQuery:
        """Read the block of 12 fields."""
        con_id = fields.optional_whole("conId") or 0
        symbol = fields.text("symbol")
        sec_type = fields.text("secType")
        fields.skip("lastTradeDateOrContractMonth")
        fields.optional_number("strike")
        fields.skip("right", "multiplier")
        query = cls(
            con_id=con_id,
            symbol=symbol,
            sec_type=sec_type,
            exchange=fields.text("exchange"),
            primary_exchange=fields.text("primaryExchange"),
            currency=fields.text("currency"),
            local_symbol=fields.text("localSymbol"),
        )
        fields.skip("tradingClass")
        return query

    def matches(self, instrument: Instrument) -> bool:
        """Tell whether the instrument fits everything the client stated."""
        if self.con_id:
            return self.con_id == instrument.con_id
        exchanges = {"", SMART, instrument.primary_exchange}
        return (
            (self.symbol or self.local_symbol) == instrument.symbol
            and self.local_symbol in {"", instrument.symbol}
            and self.sec_type in {"", instrument.sec_type}
            and self.currency in {"", instrument.currency}
            and self.primary_exchange in {"", instrument.primary_exchange}
            and self.exchange in exchanges
        )


def trading_class(instrument: Instrument) -> str:
    """Return the trading class: NMS on NASDAQ, else the symbol."""
    return "NMS" if instrument.primary_exchange == "NASDAQ" else instrument.symbol


def block(instrument: Instrument, *, right: str = "", exchange: str = SMART) -> tuple[Field, ...]:
    """Return the server's contract block of 11 fields, without the primary exchange."""
    return (
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        "",
        0.0,
        right,
        "",
        exchange,
        instrument.currency,
        instrument.symbol,
        trading_class(instrument),
    )


def contract_data(
    request_id: int, instrument: Instrument, *, trading_hours: str, liquid_hours: str
) -> bytes:
    """Describe one contract: 40 fields at version 178."""
    # Clients decode the name with unicode-escape, which also needs backslashes doubled.
    name = instrument.name.encode("unicode_escape").decode("ascii")
    rules = ",".join(str(PENNY_RULE) for _ in VALID_EXCHANGES.split(","))
    return message(
        Answer.CONTRACT_DATA, request_id, instrument.symbol, instrument.sec_type, "", 0.0, "",
        SMART, instrument.currency, instrument.symbol,
        trading_class(instrument), trading_class(instrument), instrument.con_id,
        instrument.min_tick, "", ORDER_TYPES, VALID_EXCHANGES, 1, 0, name,
        instrument.primary_exchange, "", instrument.sector, instrument.industry,
        instrument.industry, times.ZONE_NAME, trading_hours, liquid_hours, "", 0,
        0,  # no secId pairs follow
        1, "", "", rules, "", instrument.stock_type, 1, 1, 100,
    )  # fmt: skip


def contract_data_end(request_id: int) -> bytes:
    """Say that no more contracts follow."""
    return message(Answer.CONTRACT_DATA_END, 1, request_id)


def symbol_samples(request_id: int, instruments: Sequence[Instrument]) -> bytes:
    """List instruments whose symbol or name fits a pattern."""
    rows: list[Field] = []
    for instrument in instruments:
        rows += [
            instrument.con_id,
            instrument.symbol,
            instrument.sec_type,
            instrument.primary_exchange,
            instrument.currency,
            0,  # no derivatives follow
            instrument.name,
            "",
        ]
    return message(Answer.SYMBOL_SAMPLES, request_id, len(instruments), *rows)


def market_rule(rule_id: int, *, increment: float) -> bytes:
    """State the price increments of a rule: one, from 0 upwards."""
    return message(Answer.MARKET_RULE, rule_id, 1, 0.0, increment)
