"""Odd inputs: each is one clear line that says what was given and what is accepted.

A row is a command as it is typed (`{loop}` and the like are paths that exist in no ordinary way),
what daybook.toml holds, the variables, and what the line must say. Nothing may be left behind.
"""

import json
import os
import shlex
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

BOM = b"\xef\xbb\xbf"
ORDERS = "orders"  # the cheapest command that reads the settings


def row(command, *told, toml=None, code=2, **variables):
    identity = " ".join([*(f"{name}={value}" for name, value in variables.items()), command])
    return pytest.param(command, toml, variables, code, told, id=f"{toml or ''}|{identity}"[:90])


USAGE = [
    row("run --date 30.11.2026", "30.11.2026", "write YYYY-MM-DD, such as 2026-11-30"),
    row("run --date yesterday", "'yesterday' is not a date", "2026-11-30"),
    row("run --date ''", "'' is not a date"),
    row("run --date 2026-13-40", "2026-13-40"),
    row("run --date 20261130T10", "20261130T10"),
    row("run --date 0001-01-01", "0001-01-01", "2015-01-01 to 2035-12-31"),
    row("why A --date 9999-12-31", "9999-12-31", "outside the exchange calendar"),
    row("run --mode x", "'x'", "'sim', 'paper', 'live'"),
    row("run --moed sim", "--moed; did you mean --mode?", "daybook run --help"),
    row("run extra", "extra", "daybook run --help"),
    row("run --bars", "--bars", "requires an argument"),
    row("rnu", "'rnu'. Did you mean 'run'?"),
    row("walk", "'walk'", "the commands are", "replay"),
    row("journal nope", "'nope'", "the commands are verify"),
    row("--nope", "No such option: --nope"),
    row("replay --mode paper", "No such option: --mode (see: daybook replay --help)"),
    row("replay --months 0", "0 must be at least 1"),
    row("replay --months 99999999999999999999", "99999999999999999999 must be at most 240"),
    row("replay --months=many", "--months", "whole number"),
    row("replay --from 2026-11-30 --to 2026-11-01", "2026-11-30 is after --to 2026-11-01"),
    row("replay --from 2026-11-29 --to 2026-11-29", "no session from 2026-11-29 to 2026-11-29"),
    row("replay --to 2035-06-01", "--to 2035-06-01 is after the last bar"),
    row("why", "Missing argument", "daybook why --help"),
    row("why ' '", "' ' is not a symbol", "daybook why AAPL", "daybook why --help"),
    row("approve --only ''", "'--only': ''", "AAPL,MSFT", "daybook approve --help"),
    row("approve --only AAPL,,", "'--only': 'AAPL,,'"),
    row("approve ''", "''", "2026-06-15", "6 digits"),
    row("approve zz", "'zz' names no ticket"),
    row("approve 2026-99-99", "2026-99-99 is not a date"),
    row("execute 30.11.2026", "30.11.2026", "2026-06-15"),
    row("reject", "Missing option '--reason'"),
    row("reject --reason ' '", "'--reason': ' ' is empty", "daybook reject --help"),
    row("resume", "Missing option '--by'"),
    row("serve rest --port 70000", "70000 must be at most 65535"),
    row("serve mcp --port=-1", "-1 must be at least 0"),
    row("serve mcp --port ninety", "--port", "whole number"),
    row("serve rest", "agent.token is not set"),
    row("tools call", "Missing argument"),
    row("tools call nope", "no tool 'nope'", "daybook tools list"),
    row("tools call histroy", "did you mean history?"),
    row("tools call place_order", "'place_order' is not allowed here: agent.allow = read"),
    row("tools call history days=abc", "symbols is missing", "there is no argument days", "end"),
    row("tools call history symbol=A", "no argument symbol; did you mean symbols?"),
    row("tools call positions foo", "'foo' is not key=value"),
    row("tools call positions =3", "'=3' is not key=value"),
    row("simulator --port 99999", "--port: 99999", "1 to 65535, or 0"),
    row("simulator --http-port x", "--http-port: 'x'", "whole number"),
    row("simulator --session foo", "--session: 'foo'", "2026-06-15"),
    row("simulator --symbols x", "--symbols: 'x'"),
    row("simulator --symbols -4", "--symbols -4", "at least 3"),
    row("simulator --cash nan", "--cash nan", "finite"),
    row("simulator --speed x", "--speed: 'x'"),
    row("simulator --limit lines", "--limit lines is not NAME=VALUE"),
    row("simulator --limit lines=5", "no such limit", "market_data_lines"),
    row("simulator --faults {fifo}", "{fifo}", "named pipe"),
    row("simulator --nonsense", "--nonsense"),
]
SETTINGS = [
    row(ORDERS, "line 1", "mode = sim", 'quotes: mode = "sim"', toml="mode = sim"),
    row(ORDERS, "line 2", "max_single = 0.12", toml="[limits]\nmax_single = 12%"),
    row(ORDERS, "max_single = 0.12", toml="[limits]\nmax_single = 0,12"),
    row(ORDERS, "2026-11-30", toml="[limits]\naccount_since = 30.11.2026"),
    row(ORDERS, "given twice", toml='mode = "sim"\nmode = "sim"'),
    row(ORDERS, "name = value", toml="<mode>sim</mode>"),
    row(ORDERS, "byte order mark", toml=BOM + b'mode = "sim"'),
    row(ORDERS, "byte 10", "UTF-8", toml=b'mode = "s\xefm"'),
    row(ORDERS, "webhook = …", toml="[vendors]\nslack_webhook = top-secret"),
    row(ORDERS, "fundamentals_key = …", toml="[vendors]\nfundamentals_key = 8517"),
    row(ORDERS, "unknown setting limit; did you mean limits?", toml="[limit]\nmax_single = 0.1"),
    row(ORDERS, "limits = 3", "section", toml="limits = 3"),
    row(ORDERS, 'restricted = AAPL: must be a list: ["AAPL"]', toml='[limits]\nrestricted="AAPL"'),
    row(ORDERS, '"265598"', toml="[limits]\nrestricted = [265598]"),
    row(ORDERS, "restricted.0 = ..", "BRK B", toml='[limits]\nrestricted = [".."]'),
    row(ORDERS, "watchlist.1 = ''", toml='[universe]\nwatchlist = ["A", ""]'),
    row(ORDERS, "VOD@LSE:POUND", "VOD@LSE:GBP", toml='universe.watchlist = ["VOD@LSE:POUND"]'),
    row(ORDERS, "two years", '"2 Y"', toml='[universe]\nhistory = "two years"'),
    row(ORDERS, "quick", "'auto', 'fast', 'conic' or 'cvxpy'", toml='optimiser.engine = "quick"'),
    row(ORDERS, "GTC", "'DAY'", toml='[orders]\ntime_in_force = "GTC"'),
    row(ORDERS, "size_down = 2", "2 % is 0.02", toml="[orders]\nsize_down = 2"),
    row(ORDERS, "Did you mean 0.12?", toml="[limits]\nmax_single = 12"),
    row(ORDERS, "not true or false", toml="[limits]\nmax_single = true"),
    row(ORDERS, "max_orders = 2.5", "whole number", toml="[limits]\nmax_orders = 2.5"),
    row(ORDERS, "finite", toml="[limits]\nmax_single = nan"),
    row(ORDERS, "must differ", "order_client_id = 12", toml="[gateway]\nclient_id = 12"),
    row(ORDERS, "min_beta = 2 is above", toml="[limits]\nmin_beta = 2\nmax_beta = 1"),
    row(ORDERS, "gateway.host = ''", toml='[gateway]\nhost = ""'),
    row(ORDERS, "at most 1e+12", toml="[simulator]\ncash = 1e308"),
    row(ORDERS, "home = 3", "path in quotes", toml="home = 3"),
    row(ORDERS, "'sim', 'paper' or 'live'", DAYBOOK_MODE=""),
    row(ORDERS, "' '", "must be a number", DAYBOOK_LIMITS__MAX_SINGLE=" "),
    row(ORDERS, "DAYBOOK_LIMITS__RESTRICTED = A,B", '["A", "B"]', DAYBOOK_LIMITS__RESTRICTED="A,B"),
    row(ORDERS, "DAYBOOK_LIMITS = {", "JSON object", DAYBOOK_LIMITS='{"max_single": 0.1'),
    row(ORDERS, "DAYBOOK_VENDORS = …", DAYBOOK_VENDORS="{8517"),
    row(ORDERS, "NEWS_URLS = …", "JSON", DAYBOOK_VENDORS__NEWS_URLS="https://8517.example"),
    row(ORDERS, "news_urls.0", "https://host/path", toml='[vendors]\nnews_urls = ["8517"]'),
    row(ORDERS, "no such folder", DAYBOOK_HOME="{nowhere}"),
    row(ORDERS, "is empty", "/srv/daybook", DAYBOOK_HOME=""),
    row("journal verify", "loop of symbolic links", DAYBOOK_HOME="{loop}"),
    row(ORDERS, "a named pipe, not a folder", DAYBOOK_HOME="{fifo}"),
    row(ORDERS, "a file, not a folder", DAYBOOK_HOME="{text}"),
    row(ORDERS, "exchange = LONDON", "XLON", toml='exchange = "LONDON"'),
]
FILES = [
    row("run --bars {loop}", "{loop} is a loop of symbolic links"),
    row("run --bars {fifo}", "{fifo} is a named pipe"),
    row("run --bars {folder}", "{folder} is a folder, not a file"),
    row("run --bars ''", "--bars . is a folder"),
    row("replay --bars {nowhere}", "{nowhere} is no such file"),
    row("replay --bars {text}", "text is not a file of daily bars"),
    row("replay", "simulator.bars = {fifo} is a named pipe", DAYBOOK_SIMULATOR__BARS="{fifo}"),
    row("run --bars {text} --date 2026-06-15", "text is not a file of daily bars"),  # in the child
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    (root / "loop").symlink_to(root / "loop")
    (root / "folder").mkdir()
    (root / "text").write_text("no parquet")
    os.mkfifo(root / "fifo")
    return {name: str(root / name) for name in ("loop", "folder", "text", "fifo", "nowhere")}


def filled(text, places):
    for name, path in places.items():
        text = text.replace(f"{{{name}}}", path)
    return text


@pytest.mark.parametrize(("typed", "toml", "variables", "code", "told"), USAGE + SETTINGS + FILES)
def test_an_odd_input_is_one_line_that_says_what_was_given_and_what_is_accepted(
    daybook, places, tmp_path, typed, toml, variables, code, told
):
    if toml is not None:
        content = toml if isinstance(toml, bytes) else toml.encode()
        (tmp_path / "daybook.toml").write_bytes(content)
    values = {name: filled(value, places) for name, value in variables.items()}
    said = daybook(*shlex.split(filled(typed, places)), **values)
    assert said.code == code
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    for part in told:
        assert filled(part, places) in said.err
    for odd in ("defect", "Traceback", "Input should", "Value error", "top-secret", "8517"):
        assert odd not in said.err
    # A call of a tool leaves its line in the audit trail, a day that began how it ended.
    left = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    for path in [path for path in left if path.name != "daybook.toml"]:
        if "attempts" in path.parts:
            attempt = json.loads((tmp_path / path).read_bytes())
            assert (attempt["command"], attempt["end"]) == ("run", "failed")
            assert all(filled(part, places) in attempt["alert"]["what"] for part in told)
        else:
            assert "audit" in path.parts


@pytest.mark.parametrize("odd", ["folder", "fifo", "loop", "nowhere"])
def test_a_settings_file_that_is_no_file_is_never_silently_the_defaults(
    daybook, places, tmp_path, odd
):
    (tmp_path / "daybook.toml").symlink_to(places[odd])
    said = daybook(ORDERS)
    assert said.code == 2
    assert "daybook.toml cannot be read: it is " in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("words", ["", "tools", "serve", "journal", "mcp"])
def test_a_bare_command_prints_its_help_and_succeeds(daybook, tmp_path, words):
    said = daybook(*words.split())
    assert (said.code, said.err) == (0, "")
    assert f"Usage: daybook {words}".strip() in said.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["", "run", "tools call", "serve mcp", "journal verify"])
def test_every_command_takes_h_as_well_as_help(daybook, words):
    short, long = daybook(*words.split(), "-h"), daybook(*words.split(), "--help")
    assert short == long
    assert short.code == 0
    assert "Usage" in short.out


def test_the_version_is_the_packages_own(daybook):
    from importlib.metadata import version

    assert daybook("--version").out == f"daybook {version('daybook')}\n"


def test_the_shell_is_offered_completion_and_is_told_the_commands(daybook):
    # Typer looks for a shell among the parent processes; where tests run there may be none.
    told = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = daybook("--show-completion", "bash", **told)
    assert script.code == 0
    assert "_DAYBOOK_COMPLETE=complete_bash" in script.out
    asked = {"_DAYBOOK_COMPLETE": "complete_bash", "COMP_WORDS": "daybook re", "COMP_CWORD": "1"}
    offered = daybook(**asked).out.split()
    assert {"reject", "replay", "resume"} <= set(offered)
    assert all(name.startswith("re") for name in offered)


def test_asking_for_the_orders_of_a_day_without_a_ticket_proposes_to_run_that_day(daybook):
    said = daybook("orders", "--date", "2026-06-12")
    assert said.out == (
        "no ticket of 2026-06-12; the newest of all days: daybook orders; "
        "to make one: daybook run --date 2026-06-12\n"
    )


class Deaf(BaseHTTPRequestHandler):
    """A web server: it waits for the end of a line that a gateway's client never sends."""

    def log_message(self, *_):
        pass


@contextmanager
def web_server():
    with HTTPServer(("127.0.0.1", 0), Deaf) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def hasty_web_server():
    """One that refuses at once, without waiting for a whole request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            line, _ = listener.accept()
            with line:
                line.recv(64)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("server", [web_server, hasty_web_server])
def test_a_web_server_on_the_gateways_port_is_called_one(daybook, server):
    with server() as port:
        said = daybook(
            "run", "--mode", "paper",
            DAYBOOK_GATEWAY__PORT=str(port), DAYBOOK_GATEWAY__CONNECT_TIMEOUT="0.4",
        )  # fmt: skip
    assert said.code == 1
    assert f"127.0.0.1:{port} is a web server (it answers HTTP)" in said.err
    assert "4002" in said.err
