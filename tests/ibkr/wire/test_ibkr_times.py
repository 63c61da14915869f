"""Times and zones as TWS writes them; none passes through the zone of this computer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from ibkr.wire.times import moment, zone


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("20260824-20:00:12", 20),  # ib_async #230, ib_insync #671
        ("20260824 16:00:12 US/Eastern", 20),
        ("20260824  16:00:12 America/New_York", 20),
        ("20260824 16:00:12 EST", 20),
        ("20260824 16:00:12 Eastern Daylight Time", 20),
        ("20260824 21:00:12 British Summer Time", 20),  # rust-ibapi #233
        ("20260824 15:00:12 Central Standard Time", 20),  # Jib.jl #6
        ("20260824 15:00:12 CST (Central Standard Time)", 20),
        ("20260824 05:00:12 JST", 20),  # rib #5
        ("20260824 05:00:12 JST (Japan)", 20),
        ("20260824 04:00:12 China Standard Time", 20),  # rust-ibapi pull request #364
        ("20260824 22:00:12 MET (Middle Europe Time)", 20),
        ("20260824 22:00:12 Central European Summer Time", 20),
        ("20260824 23:00:12 EET", 20),
        ("20260824 23:00:12 Eastern European Summer Time", 20),
        ("20260824 21:00:12 GB-Eire", 20),
        ("20260824 01:30:12 IST (India Standard Time)", 20),
        ("20260824 04:00:12 Hongkong", 20),
        ("2026-08-24 16:00:12.0 US/Eastern", 20),
        ("1787601612", 20),
    ],
)
def test_a_time_means_the_same_whatever_the_zone_of_this_computer(host_zone, text, hour):
    found = moment(text)
    assert (found.tzinfo, found.hour, found.minute, found.second) == (UTC, hour, found.minute, 12)
    assert found.minute == 0


def test_a_time_without_a_zone_is_in_that_of_tws_not_of_this_computer(host_zone):
    # ib_insync #287: who travels has another zone than his TWS.
    assert moment("20260824 21:00:12", local="GB-Eire") == datetime(
        2026, 8, 24, 20, 0, 12, tzinfo=UTC
    )
    with pytest.raises(DataError, match="no time zone, and TWS has not said its own"):
        moment("20260824 21:00:12")


@pytest.mark.parametrize(
    "text",
    ["", "20260824", "20261324-20:00:12", "20260824 25:00:00 UTC", "20260824 10:00:00 Mars/X",
     "99999999999999999999", "20260824 10:00:00 \N{REPLACEMENT CHARACTER}\ufffd", "noon",
     "20260824 10:00:00 ../UTC"],
)  # fmt: skip
def test_what_is_not_a_time_is_refused(text):
    with pytest.raises(DataError, match=r"is not a time|no time zone|is no time zone"):
        moment(text)


@given(st.text(max_size=40), st.sampled_from(["", "EST"]))
def test_any_text_is_a_moment_in_utc_or_is_refused(text, local):
    try:
        found = moment(text, local=local)
    except DataError:
        return
    assert found.tzinfo is UTC


def test_summer_time_is_that_of_the_market_where_the_short_name_has_none():
    at = [datetime(2026, 7, 1, 12, tzinfo=zone(name)) for name in ("EST", "MST")]
    assert [each.utcoffset().total_seconds() / 3600 for each in at] == [-4, -6]


def test_no_module_of_the_wire_asks_for_the_zone_of_this_computer():
    words = (".astimezone()", "datetime.now()", "localtime", "get_localzone", "strptime(")
    modules = {path: path.read_text(encoding="utf-8") for path in Path("ibkr").rglob("*.py")}
    assert len(modules) > 50
    found = {str(path) for path, text in modules.items() for word in words if word in text}
    assert found == {"ibkr/wire/times.py"}
