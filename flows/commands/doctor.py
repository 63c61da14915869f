"""``daybook doctor``: what works, what does not, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

import journal
from core import clock
from core.calendar import BUCHAREST, is_session, local_moment, next_session, session, unusual_hours
from core.errors import DaybookError, JournalError, StorageError
from core.settings import Settings
from core.storage.artefacts import write_atomically
from core.storage.paths import Paths
from core.storage.provenance import ROOT
from core.text.counts import count
from core.types import LIVE
from desk.clocks import Clocks, told
from desk.gate import broker_hours
from feeds.universe.watchlist_file import read_watchlist
from flows.run.environment import Environment, open_environment
from flows.run.preflight import begin_day, bucharest_day
from ibkr.gateway import FullGateway
from ibkr.socket_gateway import open_socket
from tasks.day import silent
from tasks.ingest.candidates import watchlist_content
from tasks.ingest.vendor_staging import fundamentals_vendor

_NOT_LIVE = (
    "this account sees no live data of it; orders can be proposed, none is sent without approval "
    "(subscribe at IBKR, or share the live user's data with the paper user)"
)
STYLES = {"ok": "green", "warn": "yellow", "FAIL": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: str  # ok, warn or FAIL
    what: str
    found: str

    @property
    def failed(self) -> bool:
        """Whether a run would fail over this."""
        return self.verdict == "FAIL"

    def plain(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        return asdict(self)


def run_checks(settings: Settings) -> list[Finding]:
    """Look at everything a run needs, and keep looking after a failure."""
    paths = Paths.of(settings)
    findings = [
        _tried("packages", _packages),
        Finding("ok", "settings", f"valid, mode {settings.mode}, orders: {settings.submit}"),
        _tried("calendar", lambda: _calendar(settings)),
        _tried("disk", lambda: _disk(paths)),
        _tried("journal", lambda: _journal(paths)),
    ]
    if (watchlist := settings.universe.watchlist_file) is not None:
        findings.append(_tried("watch-list", lambda: _watchlist(watchlist)))
    findings.extend(_outside(settings))
    return findings


def render(findings: list[Finding], console: Console) -> None:
    """Print one finding a line."""
    for finding in findings:
        verdict = (f"{finding.verdict:<5}", STYLES[finding.verdict])
        line = Text.assemble(verdict, f"{finding.what:<13} ", finding.found)
        console.print(line, highlight=False, soft_wrap=True)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        found = look()
    except DaybookError as error:
        return Finding("FAIL", what, str(error))
    if found.startswith("warn "):
        return Finding("warn", what, found.removeprefix("warn "))
    return Finding("ok", what, found)


def _outside(settings: Settings) -> Iterator[Finding]:
    try:
        with open_environment(settings, None) as environment:
            yield Finding("ok", "environment", environment.title)
            yield from _gateway(environment)
            yield _tried("fundamentals", lambda: _vendor(environment))
            yield _news(environment)
            yield _slack(environment)
    except DaybookError as error:
        yield Finding("FAIL", "environment", str(error))


def _packages() -> str:
    locked = _locked((ROOT / "requirements.lock").read_text())
    differing = []
    for name, versions in locked.items():
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform, or an extra
        if installed not in versions:
            differing.append(f"{name} {installed} instead of {' or '.join(sorted(versions))}")
    version = ".".join(map(str, sys.version_info[:3]))
    if differing:
        return f"warn python {version}, not as locked: {', '.join(differing[:3])}"
    return f"python {version}, {len(locked)} packages as in requirements.lock"


def _locked(lock: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def _calendar(settings: Settings) -> str:
    today = clock.now().astimezone(BUCHAREST).date()
    trades = is_session(today, exchange=settings.sessions)
    exchange = settings.sessions
    found = (session if trades else next_session)(today, exchange=exchange)
    told = unusual_hours(found, exchange=exchange).replace(" today", " that day")
    return (
        f"{exchange}: {'today' if trades else 'next session'} {found.day:%a %d %b %Y}, "
        f"opens {found.open.astimezone(BUCHAREST):%H:%M} Bucharest{f'; {told}' if told else ''}"
    )


def _disk(paths: Paths) -> str:
    for folder in (paths.data, paths.reports):
        probe = folder / ".probe"
        write_atomically(probe, b"")
        try:
            probe.unlink()
        except OSError as error:
            raise StorageError(f"cannot remove {probe}: {error.strerror}") from error
    return f"{_shown(paths.data)} and {_shown(paths.reports)} can be written"


def _shown(path: Path) -> str:
    home = Path.cwd()
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _watchlist(path: Path) -> str:
    file = read_watchlist(path.name, watchlist_content(path))
    found = f"{count(len(file.entries), 'entry', 'entries')} in {path.name}"
    for line, why in file.unreadable.items():
        lines = count(len(file.unreadable), "line")
        return f"warn {found}; {lines} cannot be read, the first is {line}: {why}"
    return found


def _journal(paths: Paths) -> str:
    if not paths.journal.exists():
        return "warn empty: no entry yet"
    try:
        found = journal.verify(paths.journal, paths.home)
    except JournalError as error:
        raise JournalError(f"{error}; make a copy before anything else") from error
    return f"{count(found.entries, 'entry', 'entries')} verified, latest hash {found.head[:12]}"


def _gateway(environment: Environment) -> Iterator[Finding]:
    try:
        day = begin_day(environment.settings, None, progress=silent)
    except DaybookError as error:
        yield Finding("FAIL", "gateway", str(error))
        yield Finding("warn", "clocks", "not compared: the gateway's time is unknown")
        return
    account = f"account {day.account[:2]}****{day.account[-3:]}"
    yield Finding("ok", "gateway", f"{account}, its clock says {local_moment(day.as_of)}")
    yield _clocks(day.clocks)
    yield from _broker(environment.settings)


def _broker(settings: Settings) -> Iterator[Finding]:
    """Ask for one quote, the bars and the what-if of one stock: what the account is able to do."""
    try:
        with open_socket(settings, for_orders=True) as gateway:
            probes = {probe.name: probe for probe in gateway.health.check().probes}
            hours = _tried("hours", lambda: _hours(gateway, settings))
    except DaybookError as error:
        yield Finding("FAIL", "quote", f"not asked: {error}")
        return
    for name in ("quote", "bars", "what-if"):
        probe = probes[name]
        verdict = "ok" if probe.passed else "FAIL"
        if name == "quote" and probe.passed and not probe.detail.endswith(f", {LIVE}"):
            yield Finding("warn", name, f"{probe.detail}: {_NOT_LIVE}")
        else:
            yield Finding(verdict, name, probe.detail)
    yield hours


def _hours(gateway: FullGateway, settings: Settings) -> str:
    """Hold the broker's hours of today, or of the next session, against the calendar's."""
    exchange, today = settings.sessions, bucharest_day(gateway.server_time())
    active = gateway.market.top_movers(rows=1)["symbol"]
    contracts = gateway.market.resolve(sorted(set(active))).contracts
    if not contracts:
        return "warn not asked: the scans name no stock"
    terms = gateway.market.trading_terms(broker_hours.one_of_each(contracts)).values()
    trades = is_session(today, exchange=exchange)
    found = (session if trades else next_session)(today, exchange=exchange)
    odd = "" if trades else broker_hours.opened(terms, today, exchange=exchange)
    apart = broker_hours.agreed(terms, found, exchange=exchange, unattended=False)
    odd = "; ".join(filter(None, (odd, *(check.detail for check in apart.checks))))
    return f"warn {odd}" if odd else f"the broker's are the calendar's on {found.day}"


def _clocks(found: Clocks | None) -> Finding:
    if found is None or found.tolerance is None:
        return Finding("ok", "clocks", "simulated time, not compared")
    allowed = f"{found.tolerance.total_seconds():g} s allowed (gateway.clock_tolerance)"
    if found.agree:
        return Finding("ok", "clocks", f"{told(found.ahead)} of this computer's, {allowed}")
    return Finding("FAIL", "clocks", f"{told(found.ahead)}, {allowed}: no order can be sent")


def _vendor(environment: Environment) -> str:
    members, _ = fundamentals_vendor(environment.settings).constituents()
    return count(len(members), "index member")


def _news(environment: Environment) -> Finding:
    feeds = len(environment.settings.vendors.news_urls)
    if feeds == 0:
        return Finding("warn", "news", "vendors.news_urls is not set: no sentiment scores")
    return Finding("ok", "news", f"{count(feeds, 'feed')} set")


def _slack(environment: Environment) -> Finding:
    if environment.settings.vendors.slack_webhook is None:
        return Finding("warn", "slack", "vendors.slack_webhook is not set: no review message")
    return Finding("ok", "slack", "a webhook is set")
