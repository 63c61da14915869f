from datetime import UTC, datetime

import pytest

from core.canonical import canonical_json
from core.errors import DataError


def test_key_order_does_not_change_the_bytes():
    assert canonical_json({"b": 1, "a": [1.5, None]}) == canonical_json({"a": [1.5, None], "b": 1})


@pytest.mark.parametrize(
    "bad",
    [
        float("nan"),
        float("inf"),
        object(),
        datetime(2026, 1, 1),  # noqa: DTZ001 - a time without a zone is the point
        "\ud800",
        {(1, 2): 3},
    ],
)
def test_what_cannot_be_stated_is_refused(bad):
    with pytest.raises(DataError):
        canonical_json({"value": bad})


def test_times_keep_their_zone():
    assert canonical_json(datetime(2026, 6, 15, 11, tzinfo=UTC)) == b'"2026-06-15T11:00:00+00:00"\n'
