"""A gateway that is absent, silent, gone, or without an answer for a symbol."""

import json
import socket
from contextlib import closing

import pytest

from core.errors import GatewayTimeout, GatewayUnreachable, StageFailed
from ibkr.wire.ports import USUAL_PORTS, open_ports
from tasks.ingest.features import features
from tasks.ingest.market import market
from tasks.ingest.universe import universe
from tasks.record.journal import journal
from tests.fixtures.tiers import every
from tests.flows.days.days import DAY, decided, paths_of, resumed, run, settings_at, ticket_of

HISTORY, POSITIONS = 20, 61  # TWS message numbers: historical bars, positions


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def unused_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def a_usual_port():
    """Listen on one of the ports IBKR's programs use; skips where all are taken already."""
    for port in USUAL_PORTS:
        with closing(socket.socket()) as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            listener.listen()
            yield port
            return
    pytest.skip("every usual API port is in use on this machine")


def test_an_absent_gateway_is_a_clear_error_that_says_what_to_start(daybook):
    if open_ports("127.0.0.1"):
        pytest.skip("something listens on a usual API port of this machine")
    port = unused_port()
    said = daybook("run", "--date", str(DAY), "--mode", "paper", DAYBOOK_GATEWAY__PORT=str(port))
    assert said.code == 1
    assert f"127.0.0.1:{port}" in said.err
    assert "none of the usual API ports" in said.err
    assert "start IB Gateway or TWS" in said.err


def test_an_absent_gateway_names_the_ports_it_found_open(daybook, a_usual_port):
    said = daybook(
        "run", "--date", str(DAY), "--mode", "paper", "--json",
        DAYBOOK_GATEWAY__PORT=str(unused_port()),
    )  # fmt: skip
    assert said.code == said.json["exit_code"] == 1
    assert f"{a_usual_port} ({USUAL_PORTS[a_usual_port]})" in said.json["error"]
    assert "gateway.port" in said.json["error"]


def test_a_paper_day_without_a_port_asks_the_usual_paper_port(daybook):
    if 4002 in open_ports("127.0.0.1"):
        pytest.skip("a paper gateway may be running on this machine; tests leave it alone")
    said = daybook("run", "--date", str(DAY), "--mode", "paper")
    assert said.code != 0
    assert "127.0.0.1:4002" in said.err


def test_a_gateway_that_never_answers_is_a_timeout(small, fault, home):
    fault("mute")
    settings = settings_at(small, home, gateway={"connect_timeout": 0.5})
    with pytest.raises(GatewayTimeout, match=r"no answer in 0\.5 s"):
        run(settings)
    assert not (paths_of(home).data / "positions").exists()


def test_a_gateway_that_falls_silent_is_a_timeout_and_never_an_account_without_positions(
    small, fault, home
):
    settings = settings_at(small, home, gateway={"connect_timeout": 0.5, "request_timeout": 2.0})
    with pytest.raises(StageFailed, match="no answer") as failed:
        run(settings, after={"1 features": lambda: fault("mute")})
    assert failed.value.stage == "3 snapshot"
    assert isinstance(failed.value.__cause__, GatewayTimeout)
    assert {"market", "features"} <= set(failed.value.kept)
    told = str(small.messages()[-1])
    assert "run failed" in told
    assert "run:failed:3 snapshot:GatewayTimeout" in told
    assert not (paths_of(home).data / "positions").exists()
    assert not (paths_of(home).data / "targets").exists()


@pytest.mark.parametrize(
    ("message", "after", "stage"),
    # In the middle of the bars; at the snapshot: the universe asks for positions first.
    every(2, [(HISTORY, 5, "1 market"), (POSITIONS, 2, "3 snapshot")]),
)
def test_a_dropped_gateway_fails_the_stage_keeps_what_was_there_and_a_rerun_resumes(
    small, fault, home, undisturbed, message, after, stage
):
    fault("drop", message=message, after=after)
    settings = settings_at(small, home)
    with pytest.raises(StageFailed) as failed:
        run(settings)
    assert failed.value.stage == stage
    assert isinstance(failed.value.__cause__, GatewayUnreachable)
    assert "universe" in failed.value.kept
    assert failed.value.resume in str(failed.value)

    outcome = run(settings)
    assert resumed(outcome) >= set(failed.value.kept) & {"universe", "features", "signals"}
    # Nothing that was missed while the line was down is missing from the day.
    assert decided(home) == decided(undisturbed.day.paths.home)


def test_an_unknown_symbol_is_left_out_with_the_gateways_reason_and_the_day_goes_on(
    small, home, some
):
    settings = settings_at(small, home, universe={"watchlist": ("NOSUCH", *some)})
    outcome = run(settings)
    assert outcome.exit_code == 0
    assert "200" in outcome.records[universe].result.refused["NOSUCH"]
    assert "NOSUCH" in outcome.records[universe].notes
    page = (home / outcome.records[journal].artefacts["page"].path).read_text()
    assert "NOSUCH" in page


def test_a_watchlist_as_tws_exports_it_is_read_and_its_odd_lines_are_told(small, home, some):
    lines = [f"DES,{some[0]},STK,SMART,,,,", f"SYM,{some[1]},SMART", "DES,XYZ,OPT,ISE,202607,75,C,"]
    path = home.parent / "tws.csv"
    path.write_text("\n".join(lines))
    settings = settings_at(small, home, universe={"watchlist_file": path, "include_movers": False})
    chosen = run(settings).records[universe].result
    assert chosen.refused == {"line 3 of tws.csv": "XYZ is of kind OPT, not a stock"}


def test_a_watchlist_of_unknown_symbols_only_is_an_error(small, home):
    universe = {"watchlist": ("NOSUCH", "NEITHER"), "include_movers": False}
    with pytest.raises(StageFailed, match="not one contract for 2 symbols") as failed:
        run(settings_at(small, home, universe=universe))
    assert "NOSUCH" in str(failed.value)
    assert "200" in str(failed.value)


@pytest.mark.parametrize(
    ("name", "why"), every(2, [("refuse_history", "162"), ("nan_bars", "nan")])
)
def test_a_symbol_without_usable_bars_is_left_out_with_the_reason(
    small, fault, home, some, name, why
):
    victim = some[0]
    fault(name, symbol=victim)
    outcome = run(settings_at(small, home, universe={"watchlist": some, "include_movers": False}))
    reason = outcome.records[market].result.no_bars[victim]
    assert why in reason.lower()
    assert victim in outcome.records[features].result.dropped
    assert victim not in json.dumps(ticket_of(outcome)["lines"])
    assert victim in (home / outcome.records[journal].artefacts["page"].path).read_text()


def test_a_universe_without_any_bars_is_an_error_and_keeps_the_universe(small, fault, home, some):
    few = some[:2]
    for symbol in few:
        fault("nan_bars", symbol=symbol)
    settings = settings_at(small, home, universe={"watchlist": few, "include_movers": False})
    with pytest.raises(StageFailed, match="not one complete daily bar") as failed:
        run(settings)
    assert failed.value.stage == "1 market"
    assert failed.value.kept == ("universe",)
    assert all(symbol in str(failed.value) for symbol in few)
