"""The market the settings ask for: synthetic, or files of real bars and figures."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from core.canonical import canonical_json, sha256_of, sha256_of_file
from core.errors import ConfigurationError, DataError
from core.path_checks import file_trouble
from core.settings import SimulatorSettings
from simulator.market.market import Market
from simulator.market.synthetic import SyntheticMarket


@dataclass(frozen=True, slots=True)
class MarketFiles:
    """The data files of one market; None where there is none."""

    bars: Path | None
    constituents: Path | None
    etfs: Path | None
    fundamentals: Path | None
    macro: Path | None


def find_files(settings: SimulatorSettings) -> MarketFiles:
    """Return the files that the settings name, or that lie beside the bars.

    Of several files beside the bars the last by name is taken. Raises `ConfigurationError` naming
    every file that is set and cannot be read.
    """
    _check_exist(settings)
    bars = settings.bars
    return MarketFiles(
        bars=bars,
        constituents=settings.constituents or _beside(bars, "*constituents*.csv"),
        etfs=_beside(bars, "us_etfs_daily*.parquet"),
        fundamentals=settings.fundamentals or _beside(bars, "*fundamentals*.parquet"),
        macro=settings.macro or _beside(bars, "macro_daily*.parquet"),
    )


def open_market(settings: SimulatorSettings) -> Market:
    """Return the market that the settings ask for: of their bars file, else of their seed.

    Raises `ConfigurationError` for a file that is not there or not what it should be: whoever
    named it can correct that.
    """
    files = find_files(settings)
    if files.bars is None:
        return SyntheticMarket(settings.seed, settings.symbols)
    # Imported late: a synthetic market starts without Arrow.
    from simulator.market.bars_file import BarsFileMarket  # noqa: PLC0415

    try:
        return BarsFileMarket(
            files.bars,
            files.constituents,
            etfs=files.etfs,
            assumed_spread=settings.assumed_spread,
        )
    except DataError as error:
        raise ConfigurationError(str(error)) from error


def unknown_of(files: MarketFiles) -> tuple[str, ...]:
    """Name what nobody knows of the companies; nothing in a synthetic market."""
    if files.bars is None:
        return ()
    absent = [what for what, path in _sources(files).items() if path is None]
    return ("news", *absent, "earnings dates")


def describe(market: Market, files: MarketFiles) -> str:
    """Say in one line what a market is made of: what is real, what is unknown, what is assumed."""
    if market.assumed_spread is None:
        return market.title
    parts = [f"{what} from {path.name}" for what, path in _sources(files).items() if path]
    parts.append(f"unknown, in no file: {', '.join(unknown_of(files))}")
    spread = f"{1e4 * market.assumed_spread:g} bp"
    parts.append(f"assumed: quotes {spread} wide around the last price, every share to borrow")
    return "; ".join([market.title, *parts])


def _sources(files: MarketFiles) -> dict[str, Path | None]:
    """Return the file of each kind of vendor data beside the bars."""
    return {
        "fundamentals": files.fundamentals,
        "macro": files.macro,
        "sectors": files.constituents,
    }


def data_id(files: MarketFiles) -> str:
    """Name the content of every file of a market of real bars; empty for a synthetic one."""
    if files.bars is None:
        return ""
    hashes = [None if path is None else sha256_of_file(path) for path in astuple(files)]
    return sha256_of(canonical_json(hashes))[:12]


def _check_exist(settings: SimulatorSettings) -> None:
    named = {
        name: getattr(settings, name) for name in ("bars", "constituents", "fundamentals", "macro")
    }
    wrong = [
        f"simulator.{name} = {path} is {trouble}"
        for name, path in named.items()
        if path is not None and (trouble := file_trouble(path))
    ]
    if wrong:
        raise ConfigurationError("; ".join(wrong))


def _beside(bars: Path | None, pattern: str) -> Path | None:
    if bars is None:
        return None
    return max((path for path in bars.parent.glob(pattern) if path != bars), default=None)
