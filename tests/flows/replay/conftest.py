import pytest

from tests.flows.replay.replays import replayed


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A few sessions, replayed in one go."""
    return replayed(tmp_path_factory.mktemp("whole"))
