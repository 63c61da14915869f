"""The universe, its bars, and vendors that fail."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from core.errors import ConfigurationError, VendorError
from core.storage.runs import StageRecord
from core.tables import FUNDAMENTALS, HEADLINES, MACRO, UNIVERSE
from core.types import Contract
from core.types.sought import Sought
from tasks.ingest.candidates import Candidate
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.macro import macro
from tasks.ingest.market import complete_bars
from tasks.ingest.news import news
from tasks.ingest.universe import UniverseResult, contracts_of, universe_table
from tests.tasks.a_day import MONDAY, a_day

ABC = Contract(1, "ABC", primary_exchange="NYSE", name="Alphabetical Inc")


@pytest.fixture
def day(tmp_path):
    return a_day(tmp_path)


@pytest.fixture
def chosen(day):
    """The record of a universe of one symbol."""
    table = universe_table([(Candidate(Sought("ABC"), "watchlist"), ABC)])
    artefact = day.stage("universe", table, UNIVERSE)
    return StageRecord("universe", UniverseResult(), {"universe": artefact})


def test_a_universe_reads_back_as_the_contracts_it_was_made_of():
    table = universe_table([(Candidate(Sought("ABC"), "constituent", sector="Energy"), ABC)])
    (found,) = contracts_of(table)
    assert found == replace(ABC, name="Alphabetical Inc")
    assert table["sector"].tolist() == ["Energy"]


def test_the_vendors_name_of_a_company_goes_before_the_brokers():
    table = universe_table([(Candidate(Sought("ABC"), "constituent", "Alphabet Soup"), ABC)])
    assert table["name"].tolist() == ["Alphabet Soup"]


def test_the_bar_of_a_session_that_has_not_closed_is_dropped(day):
    friday = MONDAY - timedelta(days=3)
    bars = pd.DataFrame({"session": [friday, MONDAY], "close": [10.0, 11.0]})
    assert complete_bars(bars, day)["session"].tolist() == [friday]
    in_the_session = replace(day, as_of=day.session.open + timedelta(hours=1))
    assert complete_bars(bars, in_the_session)["session"].tolist() == [friday]
    after_the_close = replace(day, as_of=day.session.close)
    assert complete_bars(bars, after_the_close)["session"].tolist() == [friday, MONDAY]


@pytest.mark.parametrize(
    ("stage", "name", "schema"),
    [
        (fundamentals, "fundamentals", FUNDAMENTALS),
        (news, "headlines", HEADLINES),
        (macro, "macro", MACRO),
    ],
)
def test_a_vendor_that_is_not_set_leaves_an_empty_table_and_says_which_setting(
    day, chosen, stage, name, schema
):
    arguments = (day,) if stage is macro else (day, chosen)
    record = stage.fn(*arguments)
    assert record.result.degraded == record.notes
    assert record.result.incomplete
    assert "set vendors." in record.notes
    assert day.read(record.artefacts[name], schema).empty


def test_a_vendors_wrong_address_is_a_wrong_setting_and_not_a_vendor_that_failed(tmp_path):
    vendor = {"fundamentals_url": "http://vendor.example", "fundamentals_key": "a-key-of-the-tests"}
    with pytest.raises(ConfigurationError, match="never sent unencrypted; use https://"):
        macro.fn(a_day(tmp_path, vendors=vendor))
    assert not issubclass(ConfigurationError, VendorError)
