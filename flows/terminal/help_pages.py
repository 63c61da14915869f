"""Help pages as plain text, with the commands in groups.

typer's own pages need rich, which takes longer to import than everything else that a help page
needs. Without it typer writes plain pages, except for the groups.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class HelpGroup(TyperGroup):
    """A group of commands whose help lists them by the panel that each was registered with."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the commands, each with the whole first sentence of its help."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                summary = command.get_short_help_str(limit=1000)
                panels.setdefault(panel, []).append((name, summary))
        # All panels in the columns of the longest name.
        width = max(len(name) for rows in panels.values() for name, _ in rows)
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in rows])
