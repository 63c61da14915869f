"""Which session, which run: decided before the first stage."""

from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from core.calendar import session
from core.errors import ConfigurationError
from core.settings import LimitSettings, Mode, VendorSettings
from flows.run.day import no_session_line
from flows.run.preflight import bucharest_day, refuse_another_day, run_key
from tests.flows.days.days import settings_for

MONDAY, TUESDAY = date(2026, 6, 15), date(2026, 6, 16)


@pytest.fixture
def settings(tmp_path):
    return settings_for(tmp_path)


def test_the_day_of_a_run_is_the_day_in_bucharest():
    # 21:30 UTC in June is half past midnight of the next day in Bucharest.
    assert bucharest_day(datetime(2026, 6, 15, 20, 59, tzinfo=UTC)) == MONDAY
    assert bucharest_day(datetime(2026, 6, 15, 21, 30, tzinfo=UTC)) == TUESDAY


def test_a_gateway_of_another_day_is_refused_with_both_days_named():
    today = session(MONDAY)
    refuse_another_day(today, today.decision_time)
    with pytest.raises(ConfigurationError, match=r"2026-06-15 was asked.* says 2026-06-16"):
        refuse_another_day(today, session(TUESDAY).decision_time)


def test_the_same_session_account_settings_and_code_have_the_same_run_key(settings):
    first = run_key(settings, session(MONDAY), "DU1")
    assert run_key(settings, session(MONDAY), "DU1") == first
    assert first.startswith("2026-06-15-sim-")


@pytest.mark.parametrize(
    "changes",
    [{"limits": LimitSettings(max_single=0.11)}, {"mode": Mode.PAPER}, {"exchange": "XLON"}],
)
def test_settings_that_decide_change_the_run_key(settings, changes):
    changed = settings.model_copy(update=changes)
    assert run_key(changed, session(MONDAY), "DU1") != run_key(settings, session(MONDAY), "DU1")


def test_another_account_or_session_changes_the_run_key(settings):
    keys = {
        run_key(settings, session(day), account)
        for day in (MONDAY, TUESDAY)
        for account in ("DU1", "DU2")
    }
    assert len(keys) == 4


def test_addresses_and_secrets_do_not_change_the_run_key(settings, tmp_path):
    vendors = VendorSettings(
        fundamentals_url="https://elsewhere.example/stable",
        fundamentals_key=SecretStr("anotherkey"),
    )
    moved = settings.model_copy(update={"vendors": vendors, "home": tmp_path / "elsewhere"})
    assert run_key(moved, session(MONDAY), "DU1") == run_key(settings, session(MONDAY), "DU1")


def test_a_day_without_a_session_is_said_in_one_line_with_the_next_one():
    line = no_session_line(date(2026, 7, 3), "XNYS")
    assert line == (
        "XNYS has no session on Friday 03 July 2026; nothing to do. The next one is Monday 06 July."
    )
