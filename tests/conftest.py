"""What holds for every test."""

import gc

from hypothesis import settings

# How long an example takes says something about the machine, nothing about the code.
settings.register_profile("daybook", deadline=None)
settings.load_profile("daybook")
# A worker holds some hundred thousand objects; Python's own thresholds walk them far too often.
gc.set_threshold(50_000, 20, 50)


def pytest_collection_modifyitems(items):
    """Begin with the files that hold slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
