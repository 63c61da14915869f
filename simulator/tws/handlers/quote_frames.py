"""A quote as the frames of one request: kind of data, ticks, option models, generic ticks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.calendar import session
from simulator.faults.quote_faults import faulted_quote
from simulator.instruments.black_scholes import Greeks
from simulator.prices.market_view import phase
from simulator.prices.option_model import computation, implied_at
from simulator.prices.quotes import Quote
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import market_data as frames
from simulator.tws.messages.market_data import DataType, Tick
from simulator.tws.permissions import DELAYED_INSTEAD, Served
from simulator.tws.queries.generic_ticks import DELAYED_TICKS, Statistics
from simulator.tws.queries.subscriptions import QuoteSubscription, quote_of

DELAY = timedelta(minutes=15)  # of delayed data
SHOWING_DELAYED = Served(DataType.DELAYED, DELAYED_INSTEAD)
NEWS_TICK = 292


def send_ticks(
    client: ClientSession, request_id: int, subscription: QuoteSubscription, *, with_notice: bool
) -> None:
    """Send what is known of a market by the clock. Raises `RequestRefused` without permission.

    ``with_notice`` says why delayed data come instead of live ones, as TWS does once.
    """
    gateway, now = client.gateway, client.gateway.clock.now()
    served = gateway.permissions.served(subscription.symbol, client.data_type)
    fault = gateway.faults.of_symbol("quotes", subscription.symbol)
    if fault is not None and fault.kind == "delayed":
        served = SHOWING_DELAYED
    if with_notice and served.notice is not None:
        client.error(request_id, *served.notice)
    data_type = _served(served.data_type, open_now=phase(now).running is not None)
    instrument = gateway.view.instrument(subscription.con_id)
    client.send(
        frames.market_data_type(request_id, data_type),
        frames.tick_parameters(request_id, instrument.min_tick),
    )
    known = quote_of(gateway.view, subscription, _moment(data_type, now))
    if known is None:
        return
    known = faulted_quote(known, fault)
    client.send(*_ticks(request_id, known, data_type))
    halted = fault is not None and fault.kind == "halted"
    # Where the bars are real nobody knows that a name was not halted.
    if halted or (subscription.generic_ticks and not gateway.view.is_real):
        number = Tick.HALTED.number(data_type)
        client.send(frames.tick_generic(request_id, number, 1.0 if halted else 0.0))
    if instrument.sec_type == "OPT" and not subscription.legs:
        client.send(*_computations(client, request_id, subscription, known, data_type))
    client.send(*_generic_ticks(client, request_id, subscription, data_type))


def _served(asked: DataType, *, open_now: bool) -> DataType:
    """Return the kind of data TWS gives: frozen kinds only differ while the market is closed."""
    if not open_now:
        return asked
    return {DataType.FROZEN: DataType.LIVE, DataType.DELAYED_FROZEN: DataType.DELAYED}.get(
        asked, asked
    )


def _moment(data_type: DataType, now: datetime) -> datetime:
    """Return when a quote of this kind was made: now, the last close, 15 minutes ago."""
    if data_type in {DataType.FROZEN, DataType.DELAYED_FROZEN}:
        return session(phase(now).last_complete).close
    return now - DELAY if data_type.is_delayed else now


def _ticks(request_id: int, known: Quote, data_type: DataType) -> Iterator[bytes]:
    prices = (
        (Tick.BID, known.bid, known.bid_size),
        (Tick.ASK, known.ask, known.ask_size),
        (Tick.LAST, known.last, 100),
        (Tick.CLOSE, known.close, 0),
        (Tick.OPEN, known.open, 0),
        (Tick.HIGH, known.high, 0),
        (Tick.LOW, known.low, 0),
    )
    for tick, price, size in prices:
        if price is not None:
            yield frames.tick_price(request_id, tick.number(data_type), price, size)
    if known.volume is not None:
        yield frames.tick_size(request_id, Tick.VOLUME.number(data_type), known.volume)


def _computations(
    client: ClientSession,
    request_id: int,
    subscription: QuoteSubscription,
    known: Quote,
    data_type: DataType,
) -> Iterator[bytes]:
    """Yield the model at the bid, the ask, the last price and as TWS itself values the option."""
    view, moment = client.gateway.view, _moment(data_type, client.gateway.clock.now())
    model = computation(view, subscription.con_id, moment)
    if model is None:
        return
    for tick, price in (
        (Tick.BID_COMPUTATION, known.bid),
        (Tick.ASK_COMPUTATION, known.ask),
        (Tick.LAST_COMPUTATION, known.last),
    ):
        implied = implied_at(view, subscription.con_id, moment, price=price)
        yield _computation(request_id, tick.number(data_type), implied, price, model.underlying)
    number = Tick.MODEL_COMPUTATION.number(data_type)
    at_model = model.volatility, model.greeks
    yield _computation(request_id, number, at_model, model.greeks.price, model.underlying)


def _computation(
    request_id: int,
    number: int,
    found: tuple[float, Greeks] | None,
    price: float,
    underlying: float,
) -> bytes:
    volatility, greeks = found or (None, None)
    return frames.tick_computation(
        request_id, number, volatility=volatility, price=price if price > 0 else None,
        greeks=greeks, underlying=underlying,
    )  # fmt: skip


def _generic_ticks(
    client: ClientSession, request_id: int, subscription: QuoteSubscription, data_type: DataType
) -> Iterator[bytes]:
    gateway, now = client.gateway, client.gateway.clock.now()
    wanted = subscription.generic_ticks
    if data_type.is_delayed:
        wanted &= DELAYED_TICKS
    if not wanted:
        return
    figures = gateway.vendor_facts.figures(now).get(subscription.symbol) if 258 in wanted else None
    instrument = gateway.view.instrument(subscription.con_id, now)
    yield from Statistics(gateway.view, instrument, now, figures).frames(request_id, wanted)
    if NEWS_TICK in wanted:
        for story in gateway.news.of(instrument, now)[:1]:
            yield frames.tick_news(
                request_id, epoch_ms=int(story.published.timestamp() * 1000),
                provider=story.provider, article=story.article_id, headline=story.headline,
            )  # fmt: skip
