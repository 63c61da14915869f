"""The kill switch, pulled: nothing more leaves, and what works at the broker is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import clock
from core.errors import DaybookError
from core.settings import Settings
from core.storage.paths import Paths
from desk import kill_switch as switch
from desk.errors import DeskHeld
from desk.kill_switch import KillSwitch, TradingState
from desk.records.store import DeskStore
from flows.terminal.lazy import lazy

if TYPE_CHECKING:
    from desk.orders.cancellation import Cancellation
    from flows.run import cancelling
    from flows.run.cancelling import Tell
    from review import alert
else:  # the kill switch does not wait for the broker's side to be imported
    cancelling = lazy("flows.run.cancelling")
    alert = lazy("review.alert")

HELD_SECONDS = 5.0  # for the desk's file, before it is said what is waited for


@dataclass(frozen=True, slots=True)
class StopReport:
    """Where the switch stands, and what became of the orders that worked."""

    switch: KillSwitch
    cancellation: Cancellation | None  # None: the broker could not be asked
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """0 when the broker, asked again, shows no working order of ours."""
        return 0 if self.cancellation is not None and self.cancellation.flat else 1


def stop(
    settings: Settings,
    *,
    by: str,
    reason: str,
    reducing: bool = False,
    tell: Tell | None = None,
) -> StopReport:
    """Turn the switch first, then cancel every working order of ours, then ask what still works.

    The switch holds whatever happens afterwards: when the broker cannot be asked, ``problem``
    says why. When this returns without one, no order that was under way is still to leave.
    ``tell`` hears, a line at a time, what is being waited for. With it the switch is tried until
    it turns; without it `DeskHeld` is raised when another program holds the desk's file for long.
    """

    def turn(store: DeskStore) -> KillSwitch:
        return switch.stop(store, by=by, reason=reason, now=clock.now(), reducing=reducing)

    turned = _turned(settings, turn, tell)
    with DeskStore.of(Paths.of(settings)) as store:
        try:
            return StopReport(turned, cancelling.cancel_open_orders(settings, store, tell))
        except DaybookError as error:
            return StopReport(turned, None, problem=str(error))


def _turned(
    settings: Settings, turn: Callable[[DeskStore], KillSwitch], tell: Tell | None
) -> KillSwitch:
    """Turn the switch, however long another program holds the desk's file.

    Whoever sends asks the same file before each order, so none leaves while it cannot be had.
    """
    paths = Paths.of(settings)
    if tell is None:
        with DeskStore.of(paths) as store:
            return turn(store)
    while True:
        try:
            with DeskStore.of(paths, patience=HELD_SECONDS) as store:
                return turn(store)
        except DeskHeld as error:
            tell(f"NOT HALTED YET, retrying (Ctrl-C gives up): {error}")


def stop_lines(report: StopReport, settings: Settings) -> list[str]:
    """Return the report as plain lines; the commands in it are for the mode of the settings."""
    again = alert.with_mode("daybook stop", settings)
    to_end = alert.with_mode("daybook resume --by NAME", settings)
    turned = report.switch
    allowed = (
        "orders may only reduce positions"
        if turned.state is TradingState.REDUCING
        else "trading is halted: no order is sent"
    )
    lines = [f"{turned.state.upper()} by {turned.by}: {allowed}; to resume trading: {to_end}"]
    found = report.cancellation
    if found is None:
        return [*lines, f"open orders were NOT cancelled: {report.problem}",
                f"once that is fixed: {again}"]  # fmt: skip
    lines += [f"problem: {problem}" for problem in found.problems]
    if found.flat:
        return [*lines, f"{len(found.asked)} cancelled; the broker lists no open order of ours"]
    names = ", ".join(state.symbol for state in found.still_working)
    return [
        *lines,
        f"NOT CANCELLED: orders in {names} are still open at the broker; cancel them in TWS",
    ]
