"""What becomes of a stage in Prefect's hands."""

import pytest

from core.errors import ConfigurationError, GatewayTimeout
from flows.prefect_tasks import task_of
from tasks.decide.snapshot import snapshot
from tasks.trade.submit import submit
from tests.tasks.all_stages import STAGES


class State:
    """A finished task run, as Prefect shows it to a retry condition."""

    def __init__(self, error):
        self._error = error

    def result(self, *, raise_on_failure):
        assert not raise_on_failure
        return self._error


def test_prefect_remembers_no_stage():
    assert all(each.persist_result is False for each in map(task_of, STAGES))
    assert {type(each.cache_policy).__name__ for each in map(task_of, STAGES)} == {"_None"}


@pytest.mark.parametrize("each", STAGES, ids=lambda each: each.name)
def test_a_task_has_its_stages_name_and_retries(each):
    assert (task_of(each).name, task_of(each).retries) == (each.title, each.retries)


@pytest.mark.parametrize(
    ("error", "again"), [(GatewayTimeout("silent"), True), (ConfigurationError("wrong"), False)]
)
def test_prefect_asks_whether_a_repetition_may_help(error, again):
    task = task_of(snapshot)
    assert task.retry_condition_fn(task, None, State(error)) is again


def test_a_stage_is_one_task_however_often_it_is_started():
    assert task_of(submit) is task_of(submit)
