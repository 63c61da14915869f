"""What people read of tickets, executions and closes."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.settings import Mode
from core.types import OrderStatus, Side
from review.closing import (
    CloseReport,
    CostReport,
    FillReport,
    PositionMismatch,
    close_lines,
    close_message,
)
from review.execution import ExecutionReport, execution_lines, execution_message
from review.states import OrderReport
from review.verdict import Verdict
from tests.review.standings import a_standing

DAY = date(2026, 6, 15)
SHA = "8031f1038f4e" + "0" * 52


def a_state(symbol="XOM", **changes):
    plain = OrderReport(
        order_ref=f"DB1:{symbol}", con_id=1, symbol=symbol, side=Side.SELL, action="SELL",
        quantity=300.0, status=OrderStatus.FILLED, filled=300.0, average_price=118.05,
        perm_id=7, message="",
    )  # fmt: skip
    return replace(plain, **changes)


def stands(states):
    found = [state.status for state in states]
    return a_standing(Verdict.UNCERTAIN if "uncertain" in found else Verdict.FILLED, found)


def a_report(*states, **changes):
    plain = {
        "session": DAY, "mode": Mode.PAPER, "account": "DU1234345", "ticket_sha256": SHA,
        "approved_by": "ana", "approved_at": datetime(2026, 6, 15, 11, 31, tzinfo=UTC),
        "only": (), "sent": len(states), "held_back": "", "states": states, "head": "ab" * 32,
        "standing": stands(states),
    }  # fmt: skip
    return ExecutionReport(**plain | changes)


def a_close(*states, **changes):
    fill = FillReport(
        execution_id="e1", order_ref="DB1:XOM", symbol="XOM", side=Side.SELL, quantity=300.0,
        price=118.05, decision_price=118.15, slippage_bps=8.47, slippage=30.0, commission=1.5,
    )  # fmt: skip
    costs = CostReport(
        traded=35_415.0, slippage=30.0, slippage_bps=8.47, commission=1.5, without_commission=0,
        fills=(fill,),
    )  # fmt: skip
    plain = {
        "session": DAY, "mode": Mode.LIVE, "account": "U1234345", "ticket_sha256": SHA,
        "standing": stands(states), "states": states, "costs": costs, "mismatches": (),
        "net_asset_value": 1e6, "head": "ab" * 32,
    }  # fmt: skip
    return CloseReport(**plain | changes)


def text_of(message):
    return " ".join(block["text"]["text"] for block in message.blocks if "text" in block)


def test_a_long_list_of_approved_symbols_is_counted_not_repeated():
    symbols = tuple(f"S{i:02}" for i in range(40))
    line = execution_lines(a_report(a_state(), only=symbols))[1]
    assert line.endswith("only S00, S01, S02, S03, S04 and 35 more")


def test_an_execution_says_who_approved_what_and_how_each_order_stands():
    lines = execution_lines(a_report(a_state(), only=("XOM",)))
    assert lines[0] == "daybook 2026-06-15  PAPER  account DU****345  ticket 8031f1038f4e"
    assert lines[1] == "approved by ana at 14:31 Bucharest: only XOM"
    assert lines[2] == "SELL         XOM           300  filled 300 at 118.0500"
    assert lines[3] == "1 sent by this call, 1 order in all: 1 filled"


@pytest.mark.parametrize(
    ("report", "said", "code"),
    [
        (a_report(a_state()), "1 filled", 0),
        (
            a_report(a_state(status=OrderStatus.UNCERTAIN, filled=0.0)),
            "UNCERTAIN XOM: sent, not conf",
            1,
        ),
        (a_report(a_state(), held_back="ana halted trading"), "HELD BACK: ana halted", 1),
    ],
)
def test_what_needs_a_person_is_said_in_both_places_and_in_the_exit_code(report, said, code):
    assert said in "\n".join(execution_lines(report))
    assert said in text_of(execution_message(report))
    assert report.exit_code == code


def test_a_close_says_costs_and_what_is_not_explained():
    odd = PositionMismatch(
        1, "KO", 0.0, 7.0, may_be_ours=False, reason="0 expected, 7 held: +7 not by daybook"
    )
    report = a_close(
        a_state(), a_state("MSFT", status=OrderStatus.CANCELLED, filled=0.0), mismatches=(odd,)
    )
    lines = "\n".join(close_lines(report))
    assert "slippage against the decision price +30.00 (+8.5 bp), commission 1.50" in lines
    assert "NOT EXPLAINED KO: 0 expected, 7 held" in lines
    assert "not wholly filled: MSFT" in lines
    assert report.exit_code == 1
    message = close_message(report)
    assert message.text.startswith(
        "⚠ daybook 2026-06-15 · LIVE · closed: 2 orders sent: 1 cancelled, 1 f"
    )
    assert "NOT EXPLAINED KO" in text_of(message)


def test_a_close_with_everything_explained_needs_nobody():
    assert a_close(a_state()).exit_code == 0
    assert a_close(a_state(status=OrderStatus.UNCERTAIN)).exit_code == 1


def test_text_from_the_broker_cannot_break_the_lines():
    (line,) = [
        line
        for line in execution_lines(
            a_report(a_state(message="odd\nnews\u202e", status=OrderStatus.WORKING))
        )
        if "XOM" in line
    ]
    assert line.endswith("(odd news)")
