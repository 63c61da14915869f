"""A limit that holds the target back, in words."""

import pytest

from review.page_parts.binding import BindingLimit, binding_line


@pytest.mark.parametrize(
    ("kind", "symbol", "said"),
    [("single", "A", "single A"), ("group Energy", None, "group Energy")],
)
def test_a_binding_limit_says_what_one_point_more_would_add(kind, symbol, said):
    con_id = None if symbol is None else 1
    limit = BindingLimit(
        kind=kind, con_id=con_id, symbol=symbol, value=0.12, limit=0.12, price=0.00198
    )
    assert binding_line(limit) == (
        f"{said} 0.120 of 0.120; one point (0.01) more would add 0.198 bp a day"
    )
