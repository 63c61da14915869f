"""The vendors' web application: news, fundamentals, gauges and Slack on one server."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from simulator.clock import VirtualClock
from simulator.market.market import Market
from simulator.prices.market_view import MarketView
from simulator.vendors.archives import fundamentals_archive, gauge_archive
from simulator.vendors.faults import SLACK, Fault, FaultBoard, FaultyAnswers
from simulator.vendors.fmp.endpoints import FinancialModelingPrep
from simulator.vendors.news import COMPANIES, MARKETS, headlines
from simulator.vendors.rss import feed_route
from simulator.vendors.slack import SlackSink


def build_vendors(
    market: Market,
    clock: VirtualClock,
    *,
    fundamentals: Path | None = None,
    macro: Path | None = None,
    seed: int = 0,
    faults: Iterable[Fault] = (),
) -> Starlette:
    """Return the application that serves every vendor as of the virtual clock.

    The same market, files, seed and clock give the same bytes.

    Parameters
    ----------
    market
        Whose constituents the vendors know.
    clock
        Nothing that became known after it is served.
    fundamentals, macro
        Files of real values. Where one is missing the values of a synthetic market are synthetic
        as well; those of a real one are unknown, as are its headlines and earnings dates.
    seed
        Of headlines and of everything synthetic.
    faults
        How the first answers go wrong.

    Raises
    ------
    ConfigurationError
        A file is not there, or a fault is none.
    DataError
        A file is not what it should be.
    """
    view = MarketView(market)
    fmp = FinancialModelingPrep(
        view,
        clock,
        fundamentals=fundamentals_archive(view, fundamentals, seed=seed),
        gauges=gauge_archive(view, macro, seed=seed),
        # Beside real figures a synthetic date would be a lie: such a vendor has no calendar.
        knows_earnings=fundamentals is None,
    )
    stable = fmp.routes()
    # Two feeds, one newsroom: both are asked at the same moment.
    newsroom = lru_cache(maxsize=1)(partial(headlines, view, seed))
    feeds = [
        feed_route(feed, newsroom, clock, is_real=view.is_real, untidy=view.untidy)
        for feed in (MARKETS, COMPANIES)
    ]
    served = [f"/stable{route.path}" for route in stable] + [route.path for route in feeds]
    board = FaultBoard([*served, SLACK], faults)
    return Starlette(
        routes=[
            *feeds,
            Mount("/stable", routes=stable),
            *SlackSink(clock).routes(),
            *board.routes(),
        ],
        middleware=[Middleware(FaultyAnswers, board)],
    )
