"""What is repeated after a failure, and what never is."""

import pkgutil
from importlib import import_module
from typing import get_args, get_origin, get_type_hints

import pytest

import tasks
from core.errors import (
    ConfigurationError,
    DataError,
    GatewayTimeout,
    GatewayUnreachable,
    NoData,
    RequestRefused,
    VendorError,
    WrongAccount,
)
from core.storage.runs import StageRecord
from tasks.stage import Output, Stage, StageResult, stage, worth_repeating
from tasks.trade.submit import submit
from tests.tasks.all_stages import OTHERWISE, STAGES


def test_the_list_of_stages_names_every_stage_there_is():
    modules = [
        import_module(found.name) for found in pkgutil.walk_packages(tasks.__path__, "tasks.")
    ]
    stages = [each for one in modules for each in vars(one).values() if isinstance(each, Stage)]
    listed = {id(each) for each in (*STAGES, *OTHERWISE)}
    assert {each.fn.__name__ for each in stages if id(each) not in listed} == set()


def test_sending_is_never_repeated():
    assert submit.retries == 0
    assert not any(each.retries or each.resumable for each in OTHERWISE)


def test_only_stages_that_ask_the_gateway_are_repeated():
    repeated = {each.title for each in STAGES if each.retries}
    assert repeated == {
        "1 universe", "1 market", "3 snapshot", "6 risk gate", "7 what if", "8 fills", "close",
    }  # fmt: skip


def test_a_stage_has_one_name_for_module_function_and_record():
    for each in STAGES:
        assert each.fn.__module__.rpartition(".")[2] == each.fn.__name__ == each.name
        assert each.result.__name__ == f"{each.name.title().replace('_', '')}Result"
    assert len({each.name for each in STAGES}) == len(STAGES)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (GatewayTimeout("silent"), True),
        (GatewayUnreachable("gone"), True),
        (VendorError("HTTP 500"), True),
        (ConfigurationError("wrong"), False),
        (DataError("odd"), False),
        (NoData("none"), False),
        (RequestRefused("200", code=200), False),
        (WrongAccount("live"), False),
    ],
)
def test_only_what_a_repetition_may_mend_is_repeated(error, again):
    assert worth_repeating(error) is again


def test_a_stage_is_named_after_its_function_and_keeps_its_text():
    @stage(6, StageResult)
    def some_thing():
        """Do something."""
        return Output(result=StageResult(), notes="done")

    assert (some_thing.name, some_thing.title) == ("some_thing", "6 some thing")
    assert some_thing.fn.__doc__ == "Do something."
    record = some_thing.fn()
    assert (record.stage, record.number, record.notes) == ("some_thing", 6, "done")


def test_another_way_to_do_a_stage_is_the_same_stage():
    @stage(8, StageResult, retries=2, resumable=True)
    def ask():
        return Output(result=StageResult())

    @ask.otherwise
    def keep():
        return Output(result=StageResult())

    assert (keep.name, keep.number, keep.retries, keep.resumable) == ("ask", 8, 0, False)


def inputs_of(each):
    """Return the types of the records that a stage is made from."""
    hints = get_type_hints(each.fn.__wrapped__)
    records = [hint for hint in hints.values() if get_origin(hint) is StageRecord]
    return [get_args(hint)[0] for hint in records]


@pytest.mark.parametrize("each", [*STAGES, *OTHERWISE], ids=lambda each: each.fn.__name__)
def test_no_two_inputs_of_a_stage_can_change_places(each):
    found = inputs_of(each)
    assert len(set(found)) == len(found)
    assert {one for one in found if one not in {other.result for other in STAGES}} == set()
