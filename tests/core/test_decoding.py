"""Frozen values written as JSON read back the same, and nothing else is read."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import canonical_json, plain
from core.decoding import decode
from core.errors import DataError

T = TypeVar("T")


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    con_id: int
    weight: float
    on: date | None = None


@dataclass(frozen=True)
class Whole(Generic[T]):
    name: str
    good: bool
    kind: Literal["a", "b"]
    colour: Colour
    at: datetime
    of: T
    parts: tuple[Part, ...] = ()
    pair: tuple[int, str] = (1, "x")
    by_id: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bag:
    anything: Any


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PARTS = st.builds(Part, con_id=st.integers(), weight=NUMBERS, on=st.none() | st.dates())
WHOLES = st.builds(
    Whole,
    name=st.text(),
    good=st.booleans(),
    kind=st.sampled_from(["a", "b"]),
    colour=st.sampled_from(Colour),
    at=st.datetimes(timezones=st.just(UTC)),
    of=PARTS,
    parts=st.lists(PARTS, max_size=3).map(tuple),
    pair=st.tuples(st.integers(), st.text()),
    by_id=st.dictionaries(st.integers(), NUMBERS, max_size=3),
)


@given(WHOLES)
def test_what_was_written_reads_back_the_same(whole):
    assert decode(Whole[Part], json.loads(canonical_json(plain(whole)))) == whole


GOOD = plain(
    Whole("n", good=True, kind="a", colour=Colour.RED, at=datetime(2026, 6, 15, tzinfo=UTC), of=1)
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": 1}, r"Whole\.name is '1', expected str"),
        ({"name": None}, r"Whole\.name is 'None', expected str"),
        ({"good": 1}, r"Whole\.good is '1', expected bool"),
        ({"kind": "c"}, r"Whole\.kind is 'c', expected .*Literal"),
        ({"colour": "blue"}, r"Whole\.colour is 'blue', expected Colour"),
        ({"at": "noon"}, r"Whole\.at is 'noon', expected datetime"),
        ({"of": True}, r"Whole\.of is 'True', expected int"),
        ({"of": 1.5}, r"Whole\.of is '1\.5', expected int"),
        ({"parts": {}}, r"Whole\.parts is '\{\}', expected a list"),
        ({"parts": [{"con_id": 1}]}, r"Whole\.parts\[0\]\.weight is missing"),
        ({"parts": [{"con_id": 1, "weight": "2"}]}, r"parts\[0\]\.weight is '2', expected float"),
        ({"parts": [7]}, r"parts\[0\] is '7', expected an object"),
        ({"pair": [1]}, r"Whole\.pair is '\[1\]', expected 2 values"),
        ({"by_id": {"x": 1.0}}, r"Whole\.by_id is .*expected keys of type int"),
        ({"by_id": []}, r"Whole\.by_id is '\[\]', expected an object"),
        ({"later": 1}, r"Whole has no field later: it was written by other code"),
    ],
)
def test_what_is_not_as_declared_is_refused_and_its_place_named(changes, said):
    assert decode(Whole[int], GOOD).of == 1
    with pytest.raises(DataError, match=said):
        decode(Whole[int], GOOD | changes)


def test_a_field_that_is_not_there_has_its_default_or_is_named():
    assert decode(Part, {"con_id": 1, "weight": 2}) == Part(1, 2.0)
    with pytest.raises(DataError, match=r"Part\.weight is missing"):
        decode(Part, {"con_id": 1})


def test_a_type_that_says_nothing_is_a_defect_of_the_declaration():
    with pytest.raises(TypeError, match=r"Bag\.anything: values of type .*Any cannot be read"):
        decode(Bag, {"anything": 1})
