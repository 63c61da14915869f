import asyncio
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError, RequestRefused
from simulator.tws.protocol.frames import UNSET_DOUBLE, Fields, message, read_frame, text_of

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def fields_of(*values):
    return Fields("".join(f"{value}\0" for value in values).encode())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "1"),
        (False, "0"),
        (10.0, "10"),  # int("10.0") fails in clients
        (0.1 + 0.2, "0.3"),
        (-1.0, "-1"),
        (1e-7, "1e-07"),
        (UNSET_DOUBLE, "1.7976931348623157E308"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        ("a\0b", "a b"),  # a NUL would shift every later field
    ],
)
def test_fields_are_written_as_tws_writes_them(value, text):
    assert text_of(value) == text


@given(st.lists(TEXTS, min_size=1))
def test_what_is_framed_is_read_back(texts):
    framed = message(*texts)
    (length,) = struct.unpack(">I", framed[:4])
    fields = Fields(framed[4:])
    assert length == len(framed) - 4
    assert [fields.text("text") for _ in texts] == texts
    fields.end()


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_number_survives_to_eight_decimals(number):
    assert float(text_of(number)) == pytest.approx(number, abs=1e-8)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(payload):
    with pytest.raises(RequestRefused) as refused:
        read_to_the_end(Fields(payload))
    assert refused.value.code == 320


def read_to_the_end(fields):
    while True:
        fields.whole("number")


@pytest.mark.parametrize("text", ["1.5", "1e3", "", "x", " 1", "1" * 30, "٣"])
def test_only_whole_numbers_are_whole(text):
    with pytest.raises(RequestRefused, match="orderId"):
        fields_of(text).whole("orderId")


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1,5", "", "x"])
def test_only_finite_numbers_are_numbers(text):
    with pytest.raises(RequestRefused, match="lmtPrice"):
        fields_of(text).number("lmtPrice")


@pytest.mark.parametrize("unset", ["", "1.7976931348623157e+308", "1.7976931348623157E308"])
def test_every_spelling_of_unset_is_none(unset):
    assert fields_of(unset).optional_number("lmtPrice") is None


@pytest.mark.parametrize("unset", ["", "2147483647"])
def test_every_spelling_of_an_unset_whole_number_is_none(unset):
    assert fields_of(unset).optional_whole("minQty") is None


def test_a_flag_is_0_or_1():
    assert [fields_of(text).flag("f") for text in ("0", "1", "")] == [False, True, False]
    with pytest.raises(RequestRefused, match="neither 0 nor 1"):
        fields_of("2").flag("whatIf")


def test_fields_left_over_are_refused():
    with pytest.raises(RequestRefused, match=r"1 field more"):
        fields_of("a").end()


def test_a_frame_beyond_the_limit_is_not_read():
    async def read():
        reader = asyncio.StreamReader()
        reader.feed_data(b"\xff\xff\xff\xff")
        with pytest.raises(DataError, match="4294967295 bytes"):
            await read_frame(reader)

    asyncio.run(read())
