"""Where everything of one mode and one session lives. One root per mode: worlds never mix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one mode under the home folder."""

    home: Path
    mode: str

    @classmethod
    def of(cls, settings: Settings) -> Paths:
        """Return the paths of these settings."""
        return cls(home=settings.home.resolve(), mode=settings.mode.value)

    @property
    def data(self) -> Path:
        """Artefacts of this mode."""
        return self.home / "data" / self.mode

    @property
    def reports(self) -> Path:
        """What people read of this mode."""
        return self.home / "reports" / self.mode

    def staging(self, day: date, name: str) -> Path:
        """Return where a raw payload of one day is."""
        return self.data / "staging" / day.isoformat() / name

    def table(self, kind: str, day: date) -> Path:
        """Return where one table of one day is, for example ``features/2026-06-15.parquet``."""
        return self.data / kind / f"{day.isoformat()}.parquet"

    def record(self, kind: str, day: date) -> Path:
        """Return where one JSON record of one day is, for example ``positions/2026-06-15.json``."""
        return self.data / kind / f"{day.isoformat()}.json"

    def ticket(self, day: date) -> Path:
        """Return where the order ticket of one day is."""
        return self.reports / f"order_ticket_{day.isoformat()}.json"

    def page(self, day: date) -> Path:
        """Return where the page of one day is."""
        return self.reports / f"{day.isoformat()}.html"

    @property
    def journal(self) -> Path:
        """The sealed decision log."""
        return self.data / "decision_log"

    @property
    def world(self) -> Path:
        """What the simulator keeps between runs."""
        return self.data / "simulator"
