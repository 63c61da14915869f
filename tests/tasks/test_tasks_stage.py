"""What is repeated after a failure, and what never is."""

import pytest

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
from tasks import (
    alternative,
    check,
    execute,
    ingest,
    optimise,
    override,
    propose,
    record,
    register,
    rehearse,
    score,
    snapshot,
)
from tasks.stage import stage, worth_repeating

STAGES = [
    ingest.choose_universe, ingest.fetch_market, alternative.fetch_fundamentals,
    alternative.fetch_news, alternative.fetch_macro, score.build_features, score.compute_scores,
    snapshot.take_snapshot, optimise.optimise_target, override.override_targets,
    check.check_targets, rehearse.rehearse_orders, propose.propose_orders, execute.submit_ticket,
    execute.submit_automatically, register.register_ticket, execute.seal_execution,
    execute.collect_fills, record.seal_day, record.notify,
]  # fmt: skip


def test_sending_is_never_repeated():
    assert execute.submit_ticket.retries == 0
    assert execute.submit_automatically.retries == 0


def test_only_stages_that_ask_the_gateway_are_repeated():
    repeated = {each.name for each in STAGES if each.retries}
    assert repeated == {"1 universe", "1 market", "3 snapshot", "7 what-if", "8 fills"}


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


def test_a_stage_keeps_its_functions_name_and_text():
    @stage("0 test")
    def something():
        """Do something."""
        return StageRecord(stage="test", artefacts={})

    assert something.name == "0 test"
    assert something.fn.__name__ == "something"
    assert something.fn.__doc__ == "Do something."
