"""What holds for every test."""

import os


def pytest_xdist_auto_num_workers(config):
    """One worker more than cores: tests that wait, for a time-out or a pace, leave a third idle."""
    try:
        return len(os.sched_getaffinity(0)) + 1
    except AttributeError:  # only Linux tells which cores are ours
        return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """Begin with the files that hold slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
