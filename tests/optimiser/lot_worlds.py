"""Accounts whose targets are to be rounded, and what whole shares make of them."""

import math

from hypothesis import strategies as st

from core.money import Price, Rates
from optimiser.lots.lot_sizes import Listing, round_lot
from optimiser.lots.share_portfolio import PortfolioLimits
from optimiser.lots.whole_lots import Sizing, target_quantities

NAV = 1_000_000.0
NEAR = 1e-9


def rounded(weights, prices, current, limits, *, even=True, band=0.002, least=0.0, frozen=()):
    return target_quantities(
        weights,
        listings={i: Listing(Price(price, "USD")) for i, price in prices.items()},
        current=current,
        sizing=Sizing(
            net_asset_value=NAV,
            rates=Rates("USD"),
            even_lots=even,
            no_trade_band=band,
            min_trade_value=least,
        ),
        limits=limits,
        frozen=frozen,
    )


def measured(weights, held, limits):
    """Every sum that has a limit, written down a second time."""
    longs = sum(w for w in weights.values() if w > 0)
    shorts = -sum(w for w in weights.values() if w < 0)
    sums = {
        "gross": longs + shorts,
        "cash": longs - shorts if limits.cash_mode == "net" else longs,
        "single": max(map(abs, weights.values())),
    }
    if limits.max_net is not None:
        sums |= {"net long": longs - shorts, "net short": shorts - longs}
    if limits.max_turnover is not None:
        sums["turnover"] = sum(abs(w - held.get(i, 0.0)) for i, w in weights.items())
    for group in limits.max_group:
        sums[f"group {group}"] = sum(
            abs(w) for i, w in weights.items() if limits.groups.get(i) == group
        )
    if limits.beta_range is not None:
        beta = sum(limits.betas[i] * w for i, w in weights.items())
        sums |= {"least beta": -beta, "most beta": beta}
    return sums


def allowed(limits):
    caps = {"gross": limits.max_gross, "cash": 1 - limits.cash_buffer, "single": limits.max_single}
    if limits.max_net is not None:
        caps |= {"net long": limits.max_net, "net short": limits.max_net}
    if limits.max_turnover is not None:
        caps["turnover"] = limits.max_turnover
    caps |= {f"group {group}": cap for group, cap in limits.max_group.items()}
    if limits.beta_range is not None:
        caps |= {"least beta": -limits.beta_range[0], "most beta": limits.beta_range[1]}
    return caps


def weights_of(quantities, prices):
    return {i: n * prices[i] / NAV for i, n in quantities.items()}


def broken_by(quantities, target, prices, current, limits):
    """Which limits these positions break although the target kept them; or break further."""
    held, now = weights_of(current, prices), weights_of(quantities, prices)
    after, wanted = measured(now, held, limits), measured(target, held, limits)
    caps = allowed(limits)
    most = caps.pop("single")  # which holds for each name by itself
    return {n for n in caps if after[n] > max(caps[n], wanted[n]) + NEAR} | {
        f"single {i}" for i, w in now.items() if abs(w) > max(most, abs(target[i])) + NEAR
    }


# Built once: to build a strategy takes hypothesis longer than to draw from it.
SIDES = st.integers(0, 3)
WEIGHT = st.floats(-0.12, 0.12).map(lambda w: round(w, 6)) | st.just(0.0)
PRICE = st.floats(0.5, 5_000.0)
HELD = (  # anywhere, at the target, or just beyond it
    st.floats(-0.15, 0.15).map(lambda held: lambda _: held)
    | st.just(lambda target: target)
    | st.just(lambda target: 1.02 * target)
)
YES = st.booleans()
GROUP = st.sampled_from("ab")
BETA = st.floats(-0.5, 2.5)
CASH = st.sampled_from(["net", "ex_short_proceeds"])
# 1: the target stands exactly at the limit; less: it breaks it.
TIGHT = st.sampled_from([0.9, 1.0, 1.0, 1.01, 1.2])
SLACK = st.sampled_from([0.0, 0.001, 0.05])
GIVEN = st.none() | st.just(True)  # noqa: FBT003 - a limit that there is, or none


@st.composite
def worlds(draw, most=6):
    """Targets that reach some limits and break others, with holdings that may be anywhere."""
    n = draw(st.integers(1, most))
    target = {i: draw(WEIGHT) for i in range(n)}
    prices = {i: round(draw(PRICE), 2) for i in target}
    current = {i: int(draw(HELD)(w) * NAV / prices[i]) for i, w in target.items() if draw(YES)}
    held = weights_of(current, prices)
    groups = {i: draw(GROUP) for i in target if draw(SIDES)}
    betas = {i: round(draw(BETA), 2) for i in target}
    some = PortfolioLimits(
        max_single=0.12, max_gross=1.2, cash_buffer=0.05, groups=groups, betas=betas,
        max_group={"a": 1.0, "b": 1.0}, max_net=4.0, max_turnover=4.0, beta_range=(-1.0, 1.0),
        cash_mode=draw(CASH),
    )  # fmt: skip
    at = measured(target, held, some)
    beta, slack = at["most beta"], draw(SLACK)

    def maybe(limit):
        return limit if draw(GIVEN) else None

    limits = PortfolioLimits(
        max_single=max(0.01, at["single"] * draw(TIGHT)),
        max_gross=max(0.01, at["gross"] * draw(TIGHT)),
        cash_buffer=1.0 - max(0.001, at["cash"] * draw(TIGHT)),
        cash_mode=some.cash_mode,
        max_net=maybe(abs(at["net long"]) * draw(TIGHT)),
        max_turnover=maybe(at["turnover"] * draw(TIGHT)),
        groups=groups,
        max_group={g: at[f"group {g}"] * draw(TIGHT) for g in "ab" if draw(YES)},
        betas=betas,
        beta_range=maybe((beta - slack, beta + slack)),
    )
    return target, prices, current, limits


def reachable(target, price, held, *, even):
    """All positions that rounding one name may end at."""
    ideal = target * NAV / price
    if target == 0.0:
        return {0}
    lot = round_lot(price) if even else 1
    sign = 1 if ideal > 0 else -1
    start = max(held * sign, 0)
    steps = math.floor((ideal * sign - start) / lot + NEAR)
    lots = {sign * max(start + steps * lot, 0), sign * (start + (steps + 1) * lot)}
    return lots | {held, math.floor(ideal), math.ceil(ideal)}
