"""How stages are started, resumed, and how they fail."""

import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date

import pytest

from core.errors import ConfigurationError, GatewayTimeout, StageFailed, StorageError
from core.storage.artefacts import Artefact, Store
from core.storage.paths import Paths
from core.storage.runs import RunBook, StageRecord
from flows.run.runner import Runner, Threads
from tasks.stage import Output, StageResult, stage
from tests.tasks.all_stages import RESUMED

DAY = date(2026, 6, 15)


class Heard:
    """A watcher that remembers."""

    def __init__(self):
        self.started_titles = []
        self.finished_titles = []

    def begins(self, world):
        pass

    def started(self, title):
        self.started_titles.append(title)

    def finished(self, title, record):
        self.finished_titles.append(title)


class RunHarness:
    """A home folder in which tiny stages run, in threads."""

    def __init__(self, home):
        self.paths = Paths(home=home, mode="sim")
        self.store = Store(home)
        self.ran = []
        self.heard = Heard()
        self.threads = Threads()

    def close(self):
        self.threads.close()

    def runner(self, *, fresh=False):
        """Begin a run with the same key: what an earlier one finished may be resumed."""
        book = RunBook.open(self.paths, DAY, "a-key", fresh=fresh)
        return Runner(book, self.threads, self.heard, resume="daybook run")

    def stage(self, name, content=b"same", *, resumable=True, **result):
        """Return a stage that writes its content and notes that it ran."""

        def write(*_):
            self.ran.append(name)
            path = self.paths.data / f"{name}.bin"
            artefact = self.store.put(path, content, schema="raw", rows=1)
            return Output(result=Result(**result), artefacts={"out": artefact})

        return declared(write, name, resumable=resumable)


@dataclass(frozen=True, slots=True)
class Result(StageResult):
    """What tiny stages hand on."""

    degraded: str | None = None
    holdings: str | None = None

    @property
    def incomplete(self):
        return bool(self.degraded)

    @property
    def identity(self):
        return self.holdings


def declared(function, name, **how):
    function.__name__ = name
    return stage(0, Result, **how)(function)


@pytest.fixture
def harness(tmp_path):
    with closing(RunHarness(tmp_path)) as harness:
        yield harness


def test_a_stage_that_is_done_is_resumed_and_does_not_run_again(harness):
    first = harness.runner().run(harness.stage("universe"))
    again = harness.runner().run(harness.stage("universe"))
    assert harness.ran == ["universe"]
    assert again == replace(first, resumed=True, seconds=0.0)
    assert harness.heard.started_titles == ["0 universe"]
    assert harness.heard.finished_titles == ["0 universe"] * 2


def test_fresh_runs_a_stage_that_is_done(harness):
    harness.runner().run(harness.stage("universe"))
    harness.runner(fresh=True).run(harness.stage("universe"))
    assert harness.ran == ["universe"] * 2


def test_what_is_about_the_present_is_never_resumed(harness):
    harness.runner().run(harness.stage("snapshot", resumable=False))
    harness.runner().run(harness.stage("snapshot", resumable=False))
    assert harness.ran == ["snapshot"] * 2
    assert {"snapshot", "overlay", "risk_gate", "what_if", "submit", "journal"}.isdisjoint(RESUMED)


def test_a_stage_whose_artefact_changed_runs_again(harness):
    record = harness.runner().run(harness.stage("market"))
    (harness.paths.home / record.artefacts["out"].path).write_bytes(b"other")
    again = harness.runner().run(harness.stage("market"))
    assert harness.ran == ["market"] * 2
    assert again.artefacts["out"].path != record.artefacts["out"].path  # what is there stays there


def test_a_source_that_had_failed_is_asked_again(harness):
    harness.runner().run(harness.stage("news", degraded="HTTP 500"))
    harness.runner().run(harness.stage("news", degraded=None))
    harness.runner().run(harness.stage("news", degraded=None))
    assert harness.ran == ["news"] * 2


def a_pipeline(harness, market):
    """Run three stages, each made from the one before."""
    runner = harness.runner()
    bars = runner.run(harness.stage("market", market))
    features = runner.run(harness.stage("features", b"of " + market), bars)
    return runner.run(harness.stage("signals"), features)


def test_what_rests_on_a_stage_that_came_out_different_is_done_anew(harness):
    a_pipeline(harness, b"monday")
    harness.store.open(
        RunBook.open(harness.paths, DAY, "a-key").intact(harness.stage("market")).artefacts["out"]
    )
    (harness.paths.data / "market.bin").unlink()
    harness.ran.clear()
    a_pipeline(harness, b"tuesday")
    assert harness.ran == ["market", "features", "signals"]


def test_what_rests_on_a_stage_that_came_out_the_same_is_resumed(harness):
    a_pipeline(harness, b"monday")
    (harness.paths.data / "market.bin").unlink()
    harness.ran.clear()
    a_pipeline(harness, b"monday")
    assert harness.ran == ["market"]


def test_a_run_that_died_between_a_stage_and_what_rests_on_it_does_not_mix_old_and_new(harness):
    a_pipeline(harness, b"monday")
    (harness.paths.data / "market.bin").unlink()
    harness.runner().run(harness.stage("market", b"tuesday"))  # and then it was killed
    harness.ran.clear()
    a_pipeline(harness, b"tuesday")
    assert harness.ran == ["features", "signals"]


def test_a_target_is_resumed_for_the_same_holdings_only(harness):
    def optimise(**held):
        runner = harness.runner()
        artefact = Artefact("positions.json", held["prices"] * 64, "json", 1)
        record = StageRecord("snapshot", Result(holdings=held["holdings"]), {"out": artefact})
        return runner.run(harness.stage("optimise"), record)

    optimise(holdings="none", prices="1")
    assert optimise(holdings="none", prices="2").resumed  # prices move by the minute
    assert not optimise(holdings="100 ABC", prices="2").resumed


def test_a_failure_says_what_is_kept_and_how_to_resume_and_keeps_its_exit_code(harness):
    @stage(1, Result)
    def market():
        raise ConfigurationError("port = 0 is no port")

    runner = harness.runner()
    runner.run(harness.stage("universe"))
    with pytest.raises(StageFailed, match="port = 0 is no port") as failed:
        runner.run(market)
    assert failed.value.kept == ("universe",)
    assert "kept: universe" in str(failed.value)
    assert "to resume: daybook run" in str(failed.value)
    assert failed.value.exit_code == ConfigurationError.exit_code
    assert [record.stage for record in runner.records] == ["universe"]


def test_a_book_that_cannot_be_written_keeps_nothing_it_does_not_have(harness):
    (harness.paths.data).mkdir(parents=True)
    (harness.paths.data / "runs").write_text("in the way")
    with pytest.raises(StageFailed, match="nothing was written yet") as failed:
        harness.runner().run(harness.stage("universe"))
    assert isinstance(failed.value.__cause__, StorageError)


def test_a_defect_in_a_stage_is_not_dressed_up_as_a_failure_of_the_day(harness):
    @stage(1, Result)
    def broken():
        return 1 // 0

    with pytest.raises(ZeroDivisionError):
        harness.runner().run(broken)


def test_a_failure_appears_where_the_record_is_needed_and_not_before(harness):
    @stage(3, Result)
    def silent():
        raise GatewayTimeout("no answer within 15 s")

    runner = harness.runner()
    snapshot = runner.start(silent)
    runner.run(harness.stage("signals"))
    with pytest.raises(StageFailed) as failed:
        snapshot()
    assert failed.value.kept == ("signals",)


def test_independent_stages_overlap(harness):
    meeting = threading.Barrier(2, timeout=10)  # breaks unless both are there at once

    def arriving(name):
        def arrive():
            meeting.wait()
            return Output(result=Result())

        return declared(arrive, name)

    runner = harness.runner()
    waits = [runner.start(arriving(name)) for name in ("fundamentals", "news")]
    assert [wait().stage for wait in waits] == ["fundamentals", "news"]


def test_a_stage_says_how_long_it_took(harness):
    @stage(0, Result)
    def slow():
        threading.Event().wait(0.05)
        return Output(result=Result())

    began = time.monotonic()
    told = harness.runner().run(slow).seconds
    assert 0.05 <= told <= time.monotonic() - began
