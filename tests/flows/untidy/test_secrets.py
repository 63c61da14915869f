"""Keys and tokens are used, and found nowhere afterwards."""

import json
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest

from core.settings import SimulatorSettings
from flows.daily import stage_markdown
from simulator.process import start
from tests.flows.days.days import DAY
from tests.flows.days.feed_server import a_server
from tests.tasks.all_stages import records_of

KEY, TOKEN, NEWS = "canary-key/5f1d2c", "canary-token-9b7e31", "canary-news-60b1c4"
SPELLINGS = (KEY, quote(KEY, safe=""), TOKEN, NEWS)
# A feed that links to itself, as most do, with the address it was asked at.
FEED = b"""<rss version="2.0"><channel><title>wire</title><link>http://127.0.0.1ASKED</link><item>
<title>Nothing happened</title><link>http://127.0.0.1ASKED</link></item></channel></rss>"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    state = tmp_path_factory.mktemp("secrets")
    with start(SimulatorSettings(symbols=12), day=DAY, state=state) as process:
        yield process


@pytest.fixture
def secretive(daybook, world):
    """Return a function that runs the command with the secrets set."""

    def typed(*arguments, slack=world.http_url, **variables):
        return daybook(
            *arguments,
            world=world,
            DAYBOOK_VENDORS__FUNDAMENTALS_KEY=KEY,
            DAYBOOK_VENDORS__SLACK_WEBHOOK=f"{slack}/slack/{TOKEN}",
            **variables,
        )

    return typed


def texts_under(home):
    """Yield what is in every file: its bytes, and of tables, which are compressed, each cell."""
    for path in sorted(home.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            yield path, str(pq.read_table(path).to_pydict())


def leaks(text):
    return [spelling for spelling in SPELLINGS if spelling in text]


def assert_kept(said, home):
    assert leaks(said.out) == leaks(said.err) == []
    found = {str(path): leaks(text) for path, text in texts_under(home) if leaks(text)}
    assert found == {}


def markdown_of(home):
    return "\n".join(stage_markdown(*each) for each in records_of(home).items())


def test_the_secrets_of_a_day_are_in_no_file_no_artifact_and_no_output_even_with_debug(
    secretive, tmp_path
):
    with a_server(FEED, echo=True) as feed:
        feeds = json.dumps([f"{feed}?token={NEWS}"])
        said = secretive("run", "--date", str(DAY), "--debug", DAYBOOK_VENDORS__NEWS_URLS=feeds)
    assert said.code == 0, said.err
    assert "sent to Slack" in said.out  # the token was used
    assert "DEBUG" in said.err  # there was something to leak into
    assert len([path for path, _ in texts_under(tmp_path)]) > 30
    assert_kept(said, tmp_path)
    assert f"GET {feed}: HTTP 200" in said.err
    markdown = markdown_of(tmp_path)  # what Prefect shows as artifacts
    assert "features" in markdown
    assert leaks(markdown) == []


def test_vendors_that_fail_do_not_give_the_secrets_away(secretive, world, tmp_path):
    for path, kind in (("/stable/ratios-ttm-bulk", "402"), ("/rss/markets.xml", "drop")):
        fault = {"path": path, "kind": kind, "times": 3}
        httpx.post(f"{world.http_url}/vendors/fault", json=fault, trust_env=False)
    said = secretive("run", "--date", str(DAY), "--debug", slack="http://127.0.0.1:9")
    assert said.code == 0, said.err
    assert "HTTP 402" in said.out
    assert "NOT SENT" in said.out
    assert_kept(said, tmp_path)


def test_a_wrong_setting_does_not_give_the_secrets_away(secretive, daybook, tmp_path):
    said = daybook(
        "run", "--debug",
        DAYBOOK_VENDORS__FUNDAMENTALS_KEY=KEY,
        DAYBOOK_VENDORS__SLACK_WEBHOOK=TOKEN,
        DAYBOOK_VENDORS__TIMEOUT="never",
        DAYBOOK_LIMITS__MAX_SINGLE="12",
    )  # fmt: skip
    assert said.code == 2
    assert "vendors.timeout" in said.err
    assert_kept(said, tmp_path)


def test_the_doctor_does_not_give_the_secrets_away(secretive, tmp_path):
    said = secretive("doctor", "--json")
    assert said.code == 0
    assert {"what": "slack", "verdict": "ok", "found": "a webhook is set"} in said.json
    assert_kept(said, tmp_path)
