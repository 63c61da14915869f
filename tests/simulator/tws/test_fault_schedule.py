import pytest
from pydantic import ValidationError

from core.errors import ConfigurationError
from simulator.faults.request import FaultRequest
from simulator.faults.schedule import Faults
from simulator.tws.fault_script import FaultScript, random_script, read_script
from tests.simulator.tiny_market import BEFORE_OPEN, CLOSE, OPEN

TIME = 49


def fault(name, **options):
    return FaultRequest(fault=name, **options)


def triggered(faults, count, number=TIME, payload=b""):
    return [len(faults.on_request(number, payload)) for _ in range(count)]


# What triggers a fault


def test_a_fault_begins_with_the_nth_matching_request_and_ends_after_its_times():
    faults = Faults([fault("refuse", code=201, after=3, times=2)])
    assert triggered(faults, 7) == [0, 0, 1, 1, 0, 0, 0]
    assert faults.armed == []


def test_a_fault_of_a_symbol_hits_only_requests_that_name_it():
    faults = Faults([fault("refuse", code=201, symbol="ACME")])
    assert triggered(faults, 1, payload=b"3\0001\0000\0ACME\0STK\0") == [1]
    assert triggered(faults, 1, payload=b"3\0001\0000\0ACMEX\0STK\0") == [0]


def test_a_fault_with_a_moment_waits_for_it():
    now = BEFORE_OPEN
    faults = Faults([fault("refuse", code=201, at=OPEN)], now=lambda: now)
    assert triggered(faults, 2) == [0, 0]
    now = OPEN
    assert triggered(faults, 1) == [1]


def test_the_same_seed_hits_the_same_requests_and_another_seed_others():
    def pattern(seed):
        return triggered(Faults([fault("refuse", code=201, chance=0.5)], seed=seed), 40)

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert 5 < sum(pattern(1)) < 35


def test_a_certain_fault_beside_one_of_chance_does_not_change_when_that_triggered():
    chance = fault("refuse", code=201, chance=0.5)
    alone = Faults([chance], seed=3)
    beside = Faults([chance, fault("warn", code=399, times=4)], seed=3)
    for _ in range(20):
        struck = beside.on_request(TIME, b"")
        assert [f for f in struck if f.fault == "refuse"] == alone.on_request(TIME, b"")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fault": "drop", "after": 2, "answer": [3]}, "drop has no answer"),
        ({"fault": "swallow"}, "swallow needs answer"),
        ({"fault": "garbage", "kind": "soup", "after": 1}, "noise, short, truncated, huge"),
        ({"fault": "refuse"}, "refuse needs code"),
        ({"fault": "mute", "times": 2}, "mute has no times"),
        ({"fault": "drop"}, "drop needs after"),
    ],
)
def test_a_condition_that_would_be_ignored_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        FaultRequest.model_validate(wrong)


# Scripts


def test_a_script_is_read_from_a_file_and_everything_wrong_in_it_is_named(tmp_path):
    path = tmp_path / "script.json"
    path.write_text('{"seed": 3, "faults": [{"fault": "mute", "after": 4}]}')
    assert read_script(path) == FaultScript(seed=3, faults=(fault("mute", after=4),))
    path.write_text('{"seed": "x", "faults": [{"fault": "mutee"}, {"fault": "late"}]}')
    with pytest.raises(ConfigurationError) as error:
        read_script(path)
    assert "seed" in str(error.value)
    assert "faults.0.fault" in str(error.value)
    assert "late needs seconds" in str(error.value)
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_script(tmp_path / "absent.json")


def test_a_random_script_is_the_same_for_the_same_seed():
    span = {"start": BEFORE_OPEN, "end": CLOSE}
    one, same, other = (random_script(seed, faults=50, **span) for seed in (1, 1, 2))
    assert one == same != other
    assert all(BEFORE_OPEN <= entry.at <= CLOSE for entry in one.faults)
    assert FaultScript.model_validate_json(one.model_dump_json(exclude_unset=True)) == one
