"""The console that tables, colours and progress are printed on."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from flows.terminal.output import shown


class Terminal(Console):
    """A console whose styles are its own and whose text is safe."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render with every piece of text made visible; rich's own control codes pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))

    def plain_line(self, text: str) -> None:
        """Write a line that no width breaks, for files and pipes."""
        self.file.write(shown(text) + "\n")
        self.file.flush()
