"""Every figure that is shown is the gate's, of the orders that would be sent; on every exit."""

import html
import json
import re

import pytest

import journal
from core.canonical import plain
from flows.commands.day import summary
from flows.daily import stage_markdown
from review.text import MINUS, number, percent
from tasks.decide.risk_gate import risk_gate
from tasks.record.day_page import day_page
from tasks.record.journal import journal as journal_stage
from tests.flows.days.days import DAY, environment_at, paths_of, typing_at

VAR, CVAR = ("historical VaR 95", "parametric VaR 95"), ("historical CVaR 95", "parametric CVaR 95")
HALF_DAY = "2026-11-27"
LOT_LIMIT = "0.0005"  # of net asset value: a twentieth of the cheapest even lot


def shown(checks):
    """Write a gate's checks as people are shown its figures; worked out apart from the code."""
    value = {check["name"]: check["value"] for check in checks}
    passed = sum(check["passed"] for check in checks)

    def worse(names):
        name = max(names, key=lambda each: value[each])
        return f"{100 * value[name]:.2f} % ({name.split()[0]})"

    return {
        "gross": f"{value['gross']:.2f}",
        "net": "0.00" if abs(value["net"]) < 0.005 else f"{value['net']:+.2f}".replace("-", MINUS),
        "cash": f"{100 * (1 - value['invested']):.1f} %",
        "turnover": f"{100 * value['turnover']:.1f} %",
        "VaR": worse(VAR),
        "CVaR": worse(CVAR),
        "checks": f"{passed} of {len(checks)} checks passed",
    }


def in_line(text):
    """Read the figures from the one line of a terminal or a message."""
    found = re.search(
        r"gross (?:\S+ → )?(?P<gross>\S+)(?: \(max \S+\))? · net (?P<net>\S+) · "
        r"VaR95 (?P<VaR>[\d.]+ % \(\w+\)) · "
        r"CVaR95 (?P<CVaR>[\d.]+ % \(\w+\)) · "
        r"cash without short proceeds (?P<cash>[\d.]+ %)(?: \(min [\d.]+ %\))? · "
        r"turnover (?P<turnover>[\d,.]+ %) · (?P<checks>\d+ of \d+ checks passed)",
        text,
    )
    return found.groupdict()


def tiles(page):
    """Read the tiles of a page, and how many checks it says have passed."""
    text = html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(dt|dd|h2)>", "\n", page)))

    def after(name):
        return text.split(f"\n{name}\n" if f"\n{name}\n" in text else name, 1)[1].split("\n")[0]

    return {
        "gross": after("Gross exposure").split("→")[1].split()[0],
        "net": after("Net exposure, long minus short"),
        "cash": after("Cash after, short proceeds not counted").split(" min")[0].strip(),
        "turnover": after("Turnover"),
        "VaR": after("VaR 95 %, 1 day"),
        "CVaR": after("CVaR 95 %, 1 day"),
        "checks": re.search(r"Limits(\d+ of \d+ checks passed)", text)[1],
    }


def of_facts(facts):
    """Write the figures of a journal entry or of the command's JSON."""

    def risk(name):
        return f"{percent(facts[name], 2)} ({facts[f'{name}_method']})"

    return {
        "gross": number(facts["gross"]),
        "net": number(facts["net"], signed=True),
        "cash": percent(facts["cash_without_short_proceeds"]),
        "turnover": percent(facts["turnover"]),
        "VaR": risk("value_at_risk"),
        "CVaR": risk("expected_shortfall"),
        "checks": f"{facts['checks_passed']} of {facts['checks']} checks passed",
    }


def said_in_slack(world):
    return world.messages()[-1]["message"]["blocks"][1]["text"]["text"]


def test_what_the_command_prints_draws_and_seals_are_the_gates_figures(first_day):
    home, said = first_day
    gate = json.loads(paths_of(home).record("gate", DAY).read_bytes())
    expected = shown(gate["checks"])
    assert in_line(said.out) == expected
    assert f"passed {len(gate['checks'])} of {len(gate['checks'])}" in said.out
    assert tiles(paths_of(home).page(DAY).read_text()) == expected
    entry = next(e for e in journal.entries(paths_of(home).journal) if e.entry.kind == "decision")
    assert of_facts(entry.entry.facts) == expected


def test_message_json_and_artifact_tell_the_same_figures(undisturbed, small):
    records = undisturbed.records
    expected = shown(plain(records[risk_gate].result.checks))
    head = records[journal_stage].result.head
    (message,) = (m["message"] for m in small.messages() if head in str(m))
    assert in_line(message["blocks"][1]["text"]["text"]) == expected
    assert expected["checks"] in str(message["blocks"][-1])
    page = day_page(undisturbed.day, records)
    assert of_facts(summary(undisturbed, page)["figures"]) == expected
    markdown = stage_markdown("6 risk gate", records[risk_gate])
    listed = re.findall(r"^- (passed|\*\*FAILED\*\*) ", markdown, re.MULTILINE)
    assert f"{len(listed)} of {len(listed)} checks passed" == expected["checks"]
    assert in_line(markdown) == expected


def test_a_sale_of_what_is_not_held_is_a_short_sale_on_every_exit(first_day, tmp_path):
    home, said = first_day
    ticket = json.loads(paths_of(home).ticket(DAY).read_bytes())
    sales = [line for line in ticket["lines"] if line["order"]["side"] == "SELL"]
    assert sales
    assert all(line["weight_before"] == 0.0 for line in sales)
    opened = percent(sum(-line["weight_after"] for line in sales))
    told = f"{len(sales)} of them short sales that open {opened} of net value"
    page = html.unescape(paths_of(home).page(DAY).read_text())
    assert told in said.out
    assert told in page
    with typing_at(home) as daybook:
        listed = daybook("orders", "--date", str(DAY)).out
    for line in sales:
        symbol, part = line["order"]["symbol"], percent(-line["weight_after"])
        assert re.search(rf"^  SELL SHORT   {re.escape(symbol)} ", listed, re.MULTILINE)
        assert (
            f'SELL SHORT <small>{part} of net value</small></td><th scope="row">{symbol}<' in page
        )
    assert listed.count("SELL ") == len(sales)
    assert "BUY TO COVER" not in listed


@pytest.fixture(scope="module")
def narrow(small_process, tmp_path_factory):
    """A half day whose single limit is narrower than any lot: home, output and message."""
    home = tmp_path_factory.mktemp("narrow")
    webhook = environment_at(small_process)["DAYBOOK_VENDORS__SLACK_WEBHOOK"]
    with typing_at(home) as daybook:
        said = daybook(
            "run", "--date", HALF_DAY,
            DAYBOOK_SIMULATOR__SYMBOLS="12", DAYBOOK_UNIVERSE__HISTORY="1 Y",
            DAYBOOK_OPTIMISER__CVAR_AVERSION="0", DAYBOOK_LIMITS__MAX_SINGLE=LOT_LIMIT,
            DAYBOOK_ORDERS__NO_TRADE_BAND="0", DAYBOOK_VENDORS__SLACK_WEBHOOK=webhook,
        )  # fmt: skip
    return home, said, said_in_slack(small_process)


def exits(narrow):
    home, said, message = narrow
    (page,) = paths_of(home).reports.rglob(f"*{HALF_DAY}*.html")
    return said.out, message, html.unescape(page.read_text())


def test_a_day_whose_orders_are_all_less_than_a_lot_says_so_with_numbers(narrow):
    assert narrow[1].code == 0
    for text in exits(narrow):
        assert "No orders today" in narrow[1].out
        assert "already at its target" not in text
        reason = re.search(
            r"The target changes (\d+) names by [\d.]+% of net asset value in all, and none makes "
            r"an order: .*less than a lot \(the largest change is ([\d.]+)%, the smallest lot "
            r"([\d.]+)% or [\d,]+; of \d+ one lot is more than limits.max_single allows, 0.05%",
            text,
        )
        assert reason
        names, largest, lot = map(float, reason.groups())
        assert names > 2
        assert largest <= 0.05 < lot


def test_an_early_close_is_said_by_run_page_and_message(narrow):
    for text in exits(narrow):
        assert "XNYS closes early today, 20:00 Bucharest / 18:00 UTC" in text
