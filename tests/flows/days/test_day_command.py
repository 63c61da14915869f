"""The command line: exit codes, messages for people, JSON for programs."""

import json
import subprocess
import sys

import pytest

from tests.flows.days.days import COMMAND, DAY, command_environment, paths_of, verify

SATURDAY, HOLIDAY = "2026-06-13", "2026-07-03"  # the fourth of July, observed
HEAVY = ("prefect", "pandas", "cvxpy", "numpy", "pyarrow", "ib_async", "sqlalchemy", "rich",
         "pydantic_settings", "asyncio")  # fmt: skip
HELP = f"""
import sys
sys.argv = ["daybook", *sys.argv[1:]]
try:
    from flows.cli import main
    main()
except SystemExit as ended:
    assert ended.code == 0, ended.code
print(sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY})))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["journal", "--help"]])
def test_help_imports_nothing_heavy(tmp_path, arguments):
    done = subprocess.run(
        [sys.executable, "-c", HELP, *arguments],
        cwd=tmp_path,
        env=command_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_command_is_installed_and_names_its_commands(tmp_path):
    done = subprocess.run(
        [COMMAND, "--help"], env=command_environment(tmp_path), capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    for name in ("run", "simulator", "why", "doctor", "journal"):
        assert f" {name} " in done.stdout


@pytest.mark.parametrize("day", [SATURDAY, HOLIDAY])
def test_a_date_that_is_no_session_is_one_line_and_exit_code_0(daybook, tmp_path, day):
    said = daybook("run", "--date", day)
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    assert "has no session" in said.out
    assert "The next one is" in said.out
    assert said.err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2016-06-15", "has bars from"),  # a session, before the data
        ("2034-06-15", "has bars from"),  # a session, long after it
        ("1999-06-15", "outside the exchange calendar"),
    ],
)
def test_a_date_without_data_is_a_clear_error_that_names_the_data_there_is(daybook, day, told):
    said = daybook("run", "--date", day, DAYBOOK_SIMULATOR__SYMBOLS="3")
    assert said.code in {1, 2}
    assert day in said.err
    assert told in said.err
    assert "defect" not in said.err


def test_another_day_than_the_gateways_own_is_refused(daybook, small):
    said = daybook("run", "--date", "2026-06-16", world=small)
    assert said.code == 2
    assert "2026-06-16" in said.err
    assert str(DAY) in said.err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DAYBOOK_LIMITS__MAX_SINGLE", "12", "Did you mean 0.12?"),
        ("DAYBOOK_LIMITS__MAX_SINGEL", "0.1", "did you mean DAYBOOK_LIMITS__MAX_SINGLE?"),
        ("DAYBOOK_MODDE", "live", "did you mean DAYBOOK_MODE?"),
        ("DAYBOOK_MODE", "live", "second switch"),
    ],
)
def test_a_wrong_setting_is_exit_code_2_and_says_what_was_probably_meant(
    daybook, tmp_path, variable, value, told
):
    said = daybook("run", "--date", str(DAY), **{variable: value})
    assert said.code == 2
    assert told in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_setting_in_the_file_is_exit_code_2_too(daybook, tmp_path):
    (tmp_path / "daybook.toml").write_text("[limits]\nmax_singel = 0.1\n")
    said = daybook("run", "--date", str(DAY))
    assert said.code == 2
    assert "did you mean limits.max_single?" in said.err


def test_a_bars_file_that_is_not_there_is_exit_code_2(daybook):
    said = daybook("run", "--date", str(DAY), "--bars", "nowhere.parquet")
    assert said.code == 2
    assert "nowhere.parquet" in said.err


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"DAYBOOK_MODE": "paper"}, "with mode = paper: only the simulator reads a file of bars"),
        ({"DAYBOOK_GATEWAY__PORT": "4999"}, "with gateway.port = 4999: the simulator on that port"),
    ],
)
def test_bars_that_nothing_would_read_are_refused(daybook, variables, told):
    said = daybook("run", "--date", str(DAY), "--bars", __file__, **variables)
    assert said.code == 2
    assert told in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--date", "the fifteenth"],
        ["run", "--moed", "sim"],
        ["walk"],
        ["run", "--mode", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2(daybook, arguments):
    said = daybook(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err


@pytest.mark.parametrize(
    ("arguments", "variables", "code"),
    [
        (["run", "--date", SATURDAY], {}, 0),
        (["run", "--date", str(DAY)], {"DAYBOOK_LIMITS__MAX_SINGLE": "12"}, 2),
        (["run", "--date", "the fifteenth"], {}, 2),
        (["why", "ABC"], {}, 1),
        (["journal", "verify"], {}, 1),
    ],
)
def test_json_is_one_object_on_standard_output_also_for_failures(
    daybook, arguments, variables, code
):
    said = daybook(*arguments, "--json", **variables)
    assert said.code == code
    assert isinstance(said.json, dict)
    assert said.json["exit_code"] == code
    assert said.err == ""


def test_json_of_a_day_is_one_object_with_every_stage_and_artefact(daybook, small, tmp_path):
    said = daybook("run", "--date", str(DAY), "--json", world=small)
    assert said.code == said.json["exit_code"] == 0
    assert said.err == ""
    assert said.json["verdict"] == "proposed"
    stages = [stage["stage"] for stage in said.json["stages"]]
    assert stages[-2:] == ["journal", "notify"]
    assert {name.partition(".")[0] for name in said.json["artefacts"]} <= {*stages}
    for artefact in said.json["artefacts"].values():
        assert (tmp_path / artefact["path"]).is_file()
    ticket = json.loads(paths_of(tmp_path).ticket(DAY).read_bytes())
    assert said.json["orders"] == len(ticket["lines"])


def test_a_failed_stage_says_what_is_kept_and_the_command_that_resumes(
    daybook, small, fault, tmp_path
):
    fault("drop", message=20, after=5)
    said = daybook("run", "--date", str(DAY), world=small)
    assert said.code == 1
    assert "stage '1 market' failed" in said.err
    assert "kept: universe" in said.err
    assert f"to resume: daybook run --date {DAY}" in said.err
    again = daybook("run", "--date", str(DAY), world=small)
    assert again.code == 0
    assert verify(tmp_path).entries == 1


def test_without_a_date_the_simulator_runs_the_newest_session_it_has(daybook):
    said = daybook(
        "run", "--json", DAYBOOK_SIMULATOR__SYMBOLS="12",
        DAYBOOK_GATEWAY__MESSAGES_PER_SECOND="50", DAYBOOK_UNIVERSE__HISTORY="1 Y",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["session"] > str(DAY)


def test_the_simulator_command_serves_until_it_is_stopped_and_says_it_is_no_real_account(tmp_path):
    process = subprocess.Popen(
        [COMMAND, "simulator", "--symbols=3", f"--state={tmp_path}"],
        env=command_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        ready = json.loads(process.stdout.readline())
        process.terminate()
        told = process.stderr.read()
    assert ready["account"].startswith("DU")
    assert "NOT a real account" in told
    assert process.returncode == 0
