"""The day on a terminal, line by line while it runs.

On a terminal a spinner shows what is being done and how far it is; anywhere else (a file, a pipe,
cron's mail) each finished stage is one plain line.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from core.storage.runs import StageRecord
from flows.terminal.console import Terminal
from review.page_parts.stages import stage_line_of
from review.terminal import stage_heading, stage_line


class ConsoleWatcher:
    """Prints the day's progress; quiet when nobody asked to see it."""

    def __init__(self, console: Terminal, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._headed = False

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def begins(self, world: str) -> None:
        """Print what the run talks to."""
        self._line(world)

    def started(self, title: str) -> None:
        """Show that a stage is being done."""
        self._bars.add_task(title, total=None)

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Print a finished stage."""
        for task in self._bars.tasks:
            if task.description == title:
                self._bars.remove_task(task.id)
        if not self._headed:
            self._line(stage_heading())
            self._headed = True
        self._line(stage_line(stage_line_of(record)))

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far a long piece of work is."""
        found = [task for task in self._bars.tasks if task.description == f"  {what}"]
        if not found:
            self._bars.add_task(f"  {what}", total=total, completed=done)
        elif done >= total:
            self._bars.remove_task(found[0].id)
        else:
            self._bars.update(found[0].id, completed=done, total=total)

    def _line(self, text: str) -> None:
        if self._quiet:
            return
        if self._console.is_terminal:
            self._console.print(Text(text))
        else:
            self._console.plain_line(text)
