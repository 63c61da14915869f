"""Vendors that fail: their part of the score is unknown, said so, and asked for again."""

import shutil

import httpx
import pytest
from pydantic import SecretStr

from core.errors import StageFailed
from core.settings import SimulatorSettings
from core.tables import SCORES, UNIVERSE, read_table
from simulator.process import start
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.ingest.features import features
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.news import news
from tasks.ingest.universe import universe as chosen
from tasks.record.journal import journal
from tasks.record.notify import notify
from tests.fixtures.tiers import every
from tests.flows.days.days import DAY, resumed, run, settings_at, ticket_of, verify
from tests.flows.days.feed_server import a_server

FEEDS = ("/rss/markets.xml", "/rss/companies.xml")
RATIOS, MEMBERS = "/stable/ratios-ttm-bulk", "/stable/sp500-constituent"
DATED = f"<pubDate>{DAY:%a, %d %b %Y} 09:00:00 GMT</pubDate>"
EMPTY_FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>none</title></channel></rss>'


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    state = tmp_path_factory.mktemp("vendors")
    with start(SimulatorSettings(symbols=12), day=DAY, state=state) as process:
        yield process


@pytest.fixture
def settings(world, tmp_path):
    """Each vendor is asked once, so that each fault spoils one day and no other."""
    return settings_at(world, tmp_path / "home", vendors={"attempts": 1})


def spoil(world, *paths, kind):
    for path in paths:
        fault = {"path": path, "kind": kind}
        answer = httpx.post(f"{world.http_url}/vendors/fault", json=fault, trust_env=False)
        assert answer.json() == {"ok": True}


def change_vendors(settings, **changes):
    vendors = settings.vendors.model_copy(update=changes)
    return settings.model_copy(update={"vendors": vendors})


def scores_of(outcome):
    return read_table(outcome.day.store, outcome.records[signals].artefacts["scores"], SCORES)


def page_of(outcome):
    return (outcome.day.paths.home / outcome.records[journal].artefacts["page"].path).read_text()


@pytest.fixture(scope="module")
def without_ratios(world, tmp_path_factory):
    """A day of a vendor that answers 500."""
    home = tmp_path_factory.mktemp("ratios") / "home"
    spoil(world, RATIOS, kind="500")
    return run(settings_at(world, home, vendors={"attempts": 1}))


def test_a_vendor_that_answers_500_costs_its_block_of_the_score_and_not_the_day(without_ratios):
    outcome = without_ratios
    assert outcome.exit_code == 0
    assert "HTTP 500" in outcome.records[fundamentals].result.degraded
    assert scores_of(outcome)["fundamental"].isna().all()  # unknown, not neutral
    assert scores_of(outcome)["technical"].notna().any()
    assert "fundamentals source failed" in page_of(outcome)
    assert "HTTP 500" in page_of(outcome)


def test_a_vendor_that_works_again_is_part_of_the_rerun_as_if_it_had_never_failed(
    without_ratios, settings, undisturbed
):
    shutil.copytree(without_ratios.day.paths.home, settings.home, dirs_exist_ok=True)
    again = run(settings)
    assert resumed(again) == {"universe", "market", "news", "macro", "earnings"}
    for stage, name in ((features, "features"), (signals, "scores"), (overlay, "targets")):
        repeated, original = (
            outcome.records[stage].artefacts[name].sha256 for outcome in (again, undisturbed)
        )
        assert repeated == original
    assert ticket_of(again) == ticket_of(undisturbed)


def test_index_members_that_cannot_be_had_fail_the_day_before_anything_is_written(world, settings):
    spoil(world, MEMBERS, kind="500")
    with pytest.raises(StageFailed, match="HTTP 500") as failed:
        run(settings)
    assert failed.value.stage == "1 universe"
    assert "nothing was written yet" in str(failed.value)
    assert MEMBERS in str(failed.value)
    assert run(settings).exit_code == 0


@pytest.mark.parametrize("kind", every(3, ["empty", "malformed", "500"]))
def test_feeds_that_all_fail_leave_sentiment_unknown_and_the_day_goes_on(world, settings, kind):
    spoil(world, *FEEDS, kind=kind)
    outcome = run(settings)
    assert outcome.exit_code == 0
    assert outcome.records[news].result.degraded
    assert scores_of(outcome)["sentiment"].isna().all()
    assert "news source failed" in page_of(outcome)


def test_one_malformed_feed_costs_only_its_own_headlines_and_is_named(world, settings):
    spoil(world, FEEDS[0], kind="malformed")
    outcome = run(settings)
    assert outcome.records[news].rows_out > 0
    assert outcome.records[news].result.degraded is None
    assert "markets" in outcome.records[news].notes
    assert "unknown today: part of the news" in page_of(outcome)


def test_feeds_without_any_headline_are_an_answer_and_no_failure(settings):
    with a_server(EMPTY_FEED) as url:
        outcome = run(change_vendors(settings, news_urls=(url,)))
    assert outcome.exit_code == 0
    assert outcome.records[news].rows_out == 0
    assert outcome.records[news].result.degraded is None


def test_a_slack_that_fails_is_noted_and_the_day_stands(world, settings):
    messages = len(world.messages())
    spoil(world, "/slack", kind="500")
    outcome = run(settings)
    assert outcome.exit_code == 0
    assert outcome.records[notify].notes.startswith("NOT SENT: Slack refused")
    assert len(world.messages()) == messages
    assert verify(settings.home).entries == 1


def test_a_slack_that_is_not_there_is_noted_and_the_day_stands(settings):
    nowhere = SecretStr("http://127.0.0.1:9/slack/a-token-of-the-tests")
    outcome = run(change_vendors(settings, slack_webhook=nowhere))
    assert outcome.exit_code == 0
    assert outcome.records[notify].notes.startswith("NOT SENT: Slack did not take")
    assert "a-token-of-the-tests" not in outcome.records[notify].notes


@pytest.fixture(scope="module")
def papers(world, tmp_path_factory, undisturbed):
    """A day whose one feed is damaged, and names every company as newspapers do, in bad news."""
    universe = undisturbed.day.read(
        undisturbed.records[chosen].artefacts["universe"], UNIVERSE
    ).sort_values("symbol")
    companies = {s: n for s, n in zip(universe["symbol"], universe["name"], strict=True) if n != s}
    short = [name.split()[0] for name in companies.values()]
    told = [
        f"<title>{name}&rsquo;s lawyers & bankers: {name} files for bankruptcy" for name in short
    ]
    items = "".join(f"<item>{title} at <10 cents</title>{DATED}</item>" for title in told)
    content = f"<rss version='2.0'><channel>{items}</channel></rss><script>1</script>".encode()
    home = tmp_path_factory.mktemp("papers") / "home"
    with a_server(content) as url:
        outcome = run(change_vendors(settings_at(world, home), news_urls=(url,)))
    return outcome, set(companies)


def test_bad_news_in_a_damaged_feed_without_tickers_reaches_the_rule_that_sells(papers):
    outcome, symbols = papers
    found = outcome.records[overlay].result.findings
    assert {met.symbol for met in found if met.rule == "news"} == symbols
    assert len(symbols) >= 12
    bought = [o for o in outcome.records[risk_gate].result.orders if o.side.sign > 0]
    assert bought == []


def test_what_the_rule_saw_is_said_in_the_lines_of_the_stages_the_gate_and_the_page(papers):
    outcome, symbols = papers
    said = f"{len(symbols)} of {len(symbols)} headlines placed"
    assert outcome.records[news].notes.startswith(said)
    assert said in outcome.records[overlay].notes
    checks = {check.name: check for check in outcome.records[risk_gate].result.checks}
    assert checks["headlines not placed"].detail == said
    assert "headlines whose company is not known" in page_of(outcome)
