"""Expirations, chains and greeks, against a gateway that misbehaves on purpose."""

from datetime import date

import pytest

from core.errors import ConfigurationError, DataError, NoData
from core.types import Contract
from ibkr.market.market_data import MarketData
from ibkr.options.chain import AmbiguousClass, ChainQuery, nearest
from ibkr.options.quotes import greeks_of
from ibkr.options.tools import OptionTools
from ibkr.wire.messages import Computed
from tests.ibkr.fake_gateway import DETAILS, QUOTE, error
from tests.ibkr.market_answers import OPTIONS, an_option, classes, greeks, option_class

AAPL = Contract(265598, "AAPL")
SEPTEMBER = date(2026, 9, 18)
STRIKES = (190, 195, 200, 205)


def four_strikes(gateway, fields):
    """Answer with a call and a put at each strike, or at the one that was asked for."""
    made = [
        an_option(fields[2], con_id=int(strike) * 10 + offset, strike=strike, right=right)
        for strike in STRIKES
        for offset, right in enumerate("CP")
        if fields[8] in {"", right} and float(fields[7]) in {0.0, float(strike)}
    ]
    gateway.say(*made, [52, 1, fields[2]])


def quoted(gateway, fields):
    """A quote for the stock at 200; for an option a delta that falls with the strike."""
    request, con_id = fields[2], int(fields[3])
    if con_id == AAPL.con_id:
        ticks = [[1, 1, request, 1, 199.9, 100, 0], [1, 1, request, 2, 200.1, 100, 0]]
    else:
        delta = 0.5 - (con_id // 10 - 200) / 50 - (1.0 if con_id % 10 else 0.0)
        ticks = [[1, 1, request, 1, 4.0, 10, 0], [1, 1, request, 2, 4.4, 10, 0],
                 greeks(request, delta=delta)]  # fmt: skip
    gateway.say(*ticks, [57, 1, request])


@pytest.fixture
def options(connected):
    def make(**answers):
        plain = {OPTIONS: classes(option_class), DETAILS: four_strikes, QUOTE: quoted}
        gateway, connection = connected(plain | answers)
        return gateway, OptionTools(connection, MarketData(connection))

    return make


def test_expirations_and_strikes_are_dates_and_numbers_sorted(options):
    told = {"expirations": ("20260918", "20260717"), "strikes": (200, 190.5)}
    _, tools = options(**{OPTIONS: classes(lambda r: option_class(r, **told))})
    (found,) = tools.listings(AAPL)
    assert found.expirations == (date(2026, 7, 17), SEPTEMBER)
    assert found.strikes == (190.5, 200.0)
    assert (found.multiplier, found.underlying) == (100.0, 265598)


def test_a_stock_without_options_is_an_error_that_says_so(options):
    _, tools = options(**{OPTIONS: classes()})
    with pytest.raises(NoData, match=r"AAPL .* has no listed options"):
        tools.listings(AAPL)


def test_a_chain_is_one_question_for_a_whole_expiration(options):
    gateway, tools = options()
    found = tools.chain(AAPL, ChainQuery(SEPTEMBER))
    assert [(one.terms.strike, one.terms.right) for one in found[:3]] == [
        (190.0, "C"), (190.0, "P"), (195.0, "C"),
    ]  # fmt: skip
    assert len(found) == 8
    (asked,) = gateway.asked(DETAILS)
    assert asked[4:11] == ["AAPL", "OPT", "20260918", "0.0", "", "100", "SMART"]
    assert asked[14] == "AAPL"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (ChainQuery(SEPTEMBER, "C"), 4),
        (ChainQuery(SEPTEMBER, "P", 200.0), 1),
        (ChainQuery(SEPTEMBER, strike_above=195.0, strike_below=200.0), 4),
        (ChainQuery(SEPTEMBER, "C", trading_class="AAPL", exchange="SMART"), 4),
    ],
)
def test_every_filter_of_a_chain_keeps_what_it_says(options, query, count):
    _, tools = options()
    assert len(tools.chain(AAPL, query)) == count


def test_a_wrong_expiry_names_the_nearest_ones(options):
    _, tools = options()
    with pytest.raises(NoData, match="expire on 2026-09-11; the nearest: 2026-07-17, 2026-09-18"):
        tools.chain(AAPL, ChainQuery(date(2026, 9, 11)))


def test_a_wrong_strike_names_the_nearest_ones(options):
    gateway, tools = options()
    with pytest.raises(NoData, match="has no strike 201; the nearest: 190, 195, 200, 205"):
        tools.chain(AAPL, ChainQuery(SEPTEMBER, strike=201.0))
    assert not gateway.asked(DETAILS)


def test_no_strike_within_the_bounds_is_an_error(options):
    _, tools = options()
    with pytest.raises(NoData, match="no option at calls, strikes from 300"):
        tools.chain(AAPL, ChainQuery(SEPTEMBER, "C", strike_above=300.0))


def test_several_trading_classes_come_as_candidates(options):
    both = [option_class, lambda r: option_class(r, trading_class="AAPLW")]
    _, tools = options(**{OPTIONS: classes(*both)})
    with pytest.raises(AmbiguousClass, match="AAPL at SMART, multiplier 100; AAPLW") as told:
        tools.chain(AAPL, ChainQuery(SEPTEMBER))
    assert [one.trading_class for one in told.value.candidates] == ["AAPL", "AAPLW"]
    assert tools.chain(AAPL, ChainQuery(SEPTEMBER, trading_class="AAPL"))


def test_the_class_that_has_the_expiry_is_the_one_that_is_meant(options):
    weekly = lambda r: option_class(r, trading_class="AAPLW", expirations=("20260925",))  # noqa: E731
    _, tools = options(**{OPTIONS: classes(option_class, weekly)})
    assert tools.chain(AAPL, ChainQuery(SEPTEMBER))


def test_an_exchange_without_options_names_those_that_have_them(options):
    _, tools = options()
    with pytest.raises(NoData, match="at CBOE; there are: AAPL at SMART"):
        tools.chain(AAPL, ChainQuery(SEPTEMBER, exchange="CBOE"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (ChainQuery(SEPTEMBER, strike=float("nan")), "strike = nan"),
        (ChainQuery(SEPTEMBER, strike_above=-1.0), "strike_above = -1"),
        (ChainQuery(SEPTEMBER, strike_above=9.0, strike_below=8.0), "strikes from 9 to 8"),
        (ChainQuery(SEPTEMBER, trading_class="A\0"), "not printable"),
    ],
)
def test_a_chain_that_cannot_be_meant_is_refused_before_the_wire(options, query, said):
    gateway, tools = options()
    with pytest.raises(ConfigurationError, match=said):
        tools.chain(AAPL, query)
    assert not gateway.asked(OPTIONS)


@pytest.mark.parametrize(
    "change", [{"multiplier": "?"}, {"strikes": (190, 0)}, {"expirations": ("soon",)}]
)
def test_a_listing_that_cannot_be_read_is_an_error(options, change):
    _, tools = options(**{OPTIONS: classes(lambda r: option_class(r, **change))})
    with pytest.raises(DataError, match="options of AAPL"):
        tools.listings(AAPL)


@pytest.mark.parametrize("strikes_told", [3, 5])
def test_a_list_of_strikes_shorter_than_announced_is_an_error_not_a_shorter_list(
    options, strikes_told
):
    def answer(gateway, fields):
        short = option_class(fields[1])
        short[-5] = strikes_told
        gateway.say(short, [76, fields[1]])

    _, tools = options(**{OPTIONS: answer})
    with pytest.raises(Exception, match="cannot be read"):
        tools.listings(AAPL)


# Greeks


def test_greeks_are_those_of_the_model(options):
    _, tools = options()
    (found,) = tools.quotes(tools.chain(AAPL, ChainQuery(SEPTEMBER, "C", 200.0))).quotes
    assert (found.greeks.delta, found.greeks.gamma) == (0.5, 0.02)
    assert (found.mid, found.greeks.underlying_price) == (4.2, 200.0)


@pytest.mark.parametrize("field", ["delta", "gamma", "vega", "theta"])
def test_a_greek_that_was_not_computed_is_not_known(field):
    plain = {"delta": 0.5, "gamma": 0.02, "vega": 0.11, "theta": -0.05}
    told = plain | {field: -2.0}
    found = greeks_of(
        Computed(13, 0.25, told["delta"], 4.2, 0.0, told["gamma"], told["vega"], told["theta"], 200)
    )
    assert getattr(found, field) is None
    assert all(getattr(found, other) is not None for other in plain if other != field)


def test_an_option_without_a_price_still_has_its_greeks_and_the_other_way_round(options):
    def answer(gateway, fields):
        if fields[3] == "2000":
            gateway.say(greeks(fields[2]), [57, 1, fields[2]])
        else:
            gateway.say([1, 1, fields[2], 9, 3.3, 0, 0], [57, 1, fields[2]])

    _, tools = options(**{QUOTE: answer})
    found = tools.quotes(tools.chain(AAPL, ChainQuery(SEPTEMBER, strike=200.0))).quotes
    assert (found[0].market, found[0].greeks.delta) == (None, 0.5)
    assert (found[1].market.close, found[1].greeks.delta) == (3.3, None)


def test_an_option_that_nobody_bids_for_keeps_its_ask(options):
    def answer(gateway, fields):
        request = fields[2]
        sides = [[1, 1, request, 1, -1, 0, 0], [1, 1, request, 2, 0.05, 10, 0]]
        gateway.say(*sides, greeks(request, delta=0.01), [57, 1, request])

    _, tools = options(**{QUOTE: answer})
    (found,) = tools.quotes(tools.chain(AAPL, ChainQuery(SEPTEMBER, "C", 200.0))).quotes
    assert (found.market.bid, found.market.ask, found.mid) == (None, 0.05, None)
    assert found.greeks.delta == 0.01


def test_an_option_that_says_nothing_is_missing_and_sinks_no_other(options):
    def answer(gateway, fields):
        if fields[3] == "2000":
            gateway.say([1, 1, fields[2], 1, -1, 0, 0], [57, 1, fields[2]])
        elif fields[3] == "2050":
            gateway.say(error(fields[2], 354, "not subscribed"))
        else:
            quoted(gateway, fields)

    _, tools = options(**{QUOTE: answer})
    found = tools.quotes(tools.chain(AAPL, ChainQuery(SEPTEMBER, "C")))
    assert [one.details.terms.strike for one in found.quotes] == [190.0, 195.0]
    assert "neither a price nor greeks" in found.missing[2000]
    assert "354" in found.missing[2050]


# Live filters


def test_a_chain_near_the_price_keeps_the_strikes_around_it(options):
    gateway, tools = options()
    found = tools.chain_near_price(AAPL, ChainQuery(SEPTEMBER, "C"), within=0.025)
    assert [one.details.terms.strike for one in found.quotes] == [195.0, 200.0, 205.0]
    assert found.underlying.mid == 200.0
    assert len(gateway.asked(QUOTE)) == 1 + 3


def test_a_chain_by_delta_keeps_calls_and_puts_of_that_delta(options):
    _, tools = options()
    found = tools.chain_by_delta(AAPL, ChainQuery(SEPTEMBER), low=0.3, high=0.45)
    kept = {
        (q.details.terms.strike, q.details.terms.right, round(q.greeks.delta, 2))
        for q in found.quotes
    }
    assert kept == {(205.0, "C", 0.4), (195.0, "P", -0.4), (190.0, "P", -0.3)}


def test_an_unknown_delta_never_passes_a_range(options):
    def answer(gateway, fields):
        if fields[3] == "2000":
            gateway.say([1, 1, fields[2], 9, 3.3, 0, 0], greeks(fields[2], delta=-2.0),
                        [57, 1, fields[2]])  # fmt: skip
        else:
            quoted(gateway, fields)

    _, tools = options(**{QUOTE: answer})
    found = tools.chain_by_delta(AAPL, ChainQuery(SEPTEMBER, "C"), low=0.0, high=1.0)
    assert 2000 not in {one.details.contract.con_id for one in found.quotes}
    assert "no delta" in found.missing[2000]


def test_no_live_price_is_an_error_not_a_chain_around_zero(options):
    def answer(gateway, fields):
        gateway.say([1, 1, fields[2], 1, -1, 0, 0], [57, 1, fields[2]])

    _, tools = options(**{QUOTE: answer})
    with pytest.raises(NoData, match="no bid and ask"):
        tools.chain_near_price(AAPL, ChainQuery(SEPTEMBER), within=0.1)


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.5), (-0.1, 0.5), (0.1, 1.1), (float("nan"), 1)])
def test_a_range_of_deltas_that_is_none_is_refused_before_the_wire(options, low, high):
    gateway, tools = options()
    with pytest.raises(ConfigurationError, match="is not a range within 0 and 1"):
        tools.chain_by_delta(AAPL, ChainQuery(SEPTEMBER), low=low, high=high)
    assert not gateway.asked(OPTIONS)


@pytest.mark.parametrize("within", [0.0, -0.1, 1.5, float("nan"), float("inf")])
def test_a_distance_that_is_no_fraction_is_refused_before_the_wire(options, within):
    gateway, tools = options()
    with pytest.raises(ConfigurationError, match="not a fraction"):
        tools.chain_near_price(AAPL, ChainQuery(SEPTEMBER), within=within)
    assert not gateway.asked(OPTIONS)


def test_the_nearest_values_are_few_and_in_their_own_order():
    assert nearest(range(100), by=lambda value: abs(value - 42)) == [40, 41, 42, 43, 44]
    assert nearest([1.0, 9.0], by=lambda value: abs(value - 8)) == [1.0, 9.0]
