from datetime import date, time

import pytest

from core.calendar import Calendar
from core.errors import ConfigurationError
from core.settings import fallback_settings, load_settings, setting_names


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_the_defaults_trade_nothing():
    settings = load_settings()
    assert settings.mode == "sim"
    assert settings.submit == "propose"


def test_command_line_beats_environment_beats_file_beats_default(tmp_path, monkeypatch):
    (tmp_path / "daybook.toml").write_text("[limits]\nmax_single = 0.05\nmax_gross = 1.0\n")
    monkeypatch.setenv("DAYBOOK_LIMITS__MAX_SINGLE", "0.06")
    settings = load_settings()
    assert (settings.limits.max_single, settings.limits.max_gross) == (0.06, 1.0)
    assert settings.limits.cash_buffer == 0.05
    assert load_settings(limits={"max_single": 0.07}).limits.max_single == 0.07


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DAYBOOK_LIMITS__MAX_SINGLE", "12", "Did you mean 0.12"),
        ("DAYBOOK_MODDE", "live", "did you mean DAYBOOK_MODE"),
        ("DAYBOOK_LIMITS__MAX_SINGEL", "0.1", "did you mean"),
        ("DAYBOOK_LIMITS__MAX_GROSS", "nan", "limits.max_gross = nan"),
        ("DAYBOOK_MODE", "real", "mode = real"),
    ],
)
def test_a_wrong_setting_says_what_was_meant(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said):
        load_settings()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"gateway": {"market_data": []}}, "gateway.market_data = []: must name at least one"),
        ({"gateway": {"market_data": ["Live"]}}, "'delayed' or 'delayed-frozen'"),
        ({"universe": {"watchlist": ["US0378331006"]}}, ": US0378331006 looks like an ISIN"),
    ],
)
def test_a_wrong_list_is_explained_once_and_in_words(section, said):
    with pytest.raises(ConfigurationError) as raised:
        load_settings(**section)
    assert said in str(raised.value)
    assert "after validation" not in str(raised.value)


def test_a_wrong_value_names_where_it_came_from(monkeypatch):
    monkeypatch.setenv("DAYBOOK_LIMITS__MAX_SINGLE", "12")
    with pytest.raises(ConfigurationError, match="from DAYBOOK_LIMITS__MAX_SINGLE"):
        load_settings()


def test_an_unknown_name_in_the_file_is_an_error_with_the_nearest_known_one(tmp_path):
    (tmp_path / "daybook.toml").write_text("[limits]\nmax_singel = 0.1\n")
    with pytest.raises(ConfigurationError, match=r"limits\.max_singel.*did you mean limits"):
        load_settings()


def test_a_file_that_is_not_toml_is_a_clear_error(tmp_path):
    (tmp_path / "daybook.toml").write_text("mode = sim")
    with pytest.raises(ConfigurationError, match=r"daybook\.toml cannot be read"):
        load_settings()


def test_live_needs_two_switches():
    with pytest.raises(ConfigurationError, match="second switch"):
        load_settings(mode="live")
    assert load_settings(mode="live", live_confirmed=True).mode == "live"


def test_the_decision_hash_ignores_addresses_and_secrets_but_not_limits():
    plain = load_settings().decision_hash
    elsewhere = load_settings(
        gateway={"port": 4002}, vendors={"slack_webhook": "https://x.example"}
    )
    assert elsewhere.decision_hash == plain
    assert load_settings(limits={"max_gross": 1.1}).decision_hash != plain


def test_secrets_are_masked_however_the_settings_are_shown():
    settings = load_settings(vendors={"fundamentals_key": "canary-7f3a"})
    assert "canary-7f3a" not in repr(settings) + str(settings.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FUNDAMENTALS_KEY", "canary", "has 6 characters; a secret has at least 8"),
        ("SLACK_WEBHOOK", "canary", "has 6 characters"),
        ("NEWS_URLS", '["https://user:canary@vendor.example/feed"]', "holds a user or password"),
        ("NEWS_URLS", '["https://user:can/ary@vendor.example/feed"]', "cannot be read as https"),
        ("FUNDAMENTALS_URL", "https://canary@vendor.example", "holds a user or password"),
    ],
)
def test_a_secret_that_cannot_be_kept_is_refused_at_once_and_not_repeated(
    monkeypatch, name, value, said
):
    monkeypatch.setenv(f"DAYBOOK_VENDORS__{name}", value)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_settings()
    assert fallback_settings().mode == "sim"  # the failure can be told all the same
    shown = f"{caught.value} {caught.value.__cause__}"
    assert f"vendors.{name.lower()}" in shown
    assert "can" not in shown.replace("cannot", "")


def test_every_setting_is_known_by_its_dotted_name():
    assert {"mode", "limits.max_single", "gateway.port"} <= set(setting_names())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"closed": ["2025-01-09"]}, "calendar.closed: 2025-01-09 is no session of XNYS as it is"),
        ({"closed": ["2026-07-18"]}, "2026-07-18 is no session of XNYS"),
        ({"closed": ["2099-01-05"]}, "2099-01-05 is no session of XNYS"),
        ({"closed": ["9 January"]}, "must be a date, such as"),
        ({"closed": [1784505600]}, "must be a date, such as"),  # 2026-07-20 in seconds
        ({"closed": date(2026, 7, 20)}, 'must be a list: ["2026-07-20"]'),
        ({"early_closes": {"2026-07-18": "13:00"}}, "calendar.early_closes: 2026-07-18 is no"),
        (
            {"early_closes": {"2026-07-20": "16:00"}},
            "16:00 on 2026-07-20 is not within the",
        ),
        ({"early_closes": {"2026-07-20": "09:30"}}, "09:30 to 16:00 in its own time"),
        ({"early_closes": {"2026-07-20": "13:00Z"}}, "in the exchange's own time, without a zone"),
        (
            {"closed": ["2026-07-20"], "early_closes": {"2026-07-20": "13:00"}},
            "calendar.early_closes: 2026-07-20 is no session",
        ),
    ],
)
def test_a_single_day_of_the_calendar_has_to_be_a_session_of_the_exchange(given, said):
    with pytest.raises(ConfigurationError) as raised:
        load_settings(calendar=given)
    assert said in str(raised.value)


def test_single_days_of_the_calendar_are_read_from_file_and_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "daybook.toml").write_text(
        'exchange = "XLON"\n[calendar]\nclosed = ["2026-07-21"]\n'
        'early_closes = {"2026-07-22" = "12:30"}\n'
    )
    assert load_settings().sessions == Calendar(
        "XLON", frozenset({date(2026, 7, 21)}), ((date(2026, 7, 22), time(12, 30)),)
    )
    monkeypatch.setenv("DAYBOOK_CALENDAR__CLOSED", '["2026-07-23"]')
    assert load_settings().sessions.closed == {date(2026, 7, 23)}
    before = load_settings().decision_hash
    assert load_settings(calendar={"closed": ["2026-07-24"]}).decision_hash != before
