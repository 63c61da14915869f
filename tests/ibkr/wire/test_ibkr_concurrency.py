"""Fifty callers from eight threads, all tools mixed: no hang, no crossed answer.

A request that is forgotten ends as `GatewayTimeout`, which both tests refuse.
For a whole minute: ``python -m benchmarks.concurrency``.
"""

import threading
from contextlib import ExitStack

import pytest

from core.errors import GatewayUnreachable
from tests.fixtures.tiers import size
from tests.ibkr.stress import QUESTIONS, a_world, brewed, run

pytestmark = pytest.mark.world

SECONDS = size(6.0, 2.0)


@pytest.mark.slow
def test_every_caller_gets_its_own_answer_and_nobody_waits_for_ever(tmp_path):
    with ExitStack() as stack:
        stress = run(brewed(stack.enter_context(a_world(tmp_path)), stack), seconds=SECONDS)
    assert [(where, repr(error)) for where, error in stress.failures] == []
    assert len(stress.asked) > len(QUESTIONS) // 2  # so many kinds were really mixed


@pytest.mark.slow
def test_a_gateway_that_dies_in_the_storm_is_an_error_to_all_and_a_hang_to_none(tmp_path):
    with ExitStack() as stack, ExitStack() as world:
        stress = brewed(world.enter_context(a_world(tmp_path)), stack)
        killer = threading.Timer(1.5, world.close)
        killer.start()
        run(stress, seconds=3.0)
        killer.join()
    kinds = {type(error) for _, error in stress.failures}
    assert stress.failures
    # What was being sent when the line broke is uncertain, which its caller's check refuses.
    assert kinds <= {GatewayUnreachable, AssertionError}
