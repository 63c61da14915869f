"""Records as the two versions before wrote them, where their fields have changed since."""

import pytest

from core.errors import DataError
from core.storage.runs import record_of
from tasks.decide.optimise import OptimiseResult
from tasks.decide.risk_gate import RiskGateResult
from tasks.ingest.market import MarketResult
from tasks.record.journal import JournalResult
from tasks.trade.submit import SubmitResult

ORDER = {
    "order_ref": "DB1:A", "con_id": 1, "symbol": "AAA", "side": "SELL", "quantity": 100.0,
    "status": "working", "filled": 0.0, "average_price": None, "perm_id": 7, "message": "",
}  # fmt: skip


def read(stage, facts, kind):
    return record_of({"stage": stage, "facts": facts}, kind).result


def test_a_market_with_the_newest_bar_and_without_a_judgement_of_its_bars_is_read():
    facts = {"newest_bar": "2026-07-17", "no_bars": {"AAA": "none"}, "no_quote": {}}
    read_back = read("market", facts, MarketResult)
    assert (read_back.no_bars, read_back.quality) == ({"AAA": "none"}, None)


def test_a_gate_that_did_not_keep_how_the_target_was_found_is_read():
    facts = {
        "passed": True, "checks": [], "quantities": {"1": 100}, "weights": {"1": 0.1},
        "skipped": {}, "orders": [],
    }  # fmt: skip
    assert read("check", facts, RiskGateResult).optimised.status == "not recorded"


def test_where_a_day_was_recorded_without_the_number_of_its_entry_is_read():
    facts = {"seq": 3, "head": "ab", "segment": "000001.parquet"}
    assert read("seal", facts, JournalResult).entry is None


def test_an_order_that_did_not_say_what_it_does_to_a_position_is_read_by_its_side():
    facts = {"ticket": "ab", "sent": 1, "held_back": "", "states": [ORDER]}
    (state,) = read("submit", facts, SubmitResult).states
    assert state.action == "SELL"


def test_binding_limits_in_words_are_no_data_and_are_made_anew():
    with pytest.raises(DataError, match="result"):
        read("optimise", {"binding": ["single ABC 0.120 of 0.120"]}, OptimiseResult)
