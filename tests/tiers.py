"""The tiers of the tests, and how much of each campaign a tier asks.

A test is of one tier, by its marker: `unit` starts no process and opens no socket, and is what a
test is unless its folder or its file says something else; `world` needs a simulator, a server, a
process or a whole day; `campaign` is a case that is left out of the short form of a campaign.

``--tier=check`` runs the unit tests, ``--tier=test`` (the default) all but the campaigns' further
cases, ``--tier=campaign`` everything at full size.
"""

import sys

import pytest
from hypothesis import is_hypothesis_test, settings

TIERS = ("check", "test", "campaign")
# The most examples of one property; a campaign takes as many as the property's own settings say.
EXAMPLES = {"check": 10, "test": 25}
# Folders, below tests/, of which every test needs a world, and fixtures that open a socket.
# Elsewhere a test or its file is marked.
WORLDS = (
    "agent", "conformance", "faults", "flows", "simulator/tws", "simulator/tws_market",
)  # fmt: skip
SOCKETS = {"a_gateway", "serve"}

OUTSIDE = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system",
    "socket.bind", "socket.connect", "subprocess.Popen",
}  # fmt: skip

_now = {"tier": "test", "unit": None}


def size(full, short):
    """Return how many cases there are: all in a campaign, else the short form's."""
    return full if _now["tier"] == "campaign" else short


def every(step, cases):
    """Return cases for `parametrize`: each ``step``-th belongs to the short form, all to a campaign."""
    return [
        pytest.param(case, marks=() if index % step == 0 else pytest.mark.campaign)
        for index, case in enumerate(cases)
    ]


def pytest_addoption(parser):
    parser.addoption("--tier", choices=TIERS, default="test", help="unit tests, all, or campaigns")


def pytest_configure(config):
    _now["tier"] = tier = config.getoption("--tier")
    # How long an example takes says something about the machine, nothing about the code.
    settings.register_profile("campaign", deadline=None)
    # The short forms ask the same examples on every machine and every day; campaigns look further.
    for name, most in EXAMPLES.items():
        settings.register_profile(name, deadline=None, derandomize=True, max_examples=most)
    settings.load_profile(tier)
    sys.addaudithook(_refuse)


def pytest_ignore_collect(collection_path, config):
    """Import nothing of a folder whose tests would all be deselected."""
    if config.getoption("--tier") == "check" and _in_a_world(collection_path, config):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Give each test its tier, and leave out those of other tiers."""
    tier, kept, left_out = config.getoption("--tier"), [], []
    for item in items:
        if _in_a_world(item.path, config) or SOCKETS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.world)
        elif not item.get_closest_marker("world"):
            item.add_marker(pytest.mark.unit)
        if is_hypothesis_test(getattr(item, "function", None)):
            _shorten(item.function, EXAMPLES.get(tier))
        other = {"check": ("world", "campaign"), "test": ("campaign",), "campaign": ()}[tier]
        wanted = not any(item.get_closest_marker(name) for name in other)
        (kept if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _in_a_world(path, config):
    return any(path.is_relative_to(config.rootpath / "tests" / folder) for folder in WORLDS)


def _shorten(function, most):
    """Cap the examples of a property; its own number stays what a campaign asks."""
    # Hypothesis has no public way to change a test's settings after its decorator.
    own = function._hypothesis_internal_use_settings
    if most is not None and own.max_examples > most:
        function._hypothesis_internal_use_settings = settings(own, max_examples=most)


def _refuse(event, arguments):
    """Fail a unit test at the call that leaves its process."""
    if event in OUTSIDE and (test := _now["unit"]):
        pytest.fail(f"{test} is a unit test: {event} belongs into a test marked `world`")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    _now["unit"] = item.nodeid if item.get_closest_marker("unit") else None
    try:
        return (yield)
    finally:
        _now["unit"] = None
