"""The list of all days, newest first: one HTML file beside the pages it links to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.settings import Mode
from review.page import environment
from review.verdict import TABLE, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """One day in the list."""

    session: date
    mode: Mode
    verdict: Verdict
    href: str  # the day's page, relative to the index
    run_id: str
    orders: int
    failed_checks: int = 0
    gross_after: float | None = None
    var_95: float | None = None
    net_asset_value: float | None = None
    currency: str = ""

    @property
    def tone(self) -> str:
        """How much attention the day asks for."""
        return TABLE[self.verdict].tone


def render_index(days: Sequence[IndexLine]) -> bytes:
    """Return the page that lists all days, UTF-8; several runs of a day by run id."""
    newest_first = sorted(days, key=lambda line: (line.session, line.run_id), reverse=True)
    return environment().get_template("index.html.j2").render(days=newest_first).encode()
