"""A disk that refuses: a clear error, nothing lost, nothing sent; a rerun goes on."""

import os
import resource
import shutil
from contextlib import contextmanager

import pytest

from core.errors import DataError, StageFailed, StorageError
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tests.fixtures.tiers import every
from tests.flows.days.days import DAY, RESUME, decided, flip, paths_of, resumed, run, settings_at
from tests.tasks.all_stages import RESUMED

KILOBYTE = 1024


@contextmanager
def files_no_larger_than(size):
    """Let this process write no file beyond ``size`` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def settings(small, home):
    return settings_at(small, home)


@pytest.mark.parametrize(
    ("place", "stage", "kept"),
    every(
        4,
        [
            ("data", "1 universe", set()),
            ("data/sim/runs", "1 universe", set()),
            ("data/sim/features", "1 features", {"universe", "market", "news"}),
            ("reports", "8 order ticket", {"risk_gate", "what_if"}),
            ("data/sim/decision_log", "9 journal", {"order_ticket"}),
        ],
    ),
)
def test_a_file_where_a_folder_should_be_fails_its_stage_and_a_rerun_ends_the_same(
    settings, home, undisturbed, place, stage, kept
):
    obstacle = home / place
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_text("in the way")
    with pytest.raises(StageFailed, match=f"to resume: {RESUME}") as failed:
        run(settings)
    assert failed.value.stage == stage
    assert isinstance(failed.value.__cause__, StorageError)
    assert place in str(failed.value)
    assert kept <= set(failed.value.kept)
    assert obstacle.read_text() == "in the way"

    obstacle.unlink()
    outcome = run(settings)
    assert resumed(outcome) == set(failed.value.kept) & RESUMED
    assert decided(home) == decided(undisturbed.day.paths.home)


def test_a_desk_that_cannot_write_sends_nothing(small, home):
    settings = settings_at(small, home, submit="auto")
    desk = paths_of(home).data / "desk"
    desk.parent.mkdir(parents=True)
    desk.write_text("in the way")
    with pytest.raises(StageFailed) as failed:
        run(settings)
    # Whoever judges a portfolio asks the desk what the session has sent already: from there on.
    assert failed.value.stage == "5 overlay"
    assert isinstance(failed.value.__cause__, StorageError)
    assert small.state()["orders"]["accepted"] == 0


def test_a_full_disk_fails_the_stage_leaves_nothing_half_written_and_a_rerun_ends_the_same(
    settings, home, undisturbed
):
    with files_no_larger_than(20 * KILOBYTE), pytest.raises(StageFailed) as failed:
        run(settings)
    assert isinstance(failed.value.__cause__, StorageError)
    assert "File too large" in str(failed.value)
    largest = max(path.stat().st_size for path in home.rglob("*") if path.is_file())
    assert largest <= 20 * KILOBYTE
    assert not [path for path in home.rglob(".*") if path.is_file()]  # temporary files
    assert run(settings).exit_code == 0
    assert decided(home) == decided(undisturbed.day.paths.home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_clear_error(settings, home):
    (home / "data").mkdir(mode=0o500)
    with pytest.raises(StageFailed, match="Permission denied") as failed:
        run(settings)
    assert isinstance(failed.value.__cause__, StorageError)


@pytest.fixture
def a_finished_day(settings, home, undisturbed):
    """A copy of a finished day, with the settings that resume it."""
    shutil.copytree(undisturbed.day.paths.home, home, dirs_exist_ok=True)
    return settings


@pytest.mark.parametrize(
    ("damaged", "redone"),
    [
        ("staging/2026-06-15/universe.parquet", {"universe"}),
        ("staging/2026-06-15/bars.parquet", {"market"}),
        ("features/2026-06-15.parquet", {"features"}),
        ("scores/2026-06-15.parquet", {"signals"}),
        ("optimal/2026-06-15.parquet", {"optimise"}),
    ],
)
def test_a_damaged_artefact_is_made_anew_and_never_used(
    a_finished_day, home, undisturbed, damaged, redone
):
    path = paths_of(home).data / damaged
    flip(path, path.stat().st_size // 2)
    outcome = run(a_finished_day)
    assert RESUMED - resumed(outcome) == redone
    for stage, name in ((order_ticket, "ticket"), (overlay, "targets")):
        made, original = (
            each.records[stage].artefacts[name].sha256 for each in (outcome, undisturbed)
        )
        assert made == original


def test_a_missing_artefact_is_made_anew(a_finished_day, home, undisturbed):
    (paths_of(home).table("features", DAY)).unlink()
    outcome = run(a_finished_day)
    assert RESUMED - resumed(outcome) == {"features"}
    assert decided(home) == decided(undisturbed.day.paths.home)


def test_a_damaged_run_book_is_a_clear_error_and_fresh_goes_on_without_it(
    a_finished_day, home, undisturbed
):
    (book,) = (paths_of(home).data / "runs").rglob("*.json")
    book.write_bytes(book.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"daybook run --date \d{4}-\d\d-\d\d --fresh"):
        run(a_finished_day)
    assert run(a_finished_day, fresh=True).exit_code == 0
    assert decided(home) == decided(undisturbed.day.paths.home)
