"""The codes that IBKR's scanner understands, from the document in which it lists them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DataError

LARGEST = 20_000_000  # characters; the real document has about two million


@dataclass(frozen=True, slots=True)
class Code:
    """One code, what it is called, and the kinds of instrument it is for (none named: all)."""

    code: str
    name: str
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScannerCodes:
    """Everything a scan can be asked by, each sorted by code."""

    instruments: tuple[Code, ...]  # such as STK
    locations: tuple[Code, ...]  # such as STK.US.MAJOR
    scans: tuple[Code, ...]  # such as TOP_PERC_GAIN
    filters: tuple[Code, ...]  # such as priceAbove


def read_codes(document: str) -> ScannerCodes:
    """Read IBKR's document. Raises `DataError` when it is not one.

    A document type is refused before parsing: entities could make a small document huge.
    """
    if len(document) > LARGEST or "<!DOCTYPE" in document or "<!ENTITY" in document:
        raise DataError(f"the scanner's parameters, {len(document):,} characters, are not read")
    try:
        root = ET.fromstring(document.encode())  # noqa: S314 - no document type, so no entities
    except ET.ParseError as error:
        raise DataError(f"the scanner's parameters are not XML: {error}") from error
    found = ScannerCodes(
        instruments=_sorted(_codes(root, "Instrument", "type", "name")),
        locations=_sorted(_codes(root, "Location", "locationCode", "displayName")),
        scans=_sorted(_codes(root, "ScanType", "scanCode", "displayName")),
        filters=_sorted(_filters(root)),
    )
    if not (found.instruments and found.locations and found.scans):
        raise DataError("the scanner's parameters name no instrument, no location or no scan")
    return found


def _codes(root: ET.Element, element: str, code: str, name: str) -> Iterator[Code]:
    for one in root.iter(element):
        text = one.findtext(code, "").strip()
        if text:
            yield Code(text, one.findtext(name, "").strip(), _instruments(one))


def _filters(root: ET.Element) -> Iterator[Code]:
    # A filter is either simple, or a range that holds one field for each of its ends.
    for kind in ("RangeFilter", "SimpleFilter", "TripleComboFilter"):
        for one in root.iter(kind):
            for leaf in one.iter("AbstractField"):
                text = leaf.findtext("code", "").strip()
                if text:
                    name = leaf.findtext("displayName", "").strip()
                    yield Code(text, name or one.findtext("id", ""), _instruments(one))


def _instruments(element: ET.Element) -> tuple[str, ...]:
    named = element.findtext("instruments", "")
    return tuple(part.strip() for part in named.split(",") if part.strip())


def _sorted(codes: Iterator[Code]) -> tuple[Code, ...]:
    first: dict[str, Code] = {}
    for code in codes:
        first.setdefault(code.code, code)
    return tuple(first[code] for code in sorted(first))
