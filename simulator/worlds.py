"""Which world the settings ask for: a made-up market, or files of real bars and what is beside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from core.settings import SimulatorSettings
from simulator.bars_file import BarsFileMarket
from simulator.market import Market
from simulator.synthetic import SyntheticMarket


@dataclass(frozen=True, slots=True)
class WorldFiles:
    """The files of one world; None where there is none."""

    bars: Path | None
    constituents: Path | None
    etfs: Path | None
    fundamentals: Path | None
    macro: Path | None


def find_files(settings: SimulatorSettings) -> WorldFiles:
    """Return the files that the settings name, or that lie beside the bars.

    Of several files beside the bars the last by name is taken. Raises `ConfigurationError` naming
    every file that is set and does not exist.
    """
    _check_exist(settings)
    bars = settings.bars
    return WorldFiles(
        bars=bars,
        constituents=settings.constituents or _beside(bars, "*constituents*.csv"),
        etfs=_beside(bars, "us_etfs_daily*.parquet"),
        fundamentals=settings.fundamentals or _beside(bars, "*fundamentals*.parquet"),
        macro=settings.macro or _beside(bars, "macro_daily*.parquet"),
    )


def open_market(settings: SimulatorSettings) -> Market:
    """Return the market that the settings ask for: of their bars file, else of their seed.

    Raises `ConfigurationError` for a file that is not there and `DataError` for one that is not
    what it should be.
    """
    files = find_files(settings)
    if files.bars is None:
        return SyntheticMarket(settings.seed, settings.symbols)
    return BarsFileMarket(files.bars, files.constituents, etfs=files.etfs)


def _check_exist(settings: SimulatorSettings) -> None:
    named = {
        name: getattr(settings, name) for name in ("bars", "constituents", "fundamentals", "macro")
    }
    missing = [
        f"simulator.{name} = {path}" for name, path in named.items() if path and not path.is_file()
    ]
    if missing:
        raise ConfigurationError(f"no such file: {'; '.join(missing)}")


def _beside(bars: Path | None, pattern: str) -> Path | None:
    if bars is None:
        return None
    return max((path for path in bars.parent.glob(pattern) if path != bars), default=None)
