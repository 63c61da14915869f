"""The examples in the docstrings of the rooms that decide are true."""

import doctest
import importlib
import pkgutil

import pytest

ROOMS = {"optimiser": 20, "risk": 40, "signals": 8}  # and how many examples there are at least


def modules_of(room):
    package = importlib.import_module(room)
    return [each.name for each in pkgutil.walk_packages(package.__path__, f"{room}.")]


@pytest.mark.parametrize("name", [name for room in ROOMS for name in modules_of(room)])
def test_the_examples_of_a_module_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_shows_what_its_functions_do(room):
    found = [
        example
        for name in modules_of(room)
        for test in doctest.DocTestFinder().find(importlib.import_module(name))
        for example in test.examples
    ]
    assert len(found) >= ROOMS[room]
