"""Contracts on the wire: the client's block of 12 fields, the server's of 11, and the details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from simulator.instruments.market_rules import rule_of
from simulator.market.bonds import BY_CON_ID, Bond
from simulator.market.market import Instrument
from simulator.tws.messages import times
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, Fields, message
from simulator.tws.protocol.versions import NEWEST, Since

ORDER_TYPES = (
    "ACTIVETIM,ALGO,BASKET,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,GTT,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,"
    "MTL,OCA,OPG,PEGMID,PEGMKT,REL,RELPCTOFS,RTH,STP,STPLMT,TRAIL,TRAILLMT,WHATIF"
)
VALID_EXCHANGES: Mapping[str, str] = {
    "STK": "SMART,AMEX,NYSE,NASDAQ,ARCA,BATS,IEX",
    "OPT": "SMART,AMEX,CBOE,PHLX,ISE,BOX",
    "IND": "CBOE",
    "CASH": "IDEALPRO",
    "FUT": "CME",
    "BOND": "SMART",
}

# Names that TWS still takes for an exchange it has renamed. GLOBEX and ECBOT are none of them: it
# answers 200 to them since they are CME and CBOT (wboayue/rust-ibapi #544).
FORMER_NAMES: Mapping[str, str] = {"ISLAND": "NASDAQ"}  # aklepaker/traderui #30

UNKNOWN_CONTRACT = 200
NOT_FOUND = "No security definition has been found for the request"
# The kinds of security numbers that TWS takes in a description.
SECURITY_ID_TYPES = frozenset({"CUSIP", "FIGI", "ISIN", "RIC", "SEDOL"})
NO = 0
_RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}


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
    expiry: str = ""  # YYYYMMDD, or YYYYMM for any day of the month
    strike: float = 0.0
    right: str = ""  # C or P; what TWS sends for stocks, ? and 0, is nothing
    multiplier: str = ""
    trading_class: str = ""
    security_id: str = ""  # one of `SECURITY_ID_TYPES`, a colon and the number

    @classmethod
    def read(cls, fields: Fields, *, primary: bool = True) -> ContractQuery:
        """Read the block of 12 fields, or of 11 without the ``primary`` exchange."""
        con_id = fields.optional_whole("conId") or 0
        symbol = fields.text("symbol")
        sec_type = fields.text("secType")
        expiry = fields.text("lastTradeDateOrContractMonth")
        strike = fields.optional_number("strike") or 0.0
        right = _RIGHTS.get(fields.text("right").upper(), "")
        return cls(
            con_id=con_id,
            symbol=symbol,
            sec_type=sec_type,
            expiry=expiry,
            strike=strike,
            right=right,
            multiplier=fields.text("multiplier"),
            exchange=fields.text("exchange"),
            primary_exchange=fields.text("primaryExchange") if primary else "",
            currency=fields.text("currency"),
            local_symbol=fields.text("localSymbol"),
            trading_class=fields.text("tradingClass"),
        )

    def matches(self, instrument: Instrument) -> bool:
        """Return whether the instrument fits everything the client stated."""
        if self.con_id:
            return self.con_id == instrument.con_id
        exchanges = {"", instrument.routed_to, instrument.primary_exchange}
        names = {instrument.symbol, instrument.local_symbol} | ({""} if self.security_id else set())
        return (
            (self.symbol or self.local_symbol) in names
            and self.local_symbol in {"", instrument.local_symbol}
            and self.sec_type in {"", instrument.sec_type}
            and self.currency in {"", instrument.currency}
            and present_name(self.primary_exchange) in {"", instrument.primary_exchange}
            and present_name(self.exchange) in exchanges
            and (instrument.expiry is None or self._fits_terms(instrument))
        )

    def _fits_terms(self, instrument: Instrument) -> bool:
        return (
            expiry_of(instrument).startswith(self.expiry)
            and self.strike in {0.0, instrument.strike}
            and self.right in {"", instrument.right}
            and self.multiplier in {"", str(instrument.multiplier)}
            and self.trading_class in {"", instrument.trading_class}
        )


def present_name(exchange: str) -> str:
    """Return what an exchange is called now: NASDAQ for ISLAND, any other as it is."""
    return FORMER_NAMES.get(exchange, exchange)


def trading_class(instrument: Instrument) -> str:
    """Return the trading class: what it says itself, NMS on NASDAQ, else the symbol."""
    if instrument.trading_class:
        return instrument.trading_class
    return "NMS" if instrument.primary_exchange == "NASDAQ" else instrument.symbol


def expiry_of(instrument: Instrument) -> str:
    """Return the last trading day as TWS writes it, empty without one."""
    return times.day(instrument.expiry) if instrument.expiry else ""


def multiplier_of(instrument: Instrument) -> str:
    """Return the multiplier as TWS writes it: empty for what trades by the share."""
    return str(instrument.multiplier) if instrument.multiplier != 1 else ""


def block(
    instrument: Instrument, *, right: str = "", exchange: str | None = None
) -> tuple[Field, ...]:
    """Return the server's contract block of 11 fields, without the primary exchange.

    ``right`` stands in where the instrument is no option; TWS has several words for that.
    """
    return (
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        expiry_of(instrument),
        instrument.strike or 0.0,
        instrument.right or right,
        multiplier_of(instrument),
        exchange or instrument.routed_to,
        instrument.currency,
        instrument.local_symbol,
        trading_class(instrument),
    )


@dataclass(frozen=True, slots=True)
class Described:
    """What contract details say beyond the instrument itself."""

    instrument: Instrument
    underlying: Instrument | None
    trading_hours: str
    liquid_hours: str
    security_ids: Sequence[tuple[str, str]] = ()  # kind and number
    cusip: str = ""  # told of bonds


def contract_data(request_id: int, described: Described, *, version: int = NEWEST) -> bytes:
    """Describe one contract: 40 fields at version 178, and two for each security number.

    A bond has a frame of its own.
    """
    bond = BY_CON_ID.get(described.instrument.con_id)
    if bond is not None:
        return _bond_data(request_id, described, bond, version)
    item, under = described.instrument, described.underlying
    exchanges = VALID_EXCHANGES[item.sec_type]
    rule = rule_of(item)
    # Clients decode the name with unicode-escape, which also needs backslashes doubled.
    name = item.name.encode("unicode_escape").decode("ascii")
    suggested = 100 if item.sec_type == "STK" else 1
    sizes: tuple[Field, ...] = (item.lot, item.lot, suggested)
    has_sizes = version >= Since.SIZE_RULES
    return message(
        Answer.CONTRACT_DATA, *(() if has_sizes else (8,)), request_id,
        item.symbol, item.sec_type, expiry_of(item), item.strike or 0.0, item.right or "",
        item.routed_to, item.currency, item.local_symbol,
        trading_class(item), trading_class(item), item.con_id,
        item.min_tick, *(() if has_sizes else (1,)), multiplier_of(item), ORDER_TYPES, exchanges,
        1, under.con_id if under else 0, name,
        "" if item.expiry else item.primary_exchange,
        f"{item.expiry:%Y%m}" if item.expiry else "", item.sector, item.industry,
        item.industry, times.ZONE_NAME, described.trading_hours, described.liquid_hours, "", 0,
        len(described.security_ids), *chain.from_iterable(described.security_ids),
        1, under.symbol if under else "", under.sec_type if under else "",
        ",".join(str(rule) for _ in exchanges.split(",")), expiry_of(item), item.stock_type,
        *(sizes if has_sizes else ()),
    )  # fmt: skip


def _bond_data(request_id: int, described: Described, bond: Bond, version: int) -> bytes:
    """Describe a bond: 36 fields at version 178, and two for each security number."""
    item = described.instrument
    has_sizes = version >= Since.SIZE_RULES
    called = bond.callable_from
    return message(
        Answer.BOND_CONTRACT_DATA, *(() if has_sizes else (6,)), request_id,
        item.symbol, item.sec_type, described.cusip, bond.coupon, times.day(bond.matures),
        times.day(bond.issued), bond.rating, "CORP", "FIXED", NO, called is not None, NO,
        bond.description, item.routed_to, item.currency, trading_class(item), trading_class(item),
        item.con_id, item.min_tick, *(() if has_sizes else (1,)), ORDER_TYPES,
        VALID_EXCHANGES[item.sec_type], times.day(called) if called else "",
        "CALL" if called else "", NO, "", item.name, "", 0,
        len(described.security_ids), *chain.from_iterable(described.security_ids),
        1, str(rule_of(item)), *((1, 1, 1) if has_sizes else ()),
    )  # fmt: skip


def contract_data_end(request_id: int) -> bytes:
    """Say that no more contracts follow."""
    return message(Answer.CONTRACT_DATA_END, 1, request_id)


def symbol_samples(
    request_id: int,
    samples: Sequence[tuple[Instrument, Sequence[str]]],
    *,
    version: int = NEWEST,
) -> bytes:
    """List instruments whose symbol or name fits a pattern, each with its kinds of derivatives."""
    rows: list[Field] = []
    for instrument, derivatives in samples:
        rows += [
            instrument.con_id,
            instrument.symbol,
            instrument.sec_type,
            instrument.primary_exchange,
            instrument.currency,
            len(derivatives),
            *derivatives,
        ]
        if version >= Since.ISSUER:
            rows += [instrument.name, ""]
    return message(Answer.SYMBOL_SAMPLES, request_id, len(samples), *rows)


def market_rule(rule_id: int, steps: Sequence[tuple[float, float]]) -> bytes:
    """State the price increments of a rule: from which price on, and what it is."""
    return message(Answer.MARKET_RULE, rule_id, len(steps), *chain.from_iterable(steps))
