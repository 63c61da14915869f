import csv
import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prefect import Flow

from flows.cli import main

ROOT = Path(__file__).resolve().parents[3]
ONE_DAY = ("--from", "2026-06-15", "--to", "2026-06-15")


@pytest.fixture
def daybook(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command line in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAYBOOK_SIMULATOR__SYMBOLS", "20")

    def typed(*arguments):
        monkeypatch.setattr(sys, "argv", ["daybook", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return typed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "2026-06-16", "--to", "2026-06-15"), "--from 2026-06-16 is after"),
        (("--from", "2020-06-15", "--to", "2026-06-15"), "too early"),
        (("--from", "2026-06-15", "--to", "2031-06-16"), "after the last bar"),
        (("--from", "2026-06-15", "--months", "2"), "not both"),
        (("--months", "0"), "0 must be at least 1"),
        (("--from", "2026-06-13", "--to", "2026-06-14"), "no session"),
        (("--bars", "nowhere.parquet"), "no such file"),
    ],
)
def test_a_range_that_cannot_be_replayed_is_refused_before_any_work(
    daybook, tmp_path, arguments, reason
):
    code, out, err = daybook("replay", *arguments)
    assert code == 2
    assert reason in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_replay_says_what_came_of_it_and_where_it_is(daybook, tmp_path):
    code, out, err = daybook("replay", *ONE_DAY)
    assert (code, err) == (0, "")
    assert out.startswith("replay of 1 session\n2026-06-15 to 2026-06-15, 1 session, ")
    places = dict(line.split(": ") for line in out.splitlines()[-3:])
    assert all((tmp_path / place).is_file() for place in places.values())
    code, out, _ = daybook("replay", *ONE_DAY, "--json")
    told = json.loads(out)  # and not a line besides
    assert told["sharpe"] is None  # one session has none
    assert told["report"] == places["report"]
    assert "1 of them cached" in daybook("replay", *ONE_DAY)[1]
    with (tmp_path / told["metrics"]).open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 1


def weekly():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    (found,) = [one for one in deployments if one["name"] == "weekly-replay"]
    return found


def test_the_replay_is_deployed_for_saturday_mornings_in_bucharest():
    (schedule,) = weekly()["schedules"]
    assert schedule["cron"] == "0 8 * * 6"
    assert schedule["timezone"] == "Europe/Bucharest"
    module, name = weekly()["entrypoint"].split(":")
    assert isinstance(getattr(import_module(module), name), Flow)
