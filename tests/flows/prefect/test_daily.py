"""The Prefect flow: how a day's outcome becomes the run's state, and its stages artifacts."""

import logging
from datetime import date
from pathlib import Path

import pytest

from core.errors import StageFailed
from core.settings import Submit, load_settings
from core.storage.artefacts import Artefact
from core.storage.runs import Records, StageRecord
from desk.gate.portfolio_gate import Optimised
from flows import daily
from flows.run.day import NoSession
from flows.run.stages import Outcome
from review.verdict import TABLE, Verdict
from risk.limits import Check
from tasks.decide.risk_gate import RiskGateResult
from tasks.decide.what_if import WhatIfResult
from tasks.trade.standing import StandingResult
from tests.flows.days.days import clean_environment
from tests.review.standings import a_standing


@pytest.fixture
def flow(tmp_path):
    """Return a function that runs the flow's body around a day that ends as told."""
    with clean_environment() as patch:
        patch.chdir(tmp_path)

        def ending_with(ending, **parameters):
            def run_session(settings, day, **_):
                asked.append((settings, day))
                if isinstance(ending, Exception):
                    raise ending
                return Outcome(None, ending)

            patch.setattr(daily, "run_session", run_session)
            return daily.daily_portfolio.fn(**parameters)

        asked = []
        ending_with.asked = asked
        yield ending_with


def a_check(name, **changes):
    return Check(**{"name": name, "limit": 1.2, **changes})


def gate_of(*checks, **changes):
    judged = RiskGateResult(
        passed=all(check.passed for check in checks), checks=checks, quantities={}, weights={},
        skipped={}, orders=(), optimised=Optimised("optimal", {}),
    )  # fmt: skip
    return StageRecord("risk_gate", judged, number=6, **changes)


def asked_of(*checks, **changes):
    result = WhatIfResult(passed=not checks, rehearsed=bool(checks), orders=(), checks=checks)
    return StageRecord("what_if", result, number=7, **changes)


def records(verdict=Verdict.PROPOSED, *others, why=""):
    standing = a_standing(verdict, orders=3, committed=3, tally="3 filled", why=why)
    return Records(
        gate_of(notes="FAILED VaR: 2 % of 1 %"),
        asked_of(notes="no what-if"),
        StageRecord("standing", StandingResult(standing, (), ""), number=8),
        *others,
    )


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_run_ends_in_the_state_that_the_table_names_and_fails_where_a_person_has_to_look(
    flow, verdict
):
    state = flow(records(verdict, why="an odd reason"))
    row = TABLE[verdict]
    assert state.name == row.prefect
    assert state.is_failed() == (row.exit_code == 1)
    assert state.is_completed() == (row.exit_code != 1)
    assert ("an odd reason" in state.message) == ("{why}" in row.meaning)


def test_a_gate_that_fails_after_the_what_if_is_the_reason_that_is_told(flow):
    again = a_check("net", value=0.9, passed=False, detail="too long")
    rehearsed = asked_of(again, notes="gate again: FAILED 1 of 1: net: too long")
    state = flow(records(Verdict.RECOMMENDATION_ONLY, rehearsed))
    assert (
        state.message
        == "RECOMMENDATION ONLY. Nothing was sent. gate again: FAILED 1 of 1: net: too long"
    )


def test_a_day_without_a_session_completes_as_skipped(flow):
    state = flow(NoSession("XNYS has no session on Saturday"))
    assert (state.is_completed(), state.name) == (True, "Skipped")
    assert "Saturday" in state.message


def test_a_stage_that_fails_fails_the_run(flow):
    failed = StageFailed("1 market", "gone", kept=(), resume="daybook run")
    with pytest.raises(StageFailed):
        flow(failed)


def test_a_flow_without_parameters_trades_nothing(flow):
    flow(records())
    ((settings, day),) = flow.asked
    assert settings.submit is Submit.PROPOSE
    assert settings.mode == "sim"
    assert day is None


def test_the_flows_parameters_reach_the_day(flow):
    flow(records(), session_date=date(2026, 6, 15), auto=True, bars=Path("bars.parquet"))
    ((settings, day),) = flow.asked
    assert day == date(2026, 6, 15)
    assert settings.submit is Submit.AUTO
    assert settings.simulator.bars == Path("bars.parquet")


def test_no_words_of_strangers_are_raw_in_a_state_a_failure_or_a_log(flow):
    hostile = "a\x1b[2Jb\u202e\u2028c"
    narrowed = flow(records(Verdict.RECOMMENDATION_ONLY, gate_of(notes=hostile))).message
    assert narrowed == "RECOMMENDATION ONLY. Nothing was sent. a[2Jb c"
    assert "a[2Jb c" in flow(records(Verdict.HALTED, why=hostile)).message
    failed = StageFailed("1 market", hostile, kept=(), resume="daybook run")
    assert str(failed).replace("\n", "").isprintable()
    load_settings(vendors={"fundamentals_key": "canary-key-5f1d2c"})
    # What the loggers of every library make, here and in a worker of Prefect's.
    made = logging.getLogRecordFactory()
    record = made("ibkr", logging.WARNING, "f.py", 1, "%s canary-key-5f1d2c", (hostile,), None)
    assert record.getMessage() == "a[2Jb c [secret]"


def test_a_stages_artifact_shows_figures_checks_and_hashes():
    record = gate_of(
        a_check("gross", value=0.3, passed=True, detail="0.3 of 1.2"),
        a_check("VaR", value=0.02, passed=False, detail="2 % of 1 %"),
        artefacts={"verdict": Artefact("data/sim/gate/d.json", "ab" * 32, "json", 1)},
        rows_in=5,
        rows_out=3,
        notes="one failed",
        seconds=1.25,
    )
    text = daily.stage_markdown("6 risk gate", record)
    assert "## 6 risk gate" in text
    assert "1.2 s, 5 in, 3 out. one failed" in text
    assert "- passed gross: 0.3 of 1.2" in text
    assert "- **FAILED** VaR: 2 % of 1 %" in text
    assert f"`{'ab' * 6}`" in text
