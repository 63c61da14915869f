"""How many fields the market's frames have for the oldest and the newest client."""

import pytest

from simulator.market.benchmarks import INDEX
from tests.simulator.gateway_harness import run_scenario
from tests.simulator.tiny_market import ACME

BLANK = ("", "", "", 0.0, "", "", "SMART", "", "", "", "")
HELLO = {157: b"v100..157", 178: b"v157..178"}


async def started(harness, version):
    wire = await harness.raw(HELLO[version])
    assert (await wire.receive())[0] == str(version)
    wire.send(71, 2, 21, "")
    while (await wire.receive())[3:4] != ["2158"]:
        pass
    return wire


async def answers(wire, request, last):
    wire.send(*request)
    found = []
    while not found or found[-1][0] != last:
        found.append(await wire.receive())
    return found


def details(number, con_id, version):
    issuer = ("",) if version >= 176 else ()
    return (9, 8, number, con_id, *BLANK, 0, "", "", *issuer)


# With the pair of one security number.
@pytest.mark.parametrize(("version", "arity"), [(157, 41), (178, 42)])
def test_contract_details_have_the_fields_of_their_version(tmp_path, version, arity):
    async def scenario(harness):
        wire = await started(harness, version)
        first, end = await answers(wire, details(5, ACME, version), "52")
        assert len(first) == arity
        assert end == ["52", "1", "5"]
        # The version field came first and went with the sizes at the end.
        symbol = 3 if version < 164 else 2
        assert first[symbol : symbol + 2] == ["ACME", "STK"]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(("version", "per_row"), [(157, 6), (178, 8)])
def test_symbol_samples_have_the_fields_of_their_version(tmp_path, version, per_row):
    async def scenario(harness):
        wire = await started(harness, version)
        ((_, number, count, *rows),) = await answers(wire, (81, 3, "ACME"), "79")
        assert (number, count) == ("3", "1")
        assert len(rows) == per_row + 1  # one kind of derivative
        assert rows[:4] == [str(ACME), "ACME", "STK", "NASDAQ"]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("version", [157, 178])
def test_frames_without_a_version_have_one_arity_for_all(tmp_path, version):
    async def scenario(harness):
        wire = await started(harness, version)
        chain = await answers(wire, (78, 4, "ACME", "", "STK", ACME), "76")
        for row in chain[:-1]:
            expirations = int(row[6])
            strikes = int(row[7 + expirations])
            assert len(row) == 8 + expirations + strikes
        bars = (20, 6, ACME, *BLANK, 0, "", "1 hour", "2 D", 1, "TRADES", 1, 0, "")
        (history,) = await answers(wire, bars, "17")
        assert len(history) == 5 + 8 * int(history[4])
        scan = (22, 7, 5, "IND", "IND.US", "MOST_ACTIVE", *[""] * 17, "", "")
        assert (await answers(wire, scan, "4"))[-1][3] == "162"
        scan = (22, 7, 5, "IND.US", "IND.US", "MOST_ACTIVE", *[""] * 17, "", "")
        (rows,) = await answers(wire, scan, "20")
        assert len(rows) == 4 + 16 * int(rows[3])
        assert rows[5] == str(INDEX)
        depth = (10, 5, 8, ACME, *BLANK, 2, 1, "")
        wire.send(*depth)
        assert {len(await wire.receive()) for _ in range(4)} == {10}

    run_scenario(tmp_path, scenario)
