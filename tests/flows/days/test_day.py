"""A whole day, from market data to a journal entry."""

import html
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from core.tables import ALL_SCHEMAS
from tasks.decide.optimise import optimise
from tasks.record.journal import journal
from tasks.record.notify import notify
from tests.flows.conftest import THIRTY
from tests.flows.days.days import (
    DAY,
    decided,
    paths_of,
    resumed,
    revisions,
    run,
    settings_for,
    ticket_of,
    verify,
)

ROOT = Path(__file__).parents[3]
PICTURE = ROOT / "docs" / "day.svg"
DEFAULTS = {"universe": {"history": "2 Y"}, **THIRTY}  # what the command used
INGEST = {"universe", "market", "fundamentals", "news", "macro", "earnings", "features"}


@pytest.fixture(scope="module")
def rerun(first_day, tmp_path_factory):
    """The first day's home, copied, and what a second run of the day made of it."""
    home = tmp_path_factory.mktemp("rerun") / "home"
    shutil.copytree(first_day[0], home)
    return home, run(settings_for(home, **DEFAULTS))


def test_one_command_takes_a_day_through_all_nine_stages_to_a_sealed_journal(first_day):
    home, said = first_day
    assert said.code == 0, said.err
    numbers = re.findall(r"^([1-9]) \w", said.out, re.MULTILINE)
    assert list(dict.fromkeys(numbers)) == [str(number) for number in range(1, 10)]
    assert "Nothing has been sent." in said.out
    found = verify(home)
    assert found.entries == 1
    assert found.head[:12] in said.out
    for label in ("ticket", "report"):
        (place,) = re.findall(rf"^{label}: (.+)$", said.out, re.MULTILINE)
        assert (home / place).stat().st_size > 1000


def test_output_that_nobody_looks_at_has_no_escape_codes(first_day):
    _, said = first_day
    assert "\x1b" not in said.out + said.err
    assert "\r" not in said.out


def words(text):
    """Return the words of a text: what holds a digit or a capital depends on the day."""
    return {word for word in re.split(r"[\s()·,;:.]+", text) if re.fullmatch(r"[a-z-]+", word)}


def test_the_picture_of_the_readme_shows_the_words_of_a_day_as_it_is_now(first_day):
    _, said = first_day
    drawing = re.sub(r"<style>.*?</style>", "", PICTURE.read_text(), flags=re.DOTALL)
    picture = html.unescape(re.sub(r"<[^>]*>", " ", drawing)).replace("\xa0", " ")
    stages, summary = re.split(r"^(?=daybook )", said.out, maxsplit=1, flags=re.MULTILINE)
    without_notes = "\n".join(line[:15] for line in stages.splitlines()[2:])
    missing = words(without_notes + summary) - words(picture)
    assert missing == set(), "make picture"
    assert re.findall(r"\d+ of \d+ checks", said.out) == re.findall(r"\d+ of \d+ checks", picture)


@pytest.mark.parametrize("place", ["data", "reports"])
def test_the_readme_of_a_folder_names_everything_a_day_leaves_there(traded_day, place):
    home, _ = traded_day
    told = (ROOT / place / "README.md").read_text().replace("DATE", str(DAY))
    left = {re.sub(r"\.r\d+", "", entry.name) for entry in (home / place / "sim").iterdir()}
    assert {name for name in left if name not in told} == set()


def test_every_table_of_a_day_keeps_its_schema(first_day):
    home, _ = first_day
    checked = set()
    for path in paths_of(home).data.rglob("*.parquet"):
        kind = path.stem if "staging" in path.parts else path.parent.name
        schema = ALL_SCHEMAS.get({"optimal": "targets"}.get(kind, kind))
        if schema is not None:
            schema.build(pd.read_parquet(path))
            checked.add(kind)
    assert checked == ALL_SCHEMAS.keys() - {"fills"} | {"optimal"}


def test_the_target_of_a_day_obeys_every_limit(rerun):
    _, outcome = rerun
    limits = outcome.day.settings.limits
    ticket = ticket_of(outcome)
    weights = [line["weight_after"] for line in ticket["lines"]]  # the account was empty before
    assert len(weights) > 10
    assert sum(abs(weight) for weight in weights) <= limits.max_gross
    assert max(abs(weight) for weight in weights) <= limits.max_single
    assert 1.0 - sum(weights) >= limits.cash_buffer
    assert all(line["adv_share"] <= limits.max_adv_share for line in ticket["lines"])
    assert outcome.records[optimise].result.value_at_risk <= limits.max_var


def test_the_same_date_and_seed_give_the_same_bytes_in_another_home(first_day, tmp_path):
    # One by the command in its own process, one by run_session in this one.
    outcome = run(settings_for(tmp_path / "home", **DEFAULTS))
    assert ticket_of(outcome)["lines"]
    assert decided(tmp_path / "home") == decided(first_day[0])


def test_a_rerun_resumes_stages_1_2_and_4_and_takes_the_others_fresh(rerun):
    _, outcome = rerun
    assert resumed(outcome) == INGEST | {"signals", "optimise"}


def test_a_rerun_that_changes_nothing_draws_seals_and_sends_nothing(first_day, rerun):
    home, outcome = rerun
    assert decided(home) == decided(first_day[0])
    assert revisions(home) == set()
    assert verify(home).entries == 1
    assert outcome.records[journal].notes.startswith("unchanged since ")
    assert "entry 1" in outcome.records[journal].notes
    assert outcome.records[notify].notes.endswith("no message again")
