"""Scans and their codes, against a gateway that misbehaves on purpose."""

import pytest

from core.errors import ConfigurationError, DataError, RequestRefused
from ibkr.market.scanner import Scan, Scanner
from ibkr.market.scanner_codes import read_codes
from tests.ibkr.fake_gateway import SCAN, error
from tests.ibkr.market_answers import DOCUMENT, PARAMETERS


def found(*con_ids):
    def answer(gateway, fields):
        rows = [
            value
            for rank, con_id in enumerate(con_ids)
            for value in (
                rank, con_id, f"S{con_id}", "STK", "", 0, "", "SMART", "USD", "", "", "", "", "",
                "", "",
            )
        ]  # fmt: skip
        gateway.say([20, 3, fields[1], len(con_ids), *rows])

    return answer


def test_the_codes_are_read_from_the_document_with_their_names(connected):
    _, connection = connected({PARAMETERS: lambda g, _f: g.say([19, 1, DOCUMENT])})
    codes = Scanner(connection).codes()
    assert [code.code for code in codes.instruments] == ["FUT.US", "STK"]
    assert [code.code for code in codes.locations] == ["STK.US", "STK.US.MAJOR"]
    assert [(code.code, code.name) for code in codes.scans] == [
        ("MOST_ACTIVE", "Most Active"), ("TOP_PERC_GAIN", "Top % Gainers"),
    ]  # fmt: skip
    assert codes.scans[1].instruments == ("STK", "FUT.US")
    assert [code.code for code in codes.filters] == ["haltedIs", "priceAbove", "priceBelow"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("no xml", "are not XML"),
        ("<ScanParameterResponse/>", "name no instrument"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "are not read"),
        ("<a>" + " " * 20_000_001 + "</a>", "20,000,008 characters"),
        (DOCUMENT[:700], "are not XML"),
    ],
)
def test_a_document_that_is_none_is_an_error_not_a_list_without_codes(document, said):
    with pytest.raises(DataError, match=said):
        read_codes(document)


def test_every_bound_of_a_scan_goes_to_its_own_place_on_the_wire(connected):
    gateway, connection = connected({SCAN: found(5, 3)})
    scan = Scan(
        "TOP_PERC_GAIN", rows=7, price_above=5.0, price_below=100.0, volume_above=1000,
        market_cap_above=300.0, market_cap_below=9e5, stock_type="STOCK",
        filters={"avgVolumeAbove": 1e6, "changePercAbove": 2.5},
    )  # fmt: skip
    result = Scanner(connection).run(scan)
    assert [(row.rank, row.con_id, row.symbol) for row in result.rows] == [
        (0, 5, "S5"), (1, 3, "S3"),
    ]  # fmt: skip
    asked = gateway.asked(SCAN)[0]
    assert asked[2:11] == [
        "7", "STK", "STK.US.MAJOR", "TOP_PERC_GAIN", "5.0", "100.0", "1000", "300.0", "900000.0",
    ]  # fmt: skip
    assert asked[22:24] == ["STOCK", "avgVolumeAbove=1000000;changePercAbove=2.5;"]
    assert connection.server_time()
    assert len(gateway.asked("23")) == 1


def test_a_bound_that_is_left_out_is_left_out_on_the_wire(connected):
    gateway, connection = connected({SCAN: found()})
    assert Scanner(connection).run(Scan("MOST_ACTIVE")).rows == ()
    assert gateway.asked(SCAN)[0][6:11] == [""] * 5


@pytest.mark.parametrize(
    ("scan", "said"),
    [
        (Scan("TOP PERC"), "'TOP PERC' is not a code"),
        (Scan("A\0B"), "is not a code"),
        (Scan("MOST_ACTIVE", price_above=float("nan")), "price_above = nan"),
        (Scan("MOST_ACTIVE", price_below=-1.0), "price_below = -1"),
        (Scan("MOST_ACTIVE", filters={"priceAbove": float("inf")}), "priceAbove = inf"),
        (Scan("MOST_ACTIVE", filters={"a;b=1": 1.0}), "'a;b=1' is not a code"),
        (Scan("MOST_ACTIVE", rows=51), "rows = 51 is not within 1 and 50"),
        (Scan("MOST_ACTIVE", price_above=9, price_below=9), "price_above = 9 is not below"),
    ],
)
def test_a_scan_that_cannot_be_meant_is_refused_before_the_wire(connected, scan, said):
    gateway, connection = connected()
    with pytest.raises(ConfigurationError, match=said):
        Scanner(connection).run(scan)
    assert not gateway.asked(SCAN)


def test_nothing_found_is_empty_and_an_unknown_scan_is_not(connected):
    def answer(gateway, fields):
        code = 165 if fields[5] == "QUIET" else 162
        gateway.say(error(fields[1], code, "no items retrieved"))

    _, connection = connected({SCAN: answer})
    scanner = Scanner(connection)
    assert scanner.run(Scan("QUIET")).rows == ()
    with pytest.raises(RequestRefused, match="scan NOPE"):
        scanner.run(Scan("NOPE"))


def test_a_row_without_a_contract_makes_the_scan_an_error(connected):
    _, connection = connected({SCAN: found(0)})
    with pytest.raises(DataError, match="names no contract"):
        Scanner(connection).run(Scan("MOST_ACTIVE"))
