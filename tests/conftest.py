"""What holds for every test."""

import gc
import os
from datetime import date
from functools import cache

import pytest

from core.calendar import is_session
from desk.records import store
from review import page
from simulator import process
from tests.fixtures.warm_processes import WarmProcess, WarmSimulators

# The warm processes: that of the simulators, that of the command.
WARM = pytest.StashKey()

# A worker holds some hundred thousand objects; Python's own thresholds walk them far too often.
gc.set_threshold(50_000, 20, 50)


def without_waiting_for_the_disk(patch):
    """Write without waiting: only a loss of power tells the difference, and none cuts the power.

    Processes that tests start, and kill, write as a real run does.
    """
    patch.setattr(os, "fsync", lambda _handle: None)
    patch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture(scope="session", autouse=True)
def hasty():
    """Hold for shared days too, which begin before any one test does."""
    with pytest.MonkeyPatch.context() as patch:
        without_waiting_for_the_disk(patch)
        yield patch


@pytest.fixture(scope="session", autouse=True)
def _drawn_once():
    """Draw each figure of a page once: most days of one world show the same symbols."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("weights_svg", "alpha_svg"):
            drawn = cache(getattr(page, name))
            patch.setattr(page, name, lambda symbols, drawn=drawn: drawn(tuple(symbols)))
        yield


@pytest.fixture(scope="session", autouse=True)
def warm_simulators(pytestconfig):
    """Let simulators start warm; only tests of the start itself start them cold."""
    warm, _ = pytestconfig.stash.get(WARM, (process.subprocess, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "subprocess", warm)
        yield warm


@pytest.fixture(scope="session")
def warm_daybook(pytestconfig):
    """Commands in processes of their own that start warm, and so do their simulators."""
    return pytestconfig.stash[WARM][1]


@pytest.fixture(autouse=True)
def _as_durable_as_a_real_run(request, hasty):
    durable = request.node.get_closest_marker("durable")
    if durable:
        hasty.undo()
    yield
    if durable:
        without_waiting_for_the_disk(hasty)


def pytest_collection_finish():
    """Spare garbage collections the objects that last as long as the process."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    """Fork the warm processes while everything is as its import left it."""
    if any(item.get_closest_marker("world") for item in session.items):
        is_session(date(2026, 6, 15))  # a calendar is built once as well
        simulators = WarmSimulators()
        session.config.stash[WARM] = simulators, WarmProcess("daybook", simulators)


def pytest_sessionfinish(session):
    for warm in reversed(session.config.stash.get(WARM, ())):
        warm.stop()


def pytest_collection_modifyitems(items):
    """Begin with the files that hold slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
