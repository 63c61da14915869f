"""The doctor looks at everything, and keeps looking after a failure."""

import socket
from contextlib import closing

import httpx
import pytest

from flows.commands.doctor import run_checks
from tests.flows.days.days import DAY, settings_at, settings_for

BROKER = ["quote", "bars", "what-if", "hours"]
BEFORE = ["packages", "settings", "calendar", "disk", "journal", "environment", "gateway", "clocks"]
EVERYTHING = [*BEFORE, *BROKER, "fundamentals", "news", "slack"]
WITHOUT_A_GATEWAY = [*BEFORE, "fundamentals", "news", "slack"]


def closed_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """What the doctor finds in an empty home with the embedded simulator."""
    home = tmp_path_factory.mktemp("doctor")
    return {f.what: f for f in run_checks(settings_for(home, simulator={"symbols": 3}))}


def test_the_doctor_looks_at_everything_a_run_needs(offline):
    assert list(offline) == EVERYTHING
    assert [finding.what for finding in offline.values() if finding.failed] == []


def test_an_empty_journal_is_a_warning_and_no_failure(offline):
    assert offline["journal"].verdict == "warn"
    assert "no entry yet" in offline["journal"].found


def test_the_doctor_shows_only_the_ends_of_the_account(offline):
    assert "****" in offline["gateway"].found


def test_the_doctor_asks_one_quote_the_bars_and_one_what_if(offline):
    assert [offline[what].verdict for what in BROKER] == ["ok"] * 4
    assert offline["quote"].found.endswith(", live")
    assert "accepted" in offline["what-if"].found


def test_the_doctor_holds_the_brokers_hours_against_the_calendar(offline, small, tmp_path):
    assert offline["hours"].verdict == "ok"
    small.fault("session", kind="closed", at=f"{DAY}T09:30:00-04:00")
    found = {f.what: f for f in run_checks(settings_at(small, tmp_path))}
    small.fault("session", on=False)
    assert found["hours"].verdict == "warn"
    assert f"is closed on {DAY}" in found["hours"].found


@pytest.mark.parametrize(("others", "verdict"), [("delayed", "warn"), ("none", "FAIL")])
def test_the_doctor_says_which_market_data_the_account_lacks(small, tmp_path, others, verdict):
    with httpx.Client(base_url=small.http_url) as control:
        control.post("/control/permissions", json={"others": others}).raise_for_status()
        found = {f.what: f for f in run_checks(settings_at(small, tmp_path))}
        control.post("/control/permissions", json={}).raise_for_status()
    assert found["quote"].verdict == verdict
    assert "subscribe" in found["quote"].found
    assert [found[what].verdict for what in ("bars", "what-if")] == ["ok", "ok"]


def test_an_absent_gateway_does_not_keep_the_doctor_from_the_vendors(tmp_path):
    port = closed_port()
    settings = settings_for(tmp_path, mode="paper", gateway={"port": port})
    found = {finding.what: finding for finding in run_checks(settings)}
    assert list(found) == WITHOUT_A_GATEWAY
    assert found["gateway"].failed
    assert f"127.0.0.1:{port}" in found["gateway"].found
    assert found["fundamentals"].failed
    assert "vendors.fundamentals_url" in found["fundamentals"].found
    assert found["news"].verdict == found["slack"].verdict == "warn"


def test_a_home_that_cannot_be_written_fails_and_the_rest_is_looked_at(tmp_path):
    settings = settings_for(tmp_path, mode="paper", gateway={"port": closed_port()})
    (tmp_path / "reports").write_text("in the way")
    found = {finding.what: finding for finding in run_checks(settings)}
    assert found["disk"].failed
    assert "reports" in found["disk"].found
    assert list(found) == WITHOUT_A_GATEWAY


@pytest.mark.parametrize(
    ("written", "verdict", "words"),
    [
        (None, "FAIL", "it is no such file"),
        ("", "FAIL", "names no stock"),
        ("ISIN\nUS0378331005\nUS0378331006\n", "warn", "1 entry in list.txt; 1 line cannot"),
        ("AAPL\nMSFT\n", "ok", "2 entries in list.txt"),
    ],
)
def test_a_watch_list_that_a_run_cannot_read_is_a_failure(tmp_path, written, verdict, words):
    path = tmp_path / "list.txt"
    if written is not None:
        path.write_text(written)
    paper = {"mode": "paper", "gateway": {"port": closed_port()}}
    settings = settings_for(tmp_path, **paper, universe={"watchlist_file": path})
    found = {finding.what: finding for finding in run_checks(settings)}["watch-list"]
    assert found.verdict == verdict
    assert words in found.found


def test_a_world_that_does_not_start_is_a_failure_with_its_reason(tmp_path):
    settings = settings_for(tmp_path, simulator={"symbols": 3, "bars": tmp_path / "none.parquet"})
    found = {finding.what: finding for finding in run_checks(settings)}
    assert found["environment"].failed
    assert "none.parquet" in found["environment"].found
