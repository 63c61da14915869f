"""The contracts kept between days: what is known is not asked for, what is old is."""

from datetime import date, timedelta

import pytest

from core.errors import DataError, SchemaError
from core.types import Contract
from ibkr.contracts.resolution import Resolved
from ibkr.contracts.store import KEPT_FOR, ContractStore, resolve_stored

DAY = date(2026, 6, 15)


class Listings:
    """Resolves symbols as the gateway does, and remembers what it was asked."""

    def __init__(self, currency="USD", **con_ids):
        self.currency, self.con_ids, self.asked = currency, con_ids, []

    def __call__(self, symbols, progress):
        self.asked.append(list(symbols))
        found = [
            Contract(self.con_ids[s], s, currency=self.currency, name=f"{s} Inc", min_tick=0.005)
            for s in symbols
            if s in self.con_ids
        ]
        return Resolved(tuple(found), {s: "unknown" for s in symbols if s not in self.con_ids})


@pytest.fixture
def listings():
    return Listings(A=1, B=2)


def test_what_was_looked_up_is_not_asked_for_again(tmp_path, listings):
    store = ContractStore(tmp_path)
    first = resolve_stored(store, ["B", "A", "A"], listings, today=DAY)
    again = resolve_stored(store, ["A", "B"], listings, today=DAY + timedelta(days=1))
    assert listings.asked == [["A", "B"]]
    assert again == first
    assert first.contracts[0].min_tick == 0.005


def test_only_the_unknown_ones_are_asked_for(tmp_path, listings):
    store = ContractStore(tmp_path)
    resolve_stored(store, ["A"], listings, today=DAY)
    found = resolve_stored(store, ["A", "B"], listings, today=DAY)
    assert listings.asked == [["A"], ["B"]]
    assert [contract.symbol for contract in found.contracts] == ["A", "B"]


def test_a_refused_symbol_is_asked_for_every_time(tmp_path, listings):
    store = ContractStore(tmp_path)
    for _ in range(2):
        assert resolve_stored(store, ["C"], listings, today=DAY).refused == {"C": "unknown"}
    assert listings.asked == [["C"], ["C"]]
    listings.con_ids["C"] = 3
    assert resolve_stored(store, ["C"], listings, today=DAY).contracts[0].con_id == 3


def test_a_symbol_that_changed_hands_is_another_company_after_a_week(tmp_path, listings):
    store = ContractStore(tmp_path)
    resolve_stored(store, ["A"], listings, today=DAY)
    listings.con_ids["A"] = 99
    almost = DAY + KEPT_FOR - timedelta(days=1)
    assert resolve_stored(store, ["A"], listings, today=almost).contracts[0].con_id == 1
    found = resolve_stored(store, ["A"], listings, today=DAY + KEPT_FOR)
    assert found.contracts[0].con_id == 99


def test_a_past_day_never_learns_a_symbol_from_the_future(tmp_path, listings):
    store = ContractStore(tmp_path)
    resolve_stored(store, ["A"], listings, today=DAY)
    listings.con_ids["A"] = 50
    before = DAY - timedelta(days=30)
    assert resolve_stored(store, ["A"], listings, today=before).contracts[0].con_id == 50
    assert resolve_stored(store, ["A"], listings, today=DAY).contracts[0].con_id == 1


def test_the_same_symbol_in_another_currency_is_another_contract(tmp_path, listings):
    store = ContractStore(tmp_path)
    resolve_stored(store, ["A"], listings, today=DAY)
    in_pounds = Listings("GBP", A=7)
    for _ in range(2):
        found = resolve_stored(store, ["A"], in_pounds, today=DAY, currency="GBP")
        assert found.contracts[0].con_id == 7
    assert (listings.asked, in_pounds.asked) == ([["A"]], [["A"]])


def test_a_file_that_is_none_is_an_error(tmp_path, listings):
    store = ContractStore(tmp_path)
    resolve_stored(store, ["A"], listings, today=DAY)
    (tmp_path / "contracts.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="delete it"):
        store.read()


def test_a_file_with_other_columns_is_an_error(tmp_path):
    import pandas as pd

    pd.DataFrame({"con_id": [1]}).to_parquet(tmp_path / "contracts.parquet")
    with pytest.raises(SchemaError, match="columns are"):
        ContractStore(tmp_path).read()
