"""Worlds and days that tests share: a day costs seconds."""

import logging
import shutil

import pytest

from core.settings import SimulatorSettings
from simulator.process import start
from tests.fixtures.shared import built_once
from tests.flows.days.days import DAY, command, run, settings_at, settings_for, ticket_of, typing_at

THIRTY = {"simulator": {"symbols": 30}}


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """A command sets the least level of its process for good, which here is everybody's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def first_day(tmp_path_factory):
    """A day of thirty symbols by the real command, in an empty folder: its home, and its output."""

    def build(folder):
        home = folder / "home"
        return home, command(home, "run", "--date", str(DAY), DAYBOOK_SIMULATOR__SYMBOLS="30")

    return built_once(tmp_path_factory, "first", build)


@pytest.fixture(scope="session")
def traded_day(first_day, tmp_path_factory):
    """The first day once more in a copy of its home, with the orders sent."""

    def build(folder):
        home = folder / "home"
        shutil.copytree(first_day[0], home)
        return home, run(settings_for(home, submit="auto", universe={"history": "2 Y"}, **THIRTY))

    return built_once(tmp_path_factory, "traded", build)


@pytest.fixture(scope="session")
def small_process(tmp_path_factory):
    state = tmp_path_factory.mktemp("small")
    with start(SimulatorSettings(symbols=12, untidy="1"), day=DAY, state=state) as process:
        yield process


@pytest.fixture
def small(small_process):
    """A started simulator of twelve symbols. No test may leave an order or a fault in it."""
    before = small_process.state()["orders"]
    yield small_process
    assert small_process.state()["orders"] == before


@pytest.fixture(scope="session")
def undisturbed(small_process, tmp_path_factory):
    """The small world's day when nothing goes wrong."""
    return run(settings_at(small_process, tmp_path_factory.mktemp("undisturbed") / "home"))


@pytest.fixture
def some(undisturbed):
    """Four symbols of the small world that have everything a day needs."""
    return tuple(line["order"]["symbol"] for line in ticket_of(undisturbed)["lines"][:4])


@pytest.fixture
def fault(small):
    """Return a function that switches a fault on for the rest of the test."""
    switched = []

    def switch(name, **options):
        small.fault(name, **options)
        switched.append((name, options))

    yield switch
    for name, options in switched:
        small.fault(name, on=False, **options)


@pytest.fixture
def daybook(tmp_path):
    """Return a function that runs the command line in this process, at home in ``tmp_path``."""
    with typing_at(tmp_path) as typed:
        yield typed
