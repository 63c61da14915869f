from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest

from core.settings import Mode
from core.storage.artefacts import Artefact
from core.types import OrderStatus, Side
from review.day import (
    Check,
    DayPage,
    Headline,
    OrderLine,
    Outcome,
    Override,
    Quality,
    Risk,
    Stage,
    SymbolLine,
    Unit,
    WhatIfLine,
)
from review.verdict import Verdict
from risk.figures import Figures, Measured
from tests.review.standings import a_standing

NAMES = ("MSFT", "XOM", "TSLA", "JPM", "NVDA", "KO", "PFE", "CAT", "UNH", "T", "GE", "AMD")


def symbols_of(size):
    """Build a universe of a given size; every third symbol is held."""
    lines = []
    for n in range(size):
        symbol = NAMES[n] if n < len(NAMES) else f"SY{n:03d}"
        technical = ((n * 37) % 101 - 50) / 110
        fundamental = ((n * 53) % 89 - 44) / 160
        sentiment = ((n * 71) % 61 - 30) / 170 if n % 4 else None
        lines.append(
            SymbolLine(
                symbol=symbol,
                weight_before=((n * 29) % 70 - 10) / 1000 if n % 3 == 0 else 0.0,
                weight_after=((n * 17) % 90 - 15) / 1000 if n % 3 == 0 or n % 7 == 0 else 0.0,
                alpha=technical + fundamental + (sentiment or 0.0),
                technical=technical,
                fundamental=fundamental,
                sentiment=sentiment,
            )
        )
    return tuple(lines)


def orders_of(size):
    return tuple(
        OrderLine(
            side=Side.SELL if n % 3 == 1 else Side.BUY,
            symbol=NAMES[n] if n < len(NAMES) else f"SY{n:03d}",
            quantity=20 * (n + 1),
            limit_price=431.2 / (n + 1),
            weight_before=0.044 if n % 3 == 1 else 0.031,
            weight_after=0.016 if n % 3 == 1 else 0.072,
            alpha=0.64 - 0.1 * n,
            adv_share=0.0002 * (n + 1),
            margin_change=12_940.0 - 5_000 * (n % 3),
            value=8_624.0,
            flag="sized down 20 %" if n == 2 else "",
        )
        for n in range(size)
    )


CHECKS = (
    Check(name="Gross exposure", value=1.08, limit=1.2, passed=True, unit=Unit.MULTIPLE),
    Check(name="Change of gross exposure", value=0.14, limit=1.2, passed=True, unit=Unit.MULTIPLE),
    Check(name="VaR 95 %, historical", value=0.0131, limit=0.03, passed=True),
    Check(name="Largest weight", value=0.1175, limit=0.12, passed=True, detail="NVDA"),
    Check(name="Order in ADV", value=0.006, limit=0.10, passed=True, detail="XOM"),
    Check(name="Cash", value=0.06, limit=0.05, passed=True, at_least=True),
)

STAGES = (
    ("ingest", 21.4, 702, 698, "4 symbols without bars: BRK B, BF B, …"),
    ("signals", 3.2, 698, 698, "13 technical, 10 fundamental, 3 sentiment features"),
    ("snapshot", 0.3, None, 31, "31 positions"),
    ("optimise", 8.8, 698, 46, "optimal (clarabel), gross 1.08"),
    ("overlay", 0.2, 46, 45, "1 override"),
    ("gate", 0.1, 45, 45, "6/6 passed"),
    ("what-if", 4.0, 12, 12, "1 sized down 20 % (TSLA)"),
    ("orders", 0.1, 12, 12, "waiting for review"),
    ("journal", 0.2, 26, 26, "sealed 3f9a51c2"),
)


DAY = DayPage(
    session=date(2026, 6, 15),
    mode=Mode.SIM,
    account="DU1234345",
    currency="USD",
    net_asset_value=1_012_345.67,
    as_of=datetime(2026, 6, 15, 11, 26, tzinfo=UTC),
    opens_at=datetime(2026, 6, 15, 13, 30, tzinfo=UTC),
    finish_line=datetime(2026, 6, 15, 13, 15, tzinfo=UTC),
    standing=a_standing(Verdict.PROPOSED, orders=12),
    run_id="2026-06-15-sim-9f3ce1",
    code_version="4c5d2a91",
    settings_hash="77ab01cd22ef",
    risk=Risk(
        after=Figures(
            gross=1.08,
            net=0.06,
            cash=0.42,
            turnover=0.098,
            value_at_risk=Measured(0.0131, "parametric"),
            expected_shortfall=Measured(0.0187, "historical"),
            volatility=0.0081,
            passed=6,
            checks=6,
        ),
        gross_before=0.94,
        gross_limit=1.2,
        cash_limit=0.05,
        expected_return=0.00042,
    ),
    world="synthetic market, seed 7, 250 symbols",
    orders=orders_of(12),
    checks=CHECKS,
    binding=(
        "NVDA and MSFT are at the single-name limit of 12 %.",
        "The cash buffer of 5 % holds back 0.9 % of net asset value.",
    ),
    symbols=symbols_of(120),
    overrides=(
        Override(
            symbol="PFE",
            reason="sentiment -2.9 is below the floor of -2.5",
            weight_before=0.031,
            weight_after=0.0,
            headlines=(
                Headline(
                    title="FDA rejects Pfizer's application, asks for another trial",
                    source="Example Newswire",
                    published=datetime(2026, 6, 15, 9, 12, tzinfo=UTC),
                    polarity=-0.84,
                ),
                Headline(title="Pfizer shares slump before the bell", source="Market Feed"),
            ),
        ),
    ),
    quality=(
        Quality(what="symbols without a quote", affected=3, of=702,
                consequence="priced at the previous close", examples=("BRK B", "BF B", "HEI")),
        Quality(what="symbols without bars", affected=0, of=702),
        Quality(what="stale fundamentals", affected=31, of=698,
                consequence="older than 7 days, kept and flagged",
                examples=tuple(NAMES)),
    ),
    what_ifs=(
        WhatIfLine(symbol="MSFT", side=Side.BUY, quantity=120, quantity_after=120,
                  outcome=Outcome.KEPT, margin_change=12_940.0, commission=1.2),
        WhatIfLine(symbol="TSLA", side=Side.BUY, quantity=100, quantity_after=80,
                  outcome=Outcome.SIZED_DOWN, margin_change=11_200.0, commission=1.0,
                  reason="initial margin above equity with loan"),
        WhatIfLine(symbol="GME", side=Side.BUY, quantity=500, quantity_after=0,
                  outcome=Outcome.REMOVED, reason="201: order rejected, no shorting"),
    ),
    stages=tuple(
        Stage(number=n, name=name, seconds=seconds, rows_in=rows_in, rows_out=rows_out, note=note)
        for n, (name, seconds, rows_in, rows_out, note) in enumerate(STAGES, start=1)
    ),
    artefacts=tuple(
        Artefact(f"data/sim/{kind}/2026-06-15.parquet", f"{n:064x}", kind, 698)
        for n, kind in enumerate(("features", "scores", "targets"))
    ),
)  # fmt: skip


@pytest.fixture
def a_day():
    """Build a full day; each test changes only what it is about."""

    def made(*, verdict=Verdict.PROPOSED, why="", **changes):
        orders = changes.get("orders", DAY.orders)
        states = [line.status.value for line in orders if line.status is not None]
        lost = [line.symbol for line in orders if line.status is OrderStatus.UNCERTAIN]
        found = a_standing(verdict, states, orders=len(orders), why=why, uncertain=tuple(lost))
        day = dataclasses.replace(DAY, standing=found, **changes)
        passed = len(day.checks) - len(day.failed_checks)
        after = dataclasses.replace(day.risk.after, passed=passed, checks=len(day.checks))
        return dataclasses.replace(day, risk=dataclasses.replace(day.risk, after=after))

    return made


@pytest.fixture
def some_orders():
    """Build any number of orders."""
    return orders_of


@pytest.fixture
def some_symbols():
    """Build a universe of any size."""
    return symbols_of
