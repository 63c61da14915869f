"""Targets of several currencies become shares at the rates the account page states."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from core.calendar import sessions_between
from core.errors import DataError
from core.storage.runs import StageRecord
from core.tables import BARS, FEATURES, QUOTES, UNIVERSE
from core.types import Contract, Side
from core.types.sought import Sought
from desk.gate.portfolio_gate import weights_after
from signals.bar_quality import judge_bars
from tasks.decide.targets import Targets
from tasks.ingest.candidates import Candidate
from tasks.ingest.earnings import EarningsResult
from tasks.ingest.features import FeaturesResult
from tasks.ingest.ingested import Ingested
from tasks.ingest.market import MarketResult
from tasks.ingest.news import NewsResult
from tasks.ingest.universe import UniverseResult, universe_table
from tests.tasks.a_day import MONDAY, a_day, a_position, a_snapshot

LONDON = Contract(1, "VOD", currency="GBP", primary_exchange="LSE", price_magnifier=100)
TOKYO = Contract(2, "7203", currency="JPY", primary_exchange="TSEJ", min_tick=1.0, lot=100)
NEW_YORK = Contract(3, "ABC", primary_exchange="NYSE")
PRICES = {1: 80.0, 2: 3_000.0, 3: 50.0, 4: 200.0}  # pence, yen, dollars, euros
RATES = {"GBP": 1.25, "JPY": 0.0064, "USD": 1.0}


@pytest.fixture
def day(tmp_path):
    return a_day(tmp_path)


def ingested_of(day, contracts=(LONDON, TOKYO, NEW_YORK)):
    found = universe_table([(Candidate(Sought(c.symbol), "holding"), c) for c in contracts])
    columns = {column.name: None for column in FEATURES.columns}
    known = {"headlines_24h": 0, "bar_count": 250}
    features = pd.DataFrame(
        [
            {**columns, **known, "con_id": c.con_id, "symbol": c.symbol,
             "price": PRICES[c.con_id], "previous_close": PRICES[c.con_id]}
            for c in contracts
        ]
    )  # fmt: skip
    sessions = sessions_between(MONDAY - timedelta(days=120), MONDAY - timedelta(days=3))
    bars = pd.DataFrame(
        {"con_id": c.con_id, "symbol": c.symbol, "session": on, "volume": 1e6 + n,
         **dict.fromkeys(("open", "high", "low", "close"), PRICES[c.con_id] * (1 + n % 3 / 100))}
        for c in contracts
        for n, on in enumerate(sessions)
    )  # fmt: skip
    quotes = quotes_of(day, bars)
    return Ingested(
        universe=StageRecord(
            "universe", UniverseResult(), {"universe": day.stage("universe", found, UNIVERSE)}
        ),
        market=StageRecord(
            "market",
            MarketResult(quality=sound(day, found, quotes, bars)),
            {"bars": day.stage("bars", bars, BARS), "quotes": day.stage("quotes", quotes, QUOTES)},
        ),
        news=StageRecord("news", NewsResult()),
        earnings=StageRecord("earnings", EarningsResult()),
        features=StageRecord(
            "features", FeaturesResult(), {"features": day.write("features", features, FEATURES)}
        ),
    )


def quotes_of(day, bars):
    last = bars.groupby("con_id").agg({"symbol": "last", "close": "last"}).reset_index()
    prices = dict.fromkeys(("bid", "ask", "last"), last["close"])
    return last.assign(**prices, as_of=day.as_of, volume=1e6, source="live", halted=False)


def sound(day, found, quotes, bars):
    quality = judge_bars(found, quotes, bars, as_of=day.as_of, settings=day.settings.quality)
    assert quality.findings == ()
    return quality.figures(found)


def targets(**weights):
    rows = {
        1: weights.get("london", 0.0),
        2: weights.get("tokyo", 0.0),
        3: weights.get("york", 0.0),
    }
    return pd.DataFrame({"weight": rows, "price": {con_id: PRICES[con_id] for con_id in rows}})


def targets_of(day, table, ingested, snapshot):
    return Targets(day=day, ingested=ingested, table=table, account=snapshot)


def rounded(day, table, ingested, snapshot, halted=()):
    return targets_of(day, table, ingested, snapshot).lots(halted)


def test_pence_and_yen_are_worth_what_the_account_page_says(day):
    # Of 100,000 dollars: 8,000 at 80 pence = 1 dollar are 8,000 shares; 6,000 at 3,000 yen =
    # 19.20 dollars are 312.5, in hundreds 300; 5,000 at 50 dollars are 100.
    ingested = ingested_of(day)
    snapshot = a_snapshot(rates=RATES)
    table = targets(london=0.08, tokyo=0.06, york=0.05)
    lots = rounded(day, table, ingested, snapshot)
    assert lots.quantities == {1: 8_000, 2: 300, 3: 100}
    assert lots.weights == pytest.approx({1: 0.08, 2: 0.0576, 3: 0.05})
    worth = targets_of(day, table, ingested, snapshot).worth
    assert worth == pytest.approx({1: 1.0, 2: 19.2, 3: 50.0})
    # An order's limit price stays in the units of its market.
    orders = targets_of(day, table, ingested, snapshot).orders(lots.quantities, {})
    prices = {order.symbol: order.limit_price for order in orders}
    assert prices == {"VOD": 80.8, "7203": 3_030.0, "ABC": 50.5}


def test_a_currency_without_a_rate_stops_the_day_and_is_named(day):
    with pytest.raises(DataError, match="the rate of JPY in USD is not known"):
        rounded(day, targets(tokyo=0.06), ingested_of(day), a_snapshot(rates={"GBP": 1.25}))


def test_an_account_in_euros_buys_dollars_at_their_rate(day):
    # 8,000 euros of 100,000 are 9,600 dollars: 192 shares at 50, which is nearer to 200 than 100.
    snapshot = a_snapshot(currency="EUR", rates={"EUR": 1.0, "USD": 1.0 / 1.2})
    table = targets(york=0.08).loc[[3]]
    lots = rounded(day, table, ingested_of(day, [NEW_YORK]), snapshot)
    assert lots.quantities == {3: 200}
    assert lots.weights[3] == pytest.approx(200 * 50.0 / 1.2 / 100_000.0)


def test_a_holding_outside_the_universe_stays_and_counts_at_its_value(day):
    held = a_position(con_id=2, symbol="7203", quantity=100.0, market_price=3_000.0,
                      market_value=1_920.0, currency="JPY")  # fmt: skip
    snapshot = a_snapshot(held, rates=RATES)
    table = targets(london=0.08, tokyo=0.0)
    lots = rounded(day, table, ingested_of(day, [LONDON, NEW_YORK]), snapshot)
    assert lots.quantities == {1: 8_000, 2: 100, 3: 0}
    assert lots.weights[2] == pytest.approx(0.0192)
    assert lots.skipped == {2: "a change of -1.92% cannot be traded"}


def test_what_is_halted_is_not_traded_whatever_its_weight_says(day):
    snapshot = a_snapshot(a_position(con_id=3, quantity=100.0, market_value=5_000.0), rates=RATES)
    lots = rounded(day, targets(york=0.0), ingested_of(day), snapshot, halted=[3])
    assert lots.quantities[3] == 100


def test_sales_come_before_purchases_in_the_orders(day):
    snapshot = a_snapshot(a_position(con_id=3, quantity=100.0, market_value=5_000.0), rates=RATES)
    ingested, table = ingested_of(day), targets(london=0.08, tokyo=0.06)
    lots = rounded(day, table, ingested, snapshot)
    orders = targets_of(day, table, ingested, snapshot).orders(lots.quantities, {})
    assert [(o.side, o.symbol) for o in orders] == [
        (Side.SELL, "ABC"), (Side.BUY, "7203"), (Side.BUY, "VOD"),
    ]  # fmt: skip


def test_what_survives_the_rehearsal_is_weighed_in_the_base_currency(day):
    # Of the batch only 6,000 shares at 80 pence and the sale are kept: 6 % bought, 5 % sold.
    snapshot = a_snapshot(a_position(con_id=3, quantity=100.0, market_value=5_000.0), rates=RATES)
    ingested, table = ingested_of(day), targets(london=0.08, tokyo=0.06)
    lots = rounded(day, table, ingested, snapshot)
    orders = targets_of(day, table, ingested, snapshot).orders(lots.quantities, {})
    kept = [replace(o, quantity=6_000) if o.symbol == "VOD" else o for o in orders]
    prices = targets_of(day, table, ingested, snapshot).worth
    weights = weights_after([o for o in kept if o.symbol != "7203"], snapshot, prices)
    assert weights == pytest.approx({1: 0.06, 3: 0.0})


@pytest.mark.parametrize(
    ("setting", "wanted", "kept"),
    [
        ({"max_turnover": 0.05}, {"york": 0.05}, {"max_turnover": 0.05}),
        ({"max_net": 0.05}, {"york": 0.05}, {"max_net": 0.05}),
        ({"max_unknown_sector": 0.05}, {"york": 0.05}, {"max_group": {"unknown": 0.05}}),
        ({"min_beta": -0.5, "max_beta": 0.7}, {"york": 0.05}, {"beta_range": (-0.5, 0.7)}),
    ],
)
def test_rounding_keeps_the_limits_of_the_settings(tmp_path, setting, wanted, kept):
    day = a_day(tmp_path, limits=setting)
    found = targets_of(day, None, ingested_of(day), None).limits({1, 2, 3})
    for name, value in kept.items():
        assert getattr(found, name) == value
    assert found.betas == pytest.approx({1: 1.0, 2: 1.0, 3: 1.0})  # they all move alike
    lots = rounded(day, targets(**wanted), ingested_of(day), a_snapshot(rates=RATES))
    assert lots.broken == {}


def test_without_a_history_there_is_no_beta_to_round_by(day):
    found = targets_of(day, None, ingested_of(day, [NEW_YORK]), None).limits({1, 3})
    assert found.beta_range is None
    assert found.groups == {1: "unknown", 3: "unknown"}
