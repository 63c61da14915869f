"""What the last decision knew of the market: sectors, and the mean return of its universe.

A single order is judged on the few names that it and the account have; how the market moved, and
which sector a name is in, the day's universe tells.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import DataError
from core.settings import Settings
from core.storage.paths import Paths

KIND = "reference"
FRESH = timedelta(days=10)  # beyond it, too few of its days are those of the bars asked for now
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.r(\d+))?\.json")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The market as a whole. Nothing is known of it before the first decision."""

    market: pd.Series[float] | None = None  # daily returns of the universe's mean, by day
    sectors: Mapping[int, str] = field(default_factory=dict)


def record_of(market: pd.Series[float], sectors: Mapping[int, str]) -> dict[str, Any]:
    """Return a reference as plain JSON values."""
    known = {str(day): float(value) for day, value in market.items() if math.isfinite(value)}
    return {"market": known, "sectors": {str(name): sectors[name] for name in sorted(sectors)}}


def newest(settings: Settings, *, until: date) -> Reference:
    """Return what the last decision up to a session wrote down, unless it is too old.

    Raises `DataError` when that cannot be read.
    """
    path = _newest(Paths.of(settings).data / KIND, until)
    if path is None:
        return Reference()
    try:
        record = json.loads(path.read_bytes())
        moves = {date.fromisoformat(day): float(move) for day, move in record["market"].items()}
        sectors = {int(name): str(sector) for name, sector in record["sectors"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path.parent.name}/{path.name} cannot be read ({error!r}): run the day again"
        ) from error
    return Reference(pd.Series(moves, dtype=float, name=f"the mean of {path.stem[:10]}"), sectors)


def _newest(folder: Path, until: date) -> Path | None:
    dated = [
        (date.fromisoformat(match[1]), int(match[2] or 1), path)
        for path in folder.glob("*.json")
        if (match := _NAME.fullmatch(path.name))
    ]
    found = max((each for each in dated if until - FRESH <= each[0] <= until), default=None)
    return found[2] if found else None
