import shutil

import pytest

from tests.fixtures.shared import built_once
from tests.flows.replay.replays import replayed


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A few sessions, replayed in one go."""

    def build(folder):
        replayed(folder)
        return folder

    home = tmp_path_factory.mktemp("replay") / "home"
    shutil.copytree(built_once(tmp_path_factory, "whole", build), home)
    return replayed(home)  # what is done is not done again
