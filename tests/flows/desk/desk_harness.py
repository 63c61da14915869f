"""A simulator that outlives the processes that use it, and a home folder they share."""

import contextlib
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import journal
from core.calendar import next_session, session
from core.errors import DaybookError
from core.settings import SimulatorSettings, load_settings
from core.storage.artefacts import write_atomically
from core.storage.paths import Paths
from core.types import Contract, Increments, Order, OrderType, Side
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Ticket, TicketLine, TicketStatus
from desk.tickets.registration import register
from desk.tickets.ticket_store import Holding
from flows.run.day import run_session
from flows.run.environment import with_port, with_vendors
from flows.run.preflight import run_key
from flows.run.runner import Threads
from flows.run.steps import Silent
from ibkr.socket_gateway import open_socket
from risk.limit_price import marketable_limit
from simulator import process
from simulator.market.scenarios import open_market
from tests.fixtures.pace import hurried

ROOT = Path(__file__).resolve().parents[3]
MONDAY = session(date(2026, 6, 15))
WORLD = SimulatorSettings(symbols=15)
DAYBOOK = (sys.executable, "-c", "from flows.cli import main; main()")


class Town:
    """The simulator, and what a person or a program does in it."""

    def __init__(self, simulator, home):
        self.simulator, self.home = simulator, home
        self.session = MONDAY
        write_atomically(home / "daybook.toml", _settings_file(simulator).encode())
        self.settings = load_settings()
        self.market = open_market(WORLD)

    @property
    def store(self):
        return DeskStore.of(Paths.of(self.settings))

    # The day

    def run_day(self, *, watch=None, **changes):
        with closing(Threads()) as threads, hurried():
            return run_session(
                self.settings.model_copy(update=changes),
                self.session.day,
                start=threads,
                watch=watch or Silent(),
                resume="",
                progress=lambda *_: None,
            )

    def to_next_session(self):
        self.session = next_session(self.session.day)
        self.simulator.advance_to(self.session.decision_time)

    # The command line, in this process or in one of its own

    def daybook(self, *arguments):
        """Run a command in this process; return (exit code, what it printed or raised)."""
        from typer.testing import CliRunner

        from flows.cli import app

        with hurried():
            result = CliRunner().invoke(app, arguments)
        error = result.exception
        if isinstance(error, DaybookError):
            return error.exit_code, f"{type(error).__name__}: {error}"
        assert error is None or isinstance(error, SystemExit), repr(error)
        return result.exit_code, result.output

    def start(self, *arguments):
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [*DAYBOOK, *arguments],
            cwd=self.home,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def elsewhere(self, *arguments):
        """Run a command in a process of its own; return (exit code, output)."""
        with self.start(*arguments) as started:
            said = started.communicate(timeout=120)[0]
        return started.returncode, said

    # The exchange

    def at_exchange(self):
        """Return the names of our orders of this session that the exchange ever accepted."""
        folder = Paths.of(self.settings).world
        (ledger,) = folder.glob("*/ledger.jsonl")
        events = [json.loads(line) for line in ledger.read_text().splitlines()]
        return [
            event["terms"]["order_ref"]
            for event in events
            if event["event"] == "placed"
            and event["at"][:10] == self.session.day.isoformat()
            and event["terms"]["order_ref"].startswith("DB1:")
        ]

    def messages(self):
        return [json.dumps(m["message"], ensure_ascii=False) for m in self.simulator.messages()]

    # A ticket without a whole day

    def a_ticket(self, number=14, *, weight=0.01, offset=0.01):
        """Register a ticket of so many purchases at present prices; return its record."""
        with hurried(), open_socket(self.settings) as gateway:
            contracts = [
                Contract(i.con_id, i.symbol)
                for i in self.market.instruments
                if i.sec_type == "STK" and i.currency == "USD"
            ][:number]
            quotes = gateway.market.bulk_quote(contracts).quotes
            snapshot, now = gateway.portfolio.snapshot(), gateway.server_time()
            account = gateway.account
        capital = snapshot.net_asset_value
        lines = tuple(
            self._line(q, account, int(weight * capital / q.reference_price), offset)
            for q in quotes
        )
        ticket = Ticket(
            account=account,
            mode="sim",
            session=self.session.day,
            run_key=run_key(self.settings, self.session, account),
            status=TicketStatus.PROPOSED,
            decided_at=now,
            finish_line=self.session.finish_line,
            net_asset_value=capital,
            lines=lines,
        )
        path = Paths.of(self.settings).ticket(self.session.day)
        write_atomically(path, ticket.content())
        holdings = [
            Holding(p.con_id, p.symbol, p.quantity, p.market_price) for p in snapshot.positions
        ]
        with self.store as store:
            return register(
                store,
                ticket,
                path=path.relative_to(Paths.of(self.settings).home).as_posix(),
                holdings=holdings,
                world={},
                now=now,
            )

    def _line(self, quote, account, quantity, offset):
        price = quote.reference_price
        order = Order(
            con_id=quote.con_id,
            symbol=quote.symbol,
            side=Side.BUY,
            quantity=max(quantity, 1),
            order_type=OrderType.LIMIT,
            limit_price=_limit(price, offset),
            time_in_force="DAY",
            order_ref=order_ref(account, self.session.day, quote.con_id, Side.BUY),
        )
        return TicketLine(order, price, order.quantity * price, 0.0, 0.01, None, None, None, None)


@contextlib.contextmanager
def open_town(home):
    """Open a town whose home folder is this process's folder."""
    with (
        contextlib.chdir(home),
        process.start(
            WORLD, day=MONDAY.day, state=home / "data" / "sim" / "simulator"
        ) as simulator,
    ):
        yield Town(simulator, home)


def _limit(price, offset):
    side = Side.BUY if offset >= 0 else Side.SELL  # a sale's limit lies below: rests when bought
    return marketable_limit(price, side=side, offset=abs(offset), increments=Increments.flat(0.01))


def _settings_file(simulator):
    there = with_vendors(with_port(load_settings(), simulator.tws_port), simulator.http_url)
    vendors = there.vendors
    return "\n".join(
        [
            'mode = "sim"',
            "[gateway]",
            f"port = {simulator.tws_port}",
            "[simulator]",
            f"symbols = {WORLD.symbols}",
            "[optimiser]",
            "cvar_aversion = 0.0",  # of so few names the target would be empty on some days
            "[orders]",
            "acknowledge_timeout = 3.0",
            "[vendors]",
            f'fundamentals_url = "{vendors.fundamentals_url}"',
            f'fundamentals_key = "{vendors.fundamentals_key.get_secret_value()}"',
            f"news_urls = {json.dumps(list(vendors.news_urls))}",
            f'slack_webhook = "{vendors.slack_webhook.get_secret_value()}"',
            "",
        ]
    )


def kinds(town):
    sealed = journal.entries(Paths.of(town.settings).journal)
    return [each.entry.kind for each in sealed if each.entry.session == town.session.day]


class Reruns:
    """The day run again and again; what every exit said of it."""

    def __init__(self, town):
        self.town, self.paths = town, Paths.of(town.settings)

    def run(self, verdict, code, *options):
        """Run the day; return what it said as JSON, the page, and the messages it sent."""
        before = len(self.town.messages())
        found, said = self.town.daybook(
            "run", "--date", str(self.town.session.day), "--json", *options
        )
        told = json.loads(said)
        assert (told["verdict"], told["exit_code"], found) == (verdict, code, code), said
        page = (self.paths.home / told["artefacts"]["journal.page"]["path"]).read_text()
        sent = self.town.messages()[before:]
        for exit_ in (page, *sent):
            assert told["headline"] in exit_
        if not told["unchanged_since"]:
            assert len(sent) == 1
            facts = [e.entry.facts for e in journal.entries(self.paths.journal)][-1]
            assert (facts["verdict"], facts["headline"]) == (verdict, told["headline"])
        return told, page, sent

    def unchanged(self, verdict, code, *options):
        """Run the day again: nothing is drawn, sealed or sent."""
        before = sorted(self.paths.reports.glob("*.html")), kinds(self.town)
        told, _, sent = self.run(verdict, code, *options)
        assert (sorted(self.paths.reports.glob("*.html")), kinds(self.town)) == before
        assert sent == []
        assert told["unchanged_since"]
