"""What the tools of the catalogue need from the layers above: an environment, a day, a story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any

from agent.client_lock import one_at_a_time
from agent.context import ToolContext
from agent.dispatch import Dispatcher
from core.settings import Mode, Settings, Submit
from core.storage.paths import Paths
from flows.run.environment import open_environment
from flows.run.halt import StopReport, stop
from flows.run.session import open_session
from flows.terminal.console import Terminal
from flows.terminal.lazy import lazy
from ibkr.socket_gateway import open_socket
from review.execution import ExecutionReport

if TYPE_CHECKING:
    from flows.commands import day as day_command
    from flows.commands import why
    from flows.run import day as day_run
    from flows.run import execution, runner
    from flows.terminal import day_progress
    from tasks.record import day_page as page
else:  # the stages take seconds to import, and most tools need none of them
    day_command = lazy("flows.commands.day")
    why = lazy("flows.commands.why")
    day_run = lazy("flows.run.day")
    execution = lazy("flows.run.execution")
    runner = lazy("flows.run.runner")
    day_progress = lazy("flows.terminal.day_progress")
    page = lazy("tasks.record.day_page")


class ToolServices:
    """The services of these settings, as `agent.context.Services` wants it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @contextmanager
    def environment(self, ticket: str | None) -> Iterator[Settings]:
        """Open what the settings talk to; an embedded simulator lives for the block."""
        with self._turn():
            if ticket is None:
                with open_environment(self._settings, None) as environment:
                    yield environment.settings
            else:
                with open_session(self._settings, ticket) as opened:
                    yield opened.environment.settings

    def why(self, symbol: str, session: date | None) -> Mapping[str, Any]:
        """Return a symbol's way through a day."""
        return why.explain(self._settings, symbol, session)

    def dry_day(self, session: date | None, *, fresh: bool) -> Mapping[str, Any]:
        """Run a day that only proposes, whatever the settings say of sending."""
        threads = runner.Threads()
        try:
            with (
                self._turn(),
                day_progress.ConsoleWatcher(Terminal(stderr=True), quiet=True) as watcher,
            ):
                outcome = day_run.run_session(
                    self._settings.model_copy(update={"submit": Submit.PROPOSE}),
                    session,
                    start=threads,
                    watch=watcher,
                    resume="call dry_day again",
                    progress=watcher.progress,
                    fresh=fresh,
                )
        finally:
            threads.close()
        return day_command.summary(outcome, page.day_page(outcome.day, outcome.records))

    def execute(self, sha256: str) -> ExecutionReport:
        """Send what a person approved."""
        with self._turn():
            return execution.execute(self._settings, sha256)

    def stop(self, *, by: str, reason: str, reducing: bool) -> StopReport:
        """Turn the kill switch at once: it does not wait for a turn."""
        return stop(self._settings, by=by, reason=reason, reducing=reducing)

    def _turn(self) -> Any:
        if self._settings.mode is not Mode.SIM or self._settings.gateway.port is not None:
            return nullcontext()
        # Two embedded simulators cannot share one ledger.
        return one_at_a_time(Paths.of(self._settings).data / "agent" / "world.lock")


def dispatcher_of(settings: Settings) -> Dispatcher:
    """Return the way to call the tools that these settings allow."""
    services = ToolServices(settings)
    return Dispatcher(
        settings,
        lambda caller: ToolContext(settings, caller, services=services, open_gateway=open_socket),
    )
