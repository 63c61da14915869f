"""How far a replay is: one bar, in sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from core.text.counts import count
from flows.terminal.console import Terminal


class _SessionBar:
    """A bar on a terminal; elsewhere a line at the beginning and the end."""

    def __init__(self, bars: Progress, console: Terminal) -> None:
        self._bars, self._console = bars, console
        self._task = bars.add_task("sessions", total=None)
        self._begun = False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._begun:
            self._begun = True
            kept = f", {done} of them cached" if done else ""
            self._console.print(f"replay of {count(total, what.removesuffix('s'))}{kept}")
            # Sessions done before say nothing about how fast this run is.
            self._bars.reset(self._task, total=total, completed=done)
        self._bars.update(self._task, completed=done)


@contextmanager
def session_progress(console: Terminal, *, quiet: bool) -> Iterator[_SessionBar]:
    """Show a bar for the length of the block; nothing when ``quiet``."""
    shown = Terminal(quiet=True) if quiet else console
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    ) as bars:
        yield _SessionBar(bars, shown)
