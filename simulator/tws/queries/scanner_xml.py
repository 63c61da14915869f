"""The document of all scans, in the shape of TWS's own of several megabytes."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree as ET

from simulator.tws.queries.scans import FILTERS, LOCATIONS, SCANS, STOCK_TYPES

_NAMES = {"STK": "US Stocks", "ETF.EQ.US": "US Equity ETFs", "IND.US": "US Indexes",
          "FUT.US": "US Futures"}  # fmt: skip


@cache
def scanner_xml() -> str:
    """Return instruments, locations, scans and filters, each by its code."""
    root = ET.Element("ScanParameterResponse")
    instruments = ET.SubElement(root, "InstrumentList", varName="instrumentList")
    locations = ET.SubElement(root, "LocationTree", varName="locationTree")
    for kind, codes in LOCATIONS.items():
        _instrument(instruments, kind)
        _location(locations, kind, codes)
    scans = ET.SubElement(root, "ScanTypeList", varName="scanTypeList")
    for code, scan in SCANS.items():
        one = ET.SubElement(scans, "ScanType")
        _texts(one, displayName=scan.title, scanCode=code, instruments=",".join(scan.instruments),
               absoluteColumns="false")  # fmt: skip
        ET.SubElement(one, "Columns", varName="columns")
        _texts(one, supportsSorting="true", respSizeLimit="2147483647",
               snapshotSizeLimit="2147483647", searchDefault="false",
               access="unrestricted")  # fmt: skip
    _filters(ET.SubElement(root, "FilterList", varName="filterList"))
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


def _instrument(parent: ET.Element, kind: str) -> None:
    one = ET.SubElement(parent, "Instrument")
    groups = dict.fromkeys(found.group for found in FILTERS.values())
    _texts(one, name=_NAMES[kind], type=kind, filters=",".join([*groups, "STKTYPE"]),
           group=f"{kind.partition('.')[0]}.GLOBAL", shortName="US",
           cloudScanNotSupported="false")  # fmt: skip


def _location(parent: ET.Element, kind: str, codes: tuple[str, ...]) -> None:
    """Put the first code at the top and the others below it."""
    above = ET.SubElement(parent, "Location")
    _texts(above, displayName=_NAMES[kind], locationCode=codes[0], instruments=kind,
           routeExchange=codes[0], access="unrestricted")  # fmt: skip
    below = ET.SubElement(above, "LocationTree", varName="locationTree")
    for code in codes[1:]:
        one = ET.SubElement(below, "Location")
        _texts(one, displayName=f"{_NAMES[kind]} {code.rpartition('.')[2].title()}",
               locationCode=code, instruments=kind, routeExchange=code,
               access="unrestricted")  # fmt: skip


def _filters(parent: ET.Element) -> None:
    for group in dict.fromkeys(found.group for found in FILTERS.values()):
        one = ET.SubElement(parent, "RangeFilter")
        _texts(one, id=group, category="General", access="unrestricted")
        for code, found in FILTERS.items():
            if found.group == group:
                field = ET.SubElement(one, "AbstractField", type="scanner.filter.DoubleField",
                                      varName="min" if found.is_floor else "max")  # fmt: skip
                _texts(field, code=code, displayName=found.title, dontAllowNegative="false")
    stock_type = ET.SubElement(parent, "SimpleFilter")
    _texts(stock_type, id="STKTYPE", category="General", access="unrestricted")
    field = ET.SubElement(stock_type, "AbstractField", type="scanner.filter.ComboField",
                          varName="combo")  # fmt: skip
    _texts(field, code="stockTypeFilter", displayName="Stock Type")
    values = ET.SubElement(field, "ComboValues", varName="comboValues")
    for code in STOCK_TYPES:
        _texts(ET.SubElement(values, "ComboValue"), code=code, displayName=code.title())


def _texts(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text
