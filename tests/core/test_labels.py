"""One label for one instrument, and one reader of what is asked for by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Contract
from core.types.labels import labels, symbol_of
from core.types.sought import Sought, read_sought


def contract(con_id, symbol, exchange="NYSE", currency="USD"):
    return Contract(con_id, symbol, primary_exchange=exchange, currency=currency)


def test_a_symbol_that_only_one_instrument_has_is_its_label():
    assert labels([contract(1, "AAPL"), contract(2, "BRK B")]) == {1: "AAPL", 2: "BRK B"}


# Two funds of one symbol and currency on two exchanges were added up (ib-edavki/ib-edavki #53);
# EXUS is on NASDAQ and LSEETF (QuantConnect/Lean.Brokerages.InteractiveBrokers #221); a map of
# contracts by symbol served one exchange's to the other (TradingGoose/TradingGoose-Studio #215).
def test_namesakes_are_called_as_they_would_be_asked_for():
    weat = [contract(1, "WEAT", "ARCA"), contract(2, "WEAT", "LSEETF")]
    assert labels(weat) == {1: "WEAT", 2: "WEAT@LSEETF:USD"}
    exus = [contract(3, "EXUS", "NASDAQ"), contract(4, "EXUS", "LSEETF", "GBP")]
    assert labels(exus) == {3: "EXUS", 4: "EXUS@LSEETF:GBP"}
    assert read_sought("EXUS@LSEETF:GBP") == Sought("EXUS", "LSEETF", "GBP")


def test_what_nothing_else_tells_apart_is_told_apart_by_its_number():
    assert labels([contract(n, "SI") for n in (1, 2, 3)]) == {1: "SI", 2: "SI@NYSE:USD", 3: "SI#3"}


def test_what_has_no_symbol_is_called_by_its_number():
    found = labels([contract(1, ""), contract(2, "")])
    assert found == {1: "conId 1", 2: "conId 2"}
    assert read_sought(found[2]) == Sought(con_id=2)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 30), st.sampled_from(["A", "A#1", "A@X:USD", "B"]),
            st.sampled_from(["", "X"]), st.sampled_from(["USD", "EUR"]),
        ),
        unique_by=lambda one: one[0],
    )
)  # fmt: skip
def test_no_two_instruments_ever_share_a_label_and_each_leads_back_to_its_symbol(drawn):
    found = labels([contract(*one) for one in drawn])
    assert len(set(found.values())) == len(drawn)
    for con_id, symbol, _, _ in drawn:
        assert symbol_of(found[con_id]) == symbol_of(symbol)


@pytest.mark.parametrize(
    ("entry", "sought"),
    [
        ("AAPL", Sought("AAPL")),
        ("BRK-B", Sought("BRK B")),
        ("BRK.B", Sought("BRK B")),
        ("BRK/B", Sought("BRK B")),
        ("BRK B", Sought("BRK B")),
        ("BP.", Sought("BP.")),
        ("VOD@LSE:GBP", Sought("VOD", "LSE", "GBP")),
        ("SAP:EUR", Sought("SAP", currency="EUR")),
        ("700@SEHK:HKD", Sought("700", "SEHK", "HKD")),
        ("US0378331005", Sought(isin="US0378331005")),
        ("DE0007164600:EUR", Sought(isin="DE0007164600", currency="EUR")),
        ("us0378331005", Sought(isin="US0378331005")),
        ("vod@lse:gbp", Sought("VOD", "LSE", "GBP")),
        ("AIRp", Sought("AIRp")),
        ("265598", Sought(con_id=265598)),
        ("conId 265598", Sought(con_id=265598)),
    ],
)
def test_an_entry_of_a_watch_list_is_read_in_each_of_its_forms(entry, sought):
    assert read_sought(entry) == sought


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("", "names no instrument"),
        ("VOD@:GBP", "names no instrument"),
        ("VOD@LSE:POUND", "VOD@LSE:GBP"),
        ("US0378331006", "check digit is wrong"),
        ("AB\0C", "names no instrument"),
    ],
)
def test_an_entry_that_names_nothing_is_refused_with_what_can_be_written(entry, why):
    with pytest.raises(ValueError, match=why):
        read_sought(entry)
