"""Local vendors over HTTP: news, fundamentals, gauges and Slack, as of the virtual clock.

``build_vendors`` returns the application, ``Fault`` tells it to fail. What is served:

- ``/rss/markets.xml``, ``/rss/companies.xml``: RSS 2.0, headlines of the past 72 hours; ETag.
- ``/stable/...`` in the shape of Financial Modeling Prep's stable API, with ``apikey``:
  ``sp500-constituent``, ``batch-quote``, ``ratios-ttm-bulk``, ``key-metrics-ttm-bulk``,
  ``scores-bulk``, ``income-statement-growth-bulk`` (CSV), ``treasury-rates`` and
  ``historical-price-eod/light``. Money in USD, ratios and yields of companies as fractions,
  treasury yields in percent a year. Prices are those of the last closed session.
- ``POST /slack/{token}``, ``GET /slack/messages``: an incoming webhook and what it got.
- ``POST /vendors/fault``: how the next answers of a path go wrong.
"""

from __future__ import annotations

from simulator.vendors.app import build_vendors
from simulator.vendors.faults import Fault

__all__ = ["Fault", "build_vendors"]
