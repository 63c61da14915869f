"""Market scans on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.market.market import Instrument
from simulator.tws.messages.contracts import expiry_of, trading_class
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message


def scanner_parameters(xml: str) -> bytes:
    """Answer with the document of all scans."""
    return message(Answer.SCANNER_PARAMETERS, 1, xml)


def scanner_data(request_id: int, instruments: Sequence[Instrument]) -> bytes:
    """Answer a scan with its rows, best first."""
    rows: list[Field] = []
    for rank, instrument in enumerate(instruments):
        rows += [
            rank, instrument.con_id, instrument.symbol, instrument.sec_type, expiry_of(instrument),
            instrument.strike or 0.0, instrument.right or "", instrument.routed_to,
            instrument.currency, instrument.local_symbol, trading_class(instrument),
            trading_class(instrument), "", "", "", "",
        ]  # fmt: skip
    return message(Answer.SCANNER_DATA, 3, request_id, len(instruments), *rows)
