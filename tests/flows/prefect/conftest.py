import shutil

import pytest

from tests.flows.days.days import settings_at


@pytest.fixture
def heard(small):
    """Return a function that gives the alerts Slack has got since the test began, as text."""
    before = len(small.messages())

    def since():
        messages = [each["message"] for each in small.messages()[before:]]
        return [
            "\n".join([m["blocks"][0]["text"]["text"], m["blocks"][1]["text"]["text"]])
            for m in messages
            if m["text"].startswith("⚠ daybook") and "sent once" in str(m["blocks"][-1])
        ]

    return since


@pytest.fixture
def settings(small, tmp_path):
    return settings_at(small, tmp_path / "home")


@pytest.fixture
def proposed(small, undisturbed, tmp_path):
    """A copy of a day whose ticket waits, and settings for it."""
    shutil.copytree(undisturbed.day.paths.home, tmp_path / "home")
    return settings_at(small, tmp_path / "home")
