"""Which holdings a day leaves as they are, each with why and with what a person can do."""

from datetime import UTC, datetime

import pytest

from core.types import Position, Snapshot
from desk.gate.frozen_holdings import Known, frozen_holdings

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
KNOWN = Known(contracts={1, 2}, usable={1}, not_found={3: "no security"}, unusable={2: "10 bars"})


def holding(con_id, *, quantity=100.0, value=1000.0, **terms):
    return Position(con_id, f"S{con_id}", quantity, 1.0, 10.0, value, **terms)


def frozen(*positions, pairs=()):
    account = Snapshot("DU1", NOW, "USD", 1e6, 1e5, 0.0, 0.0, 1e6, positions, currency_pairs=pairs)
    return frozen_holdings(account, KNOWN)


def test_a_sound_holding_is_not_frozen():
    assert frozen(holding(1), holding(1, quantity=-3.0, value=-30.0)) == ()


@pytest.mark.parametrize(
    ("position", "why", "remedy"),
    [
        (holding(2), "10 bars", "close it in TWS"),
        (holding(3), "no contract: no security", "sell it in TWS"),
        (holding(4), "not in the universe", "universe.include_holdings"),
        (holding(1, value=0.0), "values it at 0", "ask IBKR"),
        (holding(1, value=0.0, unstated=("market value",)), "states no value", "ask IBKR"),
        (holding(9, sec_type="WAR"), "a warrant", "close it in TWS"),
        (holding(9, sec_type="NEWS"), "of the kind NEWS", "close it in TWS"),
    ],
)
def test_an_odd_holding_is_frozen_with_its_own_reason(position, why, remedy):
    (found,) = frozen(position)
    assert (found.con_id, found.quantity) == (position.con_id, 100.0)
    assert why in found.why
    assert remedy in found.remedy
    assert found.value == (None if position.unstated else position.market_value)


def test_of_a_fraction_only_the_fraction_is_frozen_at_its_part_of_the_value():
    (part,) = frozen(holding(1, quantity=-10.5, value=-105.0))
    assert (part.quantity, part.value) == (-0.5, pytest.approx(-5.0))
    assert "-10 of -10.5 shares" in part.why


def test_a_frozen_holding_with_a_fraction_is_named_once():
    assert len(frozen(holding(3, quantity=10.5))) == 1


def test_a_currency_pair_is_named_and_worth_nothing_beside_the_cash():
    (pair,) = frozen(pairs=(holding(7, sec_type="CASH"),))
    assert (pair.value, pair.remedy) == (0.0, "nothing")
