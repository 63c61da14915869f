"""One day in which everybody else's words are hostile, seen at every exit."""

import json
import re
from types import SimpleNamespace

import pytest

from core.settings import SimulatorSettings
from core.text.untrusted import lines
from flows.daily import stage_markdown
from simulator.market.scenarios import open_market
from simulator.process import start
from tests.flows.days.days import DAY, ticket_of, typing_at
from tests.flows.days.feed_server import a_server
from tests.flows.days.rewriting import a_rewriting_wire
from tests.tasks.all_stages import records_of

pytestmark = pytest.mark.slow

# Clears a screen, names a window, turns a line around, hides a letter, links, pings: harmless here.
HOSTILE = (
    "MARK\x1b[2J\x1b]0;MARK\x07\x9b2J\u202e\u2066\u200b\u3164\u2028"
    "<b>MARK</b> [MARK](http://127.0.0.1:9/) <!channel>"
)
APPROVER = "MARK <!channel> *x*"  # nobody is called anything with control characters
# In a feed, without what XML forbids; as IBKR escapes a company's name, in its own length.
STORY = HOSTILE.replace("\x1b", "").replace("\x07", "").replace("<", "&lt;")
ESCAPED_NAME = rb"\x1b[2J\u202e\ud800MARK"
OWN_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def a_feed(symbol):
    return f"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>w</title>
<item><title>${symbol} {STORY}</title><link>http://127.0.0.1/1</link><guid>1</guid>
<pubDate>Mon, 15 Jun 2026 09:00:00 GMT</pubDate></item></channel></rss>""".encode()


@pytest.fixture(scope="module")
def day(undisturbed, tmp_path_factory):
    """What every command said about a day in which a name, a headline, ... are hostile."""
    refused, named = [line["order"]["symbol"] for line in ticket_of(undisturbed)["lines"][:2]]
    market = open_market(SimulatorSettings(symbols=12)).instruments
    name = next(i.name for i in market if i.symbol == named).encode()
    words = {name: ESCAPED_NAME.ljust(len(name), b"K")}
    home = tmp_path_factory.mktemp("untrusted")
    state = tmp_path_factory.mktemp("untrusted-world")
    with (
        start(SimulatorSettings(symbols=12), day=DAY, state=state) as world,
        a_rewriting_wire(world.tws_port, words) as port,
        a_server(a_feed(named)) as feed,
        a_server(HOSTILE.encode(), status=410) as broken,
        typing_at(home) as daybook,
    ):
        world.fault("refuse", message=3, symbol=refused, code=201, text=HOSTILE)
        own = {
            "DAYBOOK_GATEWAY__PORT": str(port),
            "DAYBOOK_VENDORS__NEWS_URLS": json.dumps([feed, broken]),
        }
        said = {"run": daybook("run", "--date", str(DAY), "--debug", world=world, **own)}
        for symbol in (refused, named, HOSTILE, "\ud800"):
            said[f"why {symbol}"] = daybook("why", symbol)
            said[f"why {symbol} --json"] = daybook("why", symbol, "--json")
        world.fault("refuse", message=3, symbol=named, code=201, text=HOSTILE)
        said["approve as nobody"] = daybook("approve", "--by", HOSTILE, "--debug")
        said["approve"] = daybook("approve", "--by", APPROVER, "--only", named, "--debug")
        said["approve other"] = daybook("approve", "--only", HOSTILE)
        said["stop"] = daybook("stop", "--by", APPROVER, "--reason", HOSTILE)
        said["orders"] = daybook("orders")
        said["orders --json"] = daybook("orders", "--json")
        said["doctor"] = daybook("doctor")
        said["no tool"] = daybook("tools", "call", HOSTILE)
        said["tool"] = daybook("tools", "call", "why", f"symbol={named}")
        said["journal"] = daybook("tools", "call", "journal_entries")
        said["usage"] = daybook("run", HOSTILE)
        said["why in colour"] = daybook("why", refused, FORCE_COLOR="1")
        said["orders in colour"] = daybook("orders")
        yield SimpleNamespace(
            said=said, home=home, refused=refused, named=named, slack=world.messages()
        )


def raw(text):
    """Return the characters of a text that nobody should be sent."""
    return sorted(set(text) - set(lines(text)))


def test_no_command_prints_a_strangers_control_character(day):
    found = {what: raw(OWN_STYLES.sub("", said.out + said.err)) for what, said in day.said.items()}
    assert {what: odd for what, odd in found.items() if odd} == {}


def test_what_was_hostile_did_arrive_at_the_exits(day):
    assert day.said["run"].code == 0, day.said["run"].err
    assert "MARK" in day.said[f"why {day.refused}"].out  # the broker's refusal
    assert "MARK" in day.said["why in colour"].out
    assert "\x1b[" in day.said["why in colour"].out  # rich's own styles
    assert f"${day.named} MARK" in day.said[f"why {day.named}"].out  # the headline
    assert "MARK" in day.said["orders"].out  # the approver, and the reason of the stop
    for what in ("approve as nobody", "approve", "approve other", "no tool", "tool", "usage"):
        said = day.said[what]
        assert "MARK" in said.out + said.err, what


def test_json_for_programs_reads_back_what_was_said(day):
    for what, said in day.said.items():
        if "--json" in what:
            assert json.loads(said.out) is not None
    assert day.said["orders --json"].json["switch"]["by"] == APPROVER


def test_no_report_holds_a_strangers_control_character_or_markup(day):
    files = [path for path in (day.home / "reports").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".json"}
    assert {path.name: raw(path.read_text()) for path in files if raw(path.read_text())} == {}
    pages = "".join(path.read_text() for path in files if path.suffix == ".html")
    assert "MARK" in pages
    assert "<b>MARK" not in pages


def strings_of(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from strings_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_of(each)
    elif isinstance(value, str):
        yield value


def test_slack_is_sent_nothing_that_pings_links_or_hides(day):
    said = [text for each in day.slack for text in strings_of(each["message"])]
    assert any("MARK" in text for text in said)
    assert [raw(text) for text in said if raw(text)] == []
    kinds = json.dumps([each["message"] for each in day.slack])
    assert '"mrkdwn"' not in kinds
    assert all("<!channel>" not in each["message"]["text"] for each in day.slack)


def test_prefect_is_shown_the_words_and_no_link_or_markup(day):
    markdown = "\n".join(stage_markdown(*each) for each in records_of(day.home).items())
    assert "MARK" in markdown
    assert raw(markdown) == []
    assert "<b>" not in re.sub(r"\\.", "", markdown)
    assert "](" not in re.sub(r"\\.", "", markdown)
