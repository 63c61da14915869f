"""A halted share, a bad headline and an earnings date: none is opened, and each has its reason."""

from datetime import date, datetime, timedelta

import httpx
import pytest

from core.calendar import local_moment
from core.settings import SimulatorSettings
from core.tables import TARGETS, read_table
from optimiser.overlay.rules_file import read_rules
from simulator.process import start
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.ingest.earnings import earnings
from tasks.record.journal import journal
from tests.flows.days.days import run, settings_at, ticket_of, typing_at, verify
from tests.flows.days.feed_server import a_server

THURSDAY = date(2026, 5, 21)
# What the twelve symbols of this world would do on that day, were it not for the rules.
HALTED, IN_THE_NEWS, REPORTS_TODAY, REPORTS_TOMORROW = "JDRPD", "LBNCS", "CRVPS", "LPVBD"
CALENDAR = "/stable/earnings-calendar"
STORY = f"${IN_THE_NEWS} gains on record profit after complete response letter"
FEED = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>wire</title><item>
<title>{STORY}</title><link>http://127.0.0.1/1</link><guid>1</guid>
<pubDate>Thu, 21 May 2026 09:00:00 GMT</pubDate></item></channel></rss>""".encode()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    state = tmp_path_factory.mktemp("overlay")
    with start(SimulatorSettings(symbols=12), day=THURSDAY, state=state) as process:
        yield process


@pytest.fixture(scope="module")
def without_a_calendar(world, tmp_path_factory):
    """The day with no news and no halt, and a vendor whose earnings calendar is down."""
    fault = {"path": CALENDAR, "kind": "500"}
    assert httpx.post(f"{world.http_url}/vendors/fault", json=fault, trust_env=False).is_success
    home = tmp_path_factory.mktemp("unknown") / "home"
    return run(settings_at(world, home, vendors={"attempts": 1}), THURSDAY)


@pytest.fixture(scope="module")
def overridden(world, tmp_path_factory):
    """The day with a halt, a bad headline and the calendar."""
    home = tmp_path_factory.mktemp("overridden") / "home"
    world.fault("quotes", symbol=HALTED, kind="halted")
    with a_server(FEED) as url:
        settings = settings_at(world, home)
        vendors = settings.vendors.model_copy(
            update={"news_urls": (*settings.vendors.news_urls, url)}
        )
        outcome = run(settings.model_copy(update={"vendors": vendors}), THURSDAY)
    world.fault("quotes", symbol=HALTED, kind="halted", on=False)
    return outcome


def ordered(outcome):
    return {line["order"]["symbol"] for line in ticket_of(outcome)["lines"]}


def test_without_the_rules_all_of_them_would_have_been_opened(without_a_calendar):
    expected = {HALTED, IN_THE_NEWS, REPORTS_TODAY, REPORTS_TOMORROW}
    assert expected <= ordered(without_a_calendar)


def test_none_of_them_is_opened(overridden):
    assert overridden.exit_code == 0
    assert not ordered(overridden) & {HALTED, IN_THE_NEWS, REPORTS_TODAY, REPORTS_TOMORROW}
    assert set(overridden.records[overlay].result.overrides) == {
        HALTED, IN_THE_NEWS, REPORTS_TODAY, REPORTS_TOMORROW,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "rule", "evidence"),
    [
        (HALTED, "halt", "trading is halted, so the position stays as it is"),
        (IN_THE_NEWS, "news", f'FDA refusal: "{STORY}"'),
        (REPORTS_TODAY, "earnings", "earnings today"),
        (REPORTS_TOMORROW, "earnings", "earnings in 1 session"),
    ],
)
def test_why_tells_the_reason(overridden, tmp_path, symbol, rule, evidence):
    home = str(overridden.day.paths.home)
    with typing_at(tmp_path) as daybook:
        asked = ("why", symbol, "--date", str(THURSDAY))
        story = daybook(*asked, "--json", DAYBOOK_HOME=home).json
        told = daybook(*asked, DAYBOOK_HOME=home).out
    found = next(f for f in story["rules_met"] if f["rule"] == rule)
    assert found["evidence"] == evidence
    assert (found["after"], story["weight"]) == (0.0, 0.0)
    assert found["before"] == story["weight_optimal"] != 0.0
    assert evidence in told
    for headline in story["headlines"][-5:]:  # programs read UTC, people the time here
        published = datetime.fromisoformat(headline["published"])
        assert published.utcoffset() == timedelta(0)
        assert f"headline      {local_moment(published)}" in told
    assert story["order"] is None


def test_the_rules_that_were_in_force_are_sealed_by_their_hash(overridden):
    rules = overridden.records[overlay].result.rules
    assert rules.sha256 == read_rules().sha256
    assert verify(overridden.day.paths.home).entries == 1


def test_what_the_gate_judged_is_what_the_overlay_left(overridden):
    day, records = overridden.day, overridden.records
    table = read_table(day.store, records[overlay].artefacts["targets"], TARGETS)
    left = {i: w for i, w in zip(table["con_id"], table["weight"], strict=True) if w}
    judged = {i: w for i, w in records[risk_gate].result.weights.items() if w}
    assert set(judged) <= set(left)
    spared = records[overlay].result.turnover
    assert spared.overlaid < spared.optimal
    assert records[overlay].result.newly_broken == ()


def test_a_calendar_that_is_down_is_said_to_be_unknown_and_the_day_goes_on(
    without_a_calendar, tmp_path
):
    records = without_a_calendar.records
    assert without_a_calendar.exit_code == 0
    assert "HTTP 500" in records[earnings].result.degraded
    assert "earnings calendar unavailable" in records[overlay].notes
    home = without_a_calendar.day.paths.home
    page = (home / records[journal].artefacts["page"].path).read_text()
    assert "earnings calendar failed" in page
    with typing_at(tmp_path) as daybook:
        told = daybook("why", REPORTS_TODAY, "--date", str(THURSDAY), DAYBOOK_HOME=str(home)).out
    assert "earnings calendar unavailable" in told
