import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile

import httpx
import pytest
from ib_async import IB

from core.calendar import session
from core.errors import ConfigurationError, DaybookError, GatewayTimeout
from core.settings import SimulatorSettings
from simulator import process
from simulator.__main__ import main
from simulator.market.scenarios import open_market
from simulator.process import SimulatorProcess, start
from simulator.server import start_of_day
from tests.simulator.gateway_harness import buy, stock
from tests.simulator.tiny_market import FIRST, MONDAY, TinyMarket

pytestmark = pytest.mark.world

SMALL = SimulatorSettings(symbols=4, cash=250_000.0)
OPEN, CLOSE = session(MONDAY).open, session(MONDAY).close


@pytest.fixture
def cold_simulators(monkeypatch):
    """Start them cold; the fixture's value starts them warm from then on."""
    with monkeypatch.context() as patch:
        patch.setattr(process, "subprocess", subprocess)
        yield patch.undo


OPTIONS = [
    "--limits=ibkr", "--limit=snapshot_seconds=0.5", "--limit=history_seconds=0",
    "--limit=open_histories=none", "--accounts=2", "--master-client=9", "--most-of-volume=0.5",
    "--speed=18000",
]  # fmt: skip


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """A process with every option of the gateway, and its folder; its clock runs by itself."""
    folder = tmp_path_factory.mktemp("configured")
    script = {
        "seed": 3,
        "faults": [
            {"fault": "refuse", "code": 201, "message": 49, "times": 1},
            {
                "fault": "split",
                "symbol": open_market(SMALL).instruments[0].symbol,
                "ratio": 2,
                "at": OPEN.isoformat(),
            },
        ],
    }
    (folder / "script.json").write_text(json.dumps(script))
    files = [f"--faults={folder / 'script.json'}", f"--wire-log={folder / 'wire.jsonl'}"]
    with start(SMALL, day=MONDAY, state=folder, gateway=[*OPTIONS, *files]) as simulator:
        yield simulator, folder


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child whose parent was killed waits for nobody to collect it: that is as good as gone.
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def gone_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_day_in_a_process_of_its_own(cold_simulators, tmp_path):
    async def morning(simulator):
        ib = IB()
        await ib.connectAsync("127.0.0.1", simulator.tws_port, clientId=5, raiseSyncErrors=True)
        (found, *_) = await ib.reqMatchingSymbolsAsync("A")
        trade = ib.placeOrder(stock(found.contract.symbol), buy(10, orderRef="r"))
        await asyncio.to_thread(simulator.advance_to, OPEN)
        filled = asyncio.Event()
        trade.filledEvent += lambda _: filled.set()
        if not trade.isDone():
            await filled.wait()
        held = [(position.contract.symbol, position.position) for position in ib.positions()]
        ib.disconnect()
        return held

    with start(SMALL, day=MONDAY, state=tmp_path) as simulator:
        assert simulator.account.startswith("DU")
        assert simulator.started_at == session(MONDAY).decision_time
        assert simulator.messages() == []
        held = asyncio.run(asyncio.wait_for(morning(simulator), 20))
        assert len(held) == 1
        assert simulator.state()["executions"] == 1
        simulator.fault("whatif_silent")
        with pytest.raises(ConfigurationError, match="cannot go back"):
            simulator.advance_to(session(MONDAY).decision_time)
        first = simulator.account, simulator.world_id
    assert not is_alive(simulator.pid)
    cold_simulators()
    with start(SMALL, day=MONDAY, state=tmp_path) as again:
        assert (again.account, again.world_id) == first
        # As of this morning the order only waits; as of the close it has filled again.
        assert again.state()["orders"] == {"working": 1, "accepted": 1}
        assert again.advance_to(CLOSE)["positions"] == 1
        assert again.stop() == 0


PARENT = """
import sys, time
from datetime import date
from pathlib import Path
from core.settings import SimulatorSettings
from simulator.process import start

simulator = start(SimulatorSettings(symbols=4), day=date(2026, 6, 15), state=Path(sys.argv[1]))
print(simulator.pid, flush=True)
time.sleep(60)
"""


def test_the_child_ends_when_its_parent_dies(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    assert gone_within(child, 10)


def test_a_world_that_cannot_be_opened_says_why(cold_simulators, tmp_path):
    settings = SimulatorSettings(bars="/no/such/file.parquet")
    with pytest.raises(ConfigurationError, match=r"file\.parquet is no such file"):
        start(settings, day=MONDAY, state=tmp_path)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (FIRST, "has bars from 2026-03-02 to 2026-06-30"),
        (date(2001, 6, 15), "has bars from"),
        (date(2026, 7, 2), "at most one after the last"),
        (date(2026, 6, 14), "no session on Sunday 14 June 2026"),
    ],
)
def test_a_day_outside_the_market_is_refused(day, said):
    with pytest.raises(DaybookError, match=said):
        start_of_day(TinyMarket(), day)


def test_the_day_after_the_last_bar_can_still_be_decided_on():
    day = date(2026, 7, 1)
    assert start_of_day(TinyMarket(), day) == session(day).decision_time


def test_a_port_or_a_state_folder_in_use_is_named(configured, tmp_path):
    simulator, folder = configured
    port = simulator.tws_port
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
        start(SMALL, day=MONDAY, state=tmp_path, tws_port=port)
    script = f"--faults={folder / 'script.json'}"  # the same market, and so the same account
    with pytest.raises(ConfigurationError, match="another simulator is running"):
        start(SMALL, day=MONDAY, state=folder, gateway=[script, "--accounts=2"])


def test_a_child_that_does_not_get_ready_is_ended(cold_simulators, tmp_path):
    with pytest.raises(GatewayTimeout, match=r"not ready within 0\.01 s"):
        SimulatorProcess(["--symbols=4", f"--state={tmp_path}"], start_timeout=0.01)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cash=-5"], "--cash -5.0: must be above 0"),
        (["--session=tomorrow"], "--session: 'tomorrow' is not a date"),
        (["--no-such-option"], "unrecognized arguments"),
    ],
)
def test_a_wrong_command_line_is_refused_with_2(arguments, said):
    ended = subprocess.run(
        [sys.executable, "-m", "simulator", *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limits=tws"], "invalid choice: 'tws'"),
        (["--limit=lines=5"], "--limit lines: there is no such limit"),
        (["--limit=market_data_lines=0"], "--limit market_data_lines=0: must be at least 1"),
        (["--snapshot-delay=-1"], "--limit snapshot_seconds=-1.0: must be at least 0"),
        (["--faults=/no/such/script.json"], "cannot read the fault script"),
        (["--speed=-1"], "not a factor from 0"),
        (["--accounts=0"], "not a number from 1 to 50"),
        (["--most-of-volume=nan"], "not a fraction above 0"),
    ],
)
def test_a_wrong_option_of_the_gateway_is_refused_with_2(arguments, said, tmp_path, capsys):
    try:
        code = main([*arguments, f"--state={tmp_path}"])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_limits_faults_accounts_and_a_wire_log_are_given_on_the_command_line(configured):
    simulator, folder = configured

    async def look():
        ib = IB()
        errors = []
        ib.errorEvent += lambda number, code, *_: errors.append(code)
        await ib.connectAsync("127.0.0.1", simulator.tws_port, clientId=5)
        accounts = ib.managedAccounts()
        ib.client.reqCurrentTime()
        await asyncio.sleep(0.1)
        ib.disconnect()
        return accounts, errors

    accounts, errors = asyncio.run(asyncio.wait_for(look(), 20))
    limits = httpx.get(f"{simulator.http_url}/control/limits", trust_env=False).json()
    assert "scripted" in simulator.title
    assert len(accounts) == 2
    assert 201 in errors
    assert limits["messages_per_second"] == 50
    assert limits["open_histories"] is None
    assert limits["snapshot_seconds"] == 0.5
    lines = [json.loads(line) for line in (folder / "wire.jsonl").read_text().splitlines()]
    assert {line["way"] for line in lines} == {"in", "out"}
    assert ["71", "2", "5", ""] in [line["fields"] for line in lines]


def test_a_running_clock_plays_the_day_by_itself(configured):
    simulator, _ = configured
    assert simulator.started_at < OPEN
    deadline = time.monotonic() + 10
    while datetime.fromisoformat(simulator.state()["clock"]) < OPEN:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_banner_and_the_ready_line_cannot_be_mistaken(warm_simulators, tmp_path):
    with TemporaryFile() as errors:
        arguments = ["--symbols=4", f"--state={tmp_path}"]
        with warm_simulators.start(arguments, stderr=errors) as process:
            ready = process.stdout.readline().decode()
            os.kill(process.pid, signal.SIGINT)
            rest, _ = process.communicate(timeout=10)
        errors.seek(0)
        banner = errors.read().decode()
    assert process.returncode == 0
    assert '"account": "DU' in ready
    assert rest == ""
    assert "NOT a real account" in banner
